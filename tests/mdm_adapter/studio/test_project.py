"""Project files from anybody: what they say comes through, everything else is one line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.studio.project import (
    FORMAT,
    Block,
    Document,
    Project,
    Span,
    Take,
    read_document,
    read_project,
)

WALK = Block("walk", "a person walks", 0.0, 4.0)
WAVE = Block("wave", "a person waves", 4.0, 3.0, transition=0.5)
TAKE = Take(
    "t-0", "t", 1, 7, "0123456789abcdef" * 2, "free", "everything", (Span("walk", "a person walks", 0, 80),)
)
PROJECT = Project(
    Document("Two", "walk, wave", (WALK, WAVE), loop="free", points=None, place=(1.0, 2.0)), (TAKE,), 3
)


def written(project: Project = PROJECT, **changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(project.to_json())), **changes}


def test_a_project_comes_back_as_it_was() -> None:
    assert read_project(written()) == PROJECT


def test_which_take_is_worked_on() -> None:
    takes = tuple(
        Take(f"{b}-{i}", b, 1, 0, TAKE.motion, "none", "", ()) for b in ("one", "two") for i in (0, 1)
    )
    chosen = Project(Document(chosen="one-1"), takes).chosen
    latest = Project(Document(chosen="gone"), takes).chosen
    assert chosen is takes[1]
    assert latest is takes[2]
    assert Project().chosen is None


DOCUMENT = written()["document"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "another"}, "no project"), ({"format": None}, "no project"), ({"version": 2}, "update"),
        ({"version": "1"}, "version"), ({"more": 1}, "'more' is unknown"), ({"takes": {}}, "a list"),
        ({"takes": [1]}, "takes\\[0\\] is no object"), ({"takes": [{"id": "a", "batch": "b"}]}, "motion is missing"),
        ({"takes": [written()["takes"][0]] * 2}, "two takes"),
        ({"takes": [{**written()["takes"][0], "motion": "../../../etc/passwd".ljust(32, "x")}]}, "is no motion"),
        ({"takes": [{**written()["takes"][0], "id": "../x"}]}, "is no name"),
        ({"document": {**DOCUMENT, "blocks": [{"id": "a", "text": " \x00 "}]}}, "no words"),
        ({"document": {**DOCUMENT, "blocks": [{"id": "A/..", "text": "walks"}]}}, "is no name"),
        ({"document": {**DOCUMENT, "blocks": [DOCUMENT["blocks"][0]] * 2}}, "two blocks"),
        ({"document": {**DOCUMENT, "blocks": [{"id": "a", "text": "w", "seconds": 1e300}]}}, "seconds is"),
        ({"document": {**DOCUMENT, "blocks": [{"id": "a", "text": "w", "clip": "x"}]}}, "is no motion"),
        ({"document": {**DOCUMENT, "loop": "spiral"}}, "loop is"), ({"document": {**DOCUMENT, "count": 5}}, "count is"),
        ({"document": {**DOCUMENT, "place": [1, "2"]}}, "is no place"),
        ({"document": {**DOCUMENT, "points": [[0, 0], [1, 1]]}}, "points and a place"),
        ({"document": {**DOCUMENT, "turn": 0}}, "turn is 0"),
        ({"document": {**DOCUMENT, "blocks": [DOCUMENT["blocks"][0]] * 201}}, "length of document.blocks"),
    ],
)  # fmt: skip
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal, match=said) as refusal:
        read_project(written(**changes))
    assert "\n" not in str(refusal.value)


def test_control_characters_are_dropped() -> None:
    document = read_document(
        {"title": "a\u202eb\x07", "blocks": [{"id": "a", "text": "he\u0000 walks\n on"}]}
    )
    assert document.title == "ab"
    assert document.blocks[0].text == "he walks on"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(DOCUMENT)), VALUES, st.sampled_from(sorted(written())), VALUES)
def test_anything_in_any_place_is_a_project_or_refused(
    inner: str, value: object, outer: str, other: object
) -> None:
    for given_ in (written(document={**DOCUMENT, inner: value}), written(**{outer: other})):
        found: object = None
        try:
            found = read_project(given_)
        except Refusal as refusal:
            found = refusal
        assert isinstance(found, Project) or "\n" not in str(found)
    assert written()["format"] == FORMAT
