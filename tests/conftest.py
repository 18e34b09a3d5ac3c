"""Make the helpers beside this file importable under importlib import mode, and the commands' fixtures known to all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["command_fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many cases `test_fuzz.py` tries; its own number, and always the same cases, by default."""
    parser.addoption("--cases", type=int, default=0, help="cases of each fuzzed rule, others each time")
