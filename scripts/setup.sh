#!/usr/bin/env bash
# Make .venv and install the package into it: setup.sh [EXTRAS]. Sourced by demo.sh and test.sh; quick when nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extras="${1:-}"
python="${PYTHON:-python3}"

if [ ! -x .venv/bin/python ]; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "motioncollage needs Python 3.10 or newer; set PYTHON=/path/to/python3" >&2
        exit 2
    }
    "$python" -m venv .venv
fi
stamp=".venv/installed-$(cat setup.py constraints.txt | cksum | cut -d' ' -f1)-${extras:-base}"
if [ ! -e "$stamp" ]; then
    echo "installing dependencies into .venv (once; about two minutes) ..." >&2
    # The CPU build of PyTorch first, so that nothing pulls in gigabytes of CUDA; with a GPU install your own build.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".${extras:+[$extras]}"
    touch "$stamp"
fi
