"""JSON from strangers: what is refused, and that everything else comes through as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.serving.json_body import MAX_BYTES, MAX_DEPTH, depth, read_object
from mdm_adapter.serving.refusal import Refusal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def nesting(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(nesting, inside), default=0)


@given(VALUES)
def test_depth_is_that_of_the_value(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert depth(text) == nesting(value)


@given(st.dictionaries(st.text(), VALUES, max_size=3).filter(lambda value: nesting(value) <= MAX_DEPTH))
def test_objects_come_through(value: dict[str, object]) -> None:
    assert read_object(json.dumps(value).encode()) == value


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\0e-+.NaInfty ', max_size=40).map(str.encode))
def test_anything_is_an_object_or_refused(body: bytes) -> None:
    found: object = None
    try:
        found = read_object(body)
    except Refusal as refusal:
        found = refusal
    assert isinstance(found, dict) or (
        isinstance(found, Refusal) and found.status == 400 and "\n" not in str(found)
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "not JSON"), (b"[1]", "JSON object"), (b'{"a": NaN}', "NaN"), (b'{"a": -Infinity}', "Infinity"),
     (b'{"a": 1, "a": 2}', "twice"), (b'{"a": [{"b": 1, "b": 2}]}', "twice"), (b"\xff", "UTF-8"),
     (b'{"a": ' + b"[" * 100_000, "deeper"), (b'{"a": ' + b"1" * 5000 + b"}", "not JSON")],
)  # fmt: skip
def test_what_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refusal:
        read_object(body)
    assert refusal.value.status == 400
    assert len(str(refusal.value)) < 200


def test_long_bodies_are_not_read() -> None:
    with pytest.raises(Refusal) as refusal:
        read_object(b" " * (MAX_BYTES + 1))
    assert refusal.value.status == 413
