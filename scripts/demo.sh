#!/usr/bin/env bash
# Text in, motion out, from a fresh clone: demo.sh "A person walks forward, then waves, then bows." [more options]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
prompt="${1:-A person walks forward, then kicks with the right foot, then does a cartwheel, then waves with the left hand, then sits down.}"
[ $# -gt 0 ] && shift
bash "$root/scripts/setup.sh"
"$root/.venv/bin/motioncollage" generate "$prompt" --out out --force "$@"
echo "look at out/contact_sheet.png and out/motion.mp4"
