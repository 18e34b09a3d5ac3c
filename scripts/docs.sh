#!/usr/bin/env bash
# Build the documentation site into out/site, from this folder alone: docs.sh [sphinx-build options]. Warnings are errors;
# motions are made by the bundled model, once, and kept in out/site-parts. Needs no network once packages are installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh "${EXTRAS:-docs}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" HF_HUB_OFFLINE=1
.venv/bin/python -m sphinx --fail-on-warning --keep-going --quiet -b html -d out/site-parts/doctrees "$@" docs out/site
echo "look at out/site/index.html"
