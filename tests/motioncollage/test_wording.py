"""Words of messages."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motioncollage.wording import LONGEST_MESSAGE, plural, reason, shown


@given(st.text() | st.text(alphabet="\x1b[31m\u202e\x00\n a", min_size=500))
def test_any_value_is_a_line_that_a_terminal_only_shows(value: str) -> None:
    line = shown(value)
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert len(line) <= LONGEST_MESSAGE


def test_both_ends_stay() -> None:
    assert shown("begin " + "x " * 5000 + "remedy").endswith("remedy")
    assert shown("begin " + "x " * 5000 + "remedy").startswith("begin")
    assert shown("\x1b[31mred") == "\\x1b[31mred"
    assert shown("walk é 行く 🕺") == "walk é 行く 🕺"
    assert len(shown("y" * 10_000)) < 200


@pytest.mark.parametrize(
    "advice",
    [
        "Object arrays cannot be loaded when allow_pickle=False",
        "Weights only load failed. Re-running `torch.load` with `weights_only` set to `False` will likely succeed",
    ],
)
def test_no_advice_to_load_unsafely_is_passed_on(advice: str) -> None:
    assert reason(ValueError(advice)) == "it holds more than plain numbers and text, which is never loaded"
    assert reason(ValueError("bad\ncrc")) == "bad crc"
    assert reason(EOFError()) == "EOFError"


def test_singular_and_plural() -> None:
    assert [plural(n, "piece") for n in (0, 1, 2000)] == ["0 pieces", "1 piece", "2,000 pieces"]
    assert plural(2, "foot", "feet") == "2 feet"


def test_what_python_says_of_our_code_is_no_reason() -> None:
    assert reason(KeyError("betas")) == "'betas' is missing"
    assert (
        reason(TypeError("f() got an unexpected keyword argument 'x'"))
        == "it holds something else than it should"
    )
