"""What is put right before the grammar: chat, slips, frames, names of clips; and what is no English."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_adapter.prompts.cleanup import tidy
from mdm_adapter.prompts.english import check_english, correction, is_known
from mdm_adapter.prompts.segments import hard_segments
from mdm_adapter.prompts.verbs import MOTION_VERBS, inflect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plz make him jump", "he jump"),
        ("can you make a man walk then sit", "a man walks then sit"),
        ("I want someone to wave", "someone wave"),
        ("an animation of a cat sitting", "a cat sitting"),
        ("have a rest, then have her wave", "have a rest, then she wave"),
        ("make a turn", "make a turn"),
        ("draw a circle in the air", "draw a circle in the air"),
        ("walk n then wave", "walk and then wave"),
        ("RUN AND JUMP", "run and jump"),
        ("walk \N{RUNNER} then run", "walk then run"),
        ("starts by walking and ends with a bow", "walking, then a bow"),
        ("after that, he sits", "then he sits"),
        ("he should sit", "he sit"),
        ("spin x3", "spin 3 times"),
        ("run jump sit", "run, jump, sit"),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text, []) == expected


def test_slips_are_put_right_and_told() -> None:
    notes: list[str] = []
    assert tidy("a persn wlaks foward", notes) == "a person walks forward"
    assert notes == ["'persn' read as 'person'", "'wlaks' read as 'walks'", "'foward' read as 'forward'"]


@pytest.mark.parametrize(
    "word", ["alice", "naruto", "ginga", "yeets", "griddy", "kamehameha", "tendu", "iaido", "plié"]
)
def test_words_that_are_no_slips(word: str) -> None:
    assert correction(word) == ""


@settings(max_examples=200)
@given(st.sampled_from(MOTION_VERBS), st.sampled_from(["s", "ing"]), st.data())
def test_two_swapped_letters_are_put_back(base: str, form: str, data: st.DataObject) -> None:
    word = inflect(base, form)  # type: ignore[arg-type]
    if not word.isalpha() or len(word) < 6:
        return
    i = data.draw(st.integers(1, len(word) - 2))
    slip = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if slip != word and not is_known(slip):
        assert correction(slip) != ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("idle_02, run_fwd, hit_react", ["stand idle", "run forward", "react to a hit"]),
        ("WalkForward, TurnLeft", ["walk forward", "turn left"]),
        ("turn_right_90 -> jump_land", ["turn right 90 degrees", "land from a jump"]),
        ("walk_to_run", ["go from walking to running"]),
        ("1. walk 2. sit", ["walk", "sit"]),
        ("Step one, walk. Step two, sit.", ["walk.", "sit."]),
        ("walk -> sit; stand\n- jump", ["walk", "sit", "stand", "jump"]),
        ('"walk" then "sit"', ["walk", "sit"]),
        ("[walk] [sit]", ["walk", "sit"]),
        ("a person walks\nforward", ["a person walks forward"]),
    ],
)
def test_segments(text: str, expected: list[str]) -> None:
    assert hard_segments(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "un hombre camina y luego salta",
        "ein Mann läuft und springt dann",
        "une personne marche puis elle saute",
        "un uomo cammina e poi si siede",
        "uma pessoa anda e depois acena",
        "een man loopt naar de deur en zwaait",
        "en person går framåt och vinkar",
        "człowiek idzie do przodu i macha",
        "人が歩く",
        "человек идёт",
        "رجل يمشي",
    ],
)
def test_other_languages_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="English only") as caught:
        check_english(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "a persn wlaks foward n then jmps ovr teh wall",
        "yeets the ball, dabs, flosses",
        "naruto run",
        "a capoeirista does a ginga and a meia lua",
        "pas de deux, then a plié",
        "el paso dance",
        "die, then rise",
        "Bjørn and Zoë waltz",
        "salsa",
        "ok",
        "T-pose",
    ],
)
def test_odd_english_is_read(text: str) -> None:
    check_english(text)
