"""Fields, and what a job's JSON becomes."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.prompts import Action
from mdm_adapter.serving.fields import Field, read_fields
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.requests import JOB_FIELDS, SETTING_FIELDS, JobRequest, split_text
from motioncollage.sampling.registry import PRESETS

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [("string", "a", 1), ("number", 1.5, "1.5"), ("number", 2, True), ("integer", 2, 2.0), ("integer", 0, False),
     ("boolean", True, 1), ("array", [], {}), ("object", {}, [])],
)  # fmt: skip
def test_types(kind: str, good: Any, bad: Any) -> None:
    field = Field("it", kind, "")
    assert field.check(good) is good
    with pytest.raises(Refusal, match="it must be"):
        field.check(bad)


def test_bounds_choices_and_defaults() -> None:
    number = Field("it", "number", "", 3, 1, 5)
    assert [number.check(value) for value in (1, 5.0, None)] == [1, 5.0, 3]
    for value in (0.99, 6, math.inf, math.nan, 10**400):
        with pytest.raises(Refusal, match="1 to 5"):
            number.check(value)
    with pytest.raises(Refusal, match="huge"):
        Field("it", "number", "").check(math.inf)
    with pytest.raises(Refusal, match="choose one of a, b"):
        Field("it", "string", "", choices=("a", "b")).check("c")
    with pytest.raises(Refusal, match="length of it is 3; give 2 at most"):
        Field("it", "string", "", high=2).check("abc")
    with pytest.raises(Refusal, match="'x' is unknown"):
        read_fields({"x": 1}, (number,))
    assert number.describe() == {
        "type": "number",
        "description": "",
        "minimum": 1,
        "maximum": 5,
        "default": 3,
    }


def test_settings_are_the_options_of_the_command_line() -> None:
    """Nothing given is what the command does with no option."""
    fields = {field.name: field for field in SETTING_FIELDS}
    assert {
        "preset",
        "steps",
        "sampler",
        "guidance",
        "overlap",
        "piece",
        "style",
        "own_text",
        "taper",
    } <= set(fields)
    assert (fields["steps"].kind, fields["taper"].kind, fields["own_text"].kind) == (
        "integer",
        "number",
        "boolean",
    )
    assert all(field.help and "--" not in field.help for field in SETTING_FIELDS)
    request = JobRequest.read({"prompt": "a | b [3s]"})
    assert (request.first.sampler, request.first.seed, request.first.samples) == (
        PRESETS["fast"].sampler,
        0,
        1,
    )
    assert request.actions == (Action("a"), Action("b", 3.0))
    assert request.kind == "generate"


def test_what_is_given_arrives() -> None:
    rows = [
        {"text": "a walk", "seconds": 2},
        {"text": "", "seconds": 1},
        {"text": "a jump", "start": 1.5, "guidance": 4},
    ]
    settings = {
        "preset": "paper",
        "eta": 0.5,
        "taper": 0,
        "style": "slowly",
        "guidance": 3.5,
        "own_text": False,
    }
    request = JobRequest.read(
        {"kind": "loop", "actions": rows, "seconds": 9, "seed": 2**62, "samples": 3, "path": "circular", "turn": -90,
         "settings": settings}
    )  # fmt: skip
    assert request.actions == (
        Action("a walk", 2.0),
        Action("", 1.0),
        Action("a jump", start=1.5, guidance=4.0),
    )
    assert (request.first.seed, request.first.samples, request.seconds, request.kind) == (2**62, 3, 9, "loop")
    assert (request.first.path.kind, request.first.path.turn) == ("circular", -90)
    assert (request.first.sampler.steps, request.first.sampler.eta, request.first.taper) == (50, 0.5, 0)
    assert (request.guidance.guidance, request.pieces.style, request.pieces.own_text) == (
        3.5,
        "slowly",
        False,
    )


@pytest.mark.parametrize(
    "prompt", ["scene.json", " x/../scene.CSV\n", '[{"a.json', "/etc/hosts.csv", "a\nb.json"]
)
def test_no_prompt_is_a_file(prompt: str) -> None:
    with pytest.raises(Refusal, match="file"):
        split_text(prompt)


@given(st.dictionaries(st.sampled_from([field.name for field in JOB_FIELDS]), ANYTHING, max_size=5))
def test_anything_is_a_request_or_refused_in_a_line(body: dict[str, Any]) -> None:
    body["prompt"] = "a | b" if body.get("actions") is None else None  # no parser of English in a property
    found: object = None
    try:
        found = JobRequest.read(body)
    except ValueError as error:
        found = error
    assert isinstance(found, JobRequest) or "\n" not in str(found)
