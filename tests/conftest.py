"""Make the helpers beside this file importable under importlib import mode, and the commands' fixtures known to all."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["command_fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many cases `test_fuzz.py` tries; its own number, and always the same cases, by default."""
    parser.addoption("--cases", type=int, default=0, help="cases of each fuzzed rule, others each time")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch with one thread, for what several would make slower or round otherwise."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
