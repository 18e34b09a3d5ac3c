"""One thread for the evaluation's tests: their networks are tiny, waiting for busy cores is what costs."""

import pytest


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """For every test here."""
