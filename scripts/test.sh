#!/usr/bin/env bash
# Set up .venv and run the tests, slow ones too: test.sh [pytest options], such as test.sh -m "not slow".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh "${EXTRAS:-test}"
# Two workers on two cores: one thread each, or they wait for each other.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
exec .venv/bin/python -m pytest -n 2 --dist loadfile "$@"
