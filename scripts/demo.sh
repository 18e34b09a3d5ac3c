#!/usr/bin/env bash
# Text in, motion out, from a fresh clone: demo.sh "A person walks forward, then waves, then bows." [more options]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
prompt="${1:-A person walks forward, then waves with the right hand, then runs forward, then bows.}"
[ $# -gt 0 ] && shift
bash "$root/scripts/setup.sh"
"$root/.venv/bin/motioncollage" generate "$prompt" --out out --force "$@"
echo "look at out/contact_sheet.png and out/motion.mp4"
