"""Which sentences name the shape of a way over the ground."""

import pytest

from mdm_adapter.prompts.ways import way_over_ground


@pytest.mark.parametrize(
    ("text", "words", "shape"),
    [
        ("A man walks in a circle.", "in a circle", "circle"),
        ("he runs in small circles", "in small circles", "circle"),
        ("she walks in a figure eight", "in a figure eight", "figure eight"),
        ("a person jogs around the table", "around the table", "table"),
        ("Someone runs in a slight curve to the right.", "in a slight curve", "curve"),
        ("he walks along a zig-zag", "along a zig-zag", "zig-zag"),
    ],
)
def test_named_ways(text: str, words: str, shape: str) -> None:
    way = way_over_ground(text)
    assert way is not None
    assert (way.words, way.shape) == (words, shape)


@pytest.mark.parametrize(
    "words",
    [
        "in a circle",
        "in squares",
        "in a figure eight",
        "in a figure of 8",
        "along a zig-zag",
        "in zigzags",
        "in a loop",
        "around in an oval",
    ],
)
def test_ways_of_known_shapes_close_or_turn_back(words: str) -> None:
    way = way_over_ground(f"a man walks {words}")
    other = way_over_ground("a man walks around the table")
    assert way is not None
    assert other is not None
    assert way.path != other.path
    points = read_path(way.path)
    assert len(points) >= 4
    if "zig" not in words:
        assert points[0] == points[-1]


def read_path(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(z)) for x, z in (point.split(",") for point in path.split())]


def test_the_sentence_without_it() -> None:
    for text in ("A man walks in a circle.", "In a circle a man walks", "A man walks in a circle and waves"):
        way = way_over_ground(text)
        assert way is not None
        assert way.rest in ("A man walks", "a man walks", "A man walks and waves")


@pytest.mark.parametrize(
    "text",
    [
        "a person walks forward",
        "he turns around",
        "he turns around the other way",
        "she walks around",
        "a man circles his arms",
        "he walks round the corner",
        "someone steps on the spot",
    ],
)
def test_no_way(text: str) -> None:
    assert way_over_ground(text) is None
