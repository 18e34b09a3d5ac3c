"""The clean-up of prompts, by the published pairs and by what it promises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import golden

from mdm_adapter.models.kimodo.text import clean_prompt

PAIRS = json.loads(golden("kimodo_sanitize.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("prompt", "wanted"), PAIRS)
def test_published_pairs(prompt: str, wanted: str) -> None:
    assert clean_prompt(prompt) == wanted


def test_oddities_are_kept() -> None:
    assert clean_prompt("he walks 3.5 m") == "He walks 3. 5 m."
    assert clean_prompt("stop!!") == "Stop! !"


@given(st.text(max_size=60))
def test_a_sentence_has_no_loose_ends(prompt: str) -> None:
    cleaned = clean_prompt(prompt)
    if not prompt.strip():
        assert cleaned == ""
    else:
        assert cleaned == " ".join(cleaned.split())
        assert cleaned[-1] in ".!?"
