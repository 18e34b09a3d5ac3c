"""Where the tests find their data: small fixtures in the repository, large ones beside it (skipped when absent)."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FIXTURES = REPOSITORY / "tests" / "fixtures"
SHARED = REPOSITORY.parent / "shared"


def golden(name: str) -> Path:
    """Path of a golden fixture: the copy in the repository, else the one beside it, else the test is skipped."""
    for folder in (FIXTURES, SHARED / "golden"):
        if (folder / name).exists():
            return folder / name
    pytest.skip(f"fixture {name} is too large for the repository and ../shared is absent")


def shared(*parts: str) -> Path:
    """Path below ../shared, or the test is skipped where that folder is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is absent")
    return path
