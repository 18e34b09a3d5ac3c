"""Camera, polygons and text of the drawings, against what geometry says they must be."""

import math
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_adapter.io import drawing
from mdm_adapter.io.drawing import Camera


def standing() -> np.ndarray:
    """A plain body of about 1.7 m, arms at its sides, facing +z: float [22, 3]."""
    side = {1: (0.09, 0.86), 4: (0.09, 0.47), 7: (0.09, 0.09), 13: (0.07, 1.38), 16: (0.18, 1.40),
            18: (0.20, 1.13), 20: (0.21, 0.88)}  # fmt: skip
    pose = np.zeros((22, 3))
    for joint, height in ((0, 0.94), (3, 1.06), (6, 1.19), (9, 1.25), (12, 1.45), (15, 1.54)):
        pose[joint, 1] = height
    for left, (x, y) in side.items():
        pose[left, :2] = (x, y)
        pose[left + 1, :2] = (-x, y)
    pose[10], pose[11] = (0.09, 0.02, 0.13), (-0.09, 0.02, 0.13)
    return pose


def front(size: int = 400) -> Camera:
    """A camera four metres in front of `standing`."""
    return Camera.look_at(
        np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 0.0]), float(size), (size / 2, size / 2)
    )


def test_camera_projects_as_a_pinhole() -> None:
    points = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 2.0], [0.0, 1.0, 9.0]])
    pixels, depth = front().project(points)
    np.testing.assert_allclose(pixels[:4], [[200, 200], [300, 200], [200, 300], [400, 200]], atol=1e-9)
    np.testing.assert_allclose(depth, [4, 4, 4, 2, -5], atol=1e-12)


@settings(deadline=None)
@given(st.tuples(*[st.floats(-20, 20)] * 3), st.floats(0, 6.28), st.floats(0.05, 1.2))
def test_camera_axes_are_orthonormal_and_the_target_is_in_the_centre(
    target: tuple[float, float, float], yaw: float, pitch: float
) -> None:
    aim = np.array(target)
    away = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    camera = Camera.look_at(aim + 5 * away, aim, 300.0, (10.0, 20.0))
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert camera.axes[1, 1] > 0  # never upside down
    pixels, depth = camera.project(aim)
    np.testing.assert_allclose(pixels, (10, 20), atol=1e-6)
    assert depth == pytest.approx(5)


def test_left_is_on_the_right_of_somebody_who_faces_us() -> None:
    pixels, _ = front().project(standing())
    assert pixels[1, 0] > pixels[0, 0] > pixels[2, 0]
    shapes = drawing.body_shapes(standing(), front(), 1.7)
    redness = shapes.fills[:, 0] - shapes.fills[:, 2]
    middle = shapes.polygons[..., 0].mean(axis=1)
    assert middle[redness > 0.2].min() > 200 > middle[redness < -0.2].max()


def test_headings() -> None:
    turns = np.radians([0, 30, 90, 170, -120])
    for turn in turns:
        cos, sin = math.cos(turn), math.sin(turn)
        rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        found = drawing.headings(np.repeat((standing() @ rotation.T)[None], 9, axis=0), 20.0)
        np.testing.assert_allclose(found, turn, atol=1e-9)


def test_stature_is_that_of_the_body_and_scales() -> None:
    pose = standing()[None]
    assert drawing.stature(pose) == pytest.approx(1.7, abs=0.12)
    assert drawing.stature(0.5 * pose) == pytest.approx(0.5 * drawing.stature(pose))


def test_smoothing_neither_lags_nor_moves_a_straight_path() -> None:
    line = np.outer(np.arange(50.0), (0.1, -0.2))
    np.testing.assert_allclose(drawing.smooth(line, 6.0), line, atol=1e-9)
    for frames in (1, 2, 3):
        np.testing.assert_allclose(drawing.smooth(line[:frames], 12.0), line[:frames], atol=1e-9)
    noise = np.random.default_rng(0).normal(size=(400, 1))
    assert drawing.smooth(noise, 5.0).std() < 0.4 * noise.std()


def area(ring: np.ndarray) -> float:
    x, y = ring.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


@settings(deadline=None)
@given(
    st.tuples(st.floats(-5, 5), st.floats(-5, 5)), st.floats(0.01, 2), st.floats(0.01, 2), st.floats(0, 6.3)
)
def test_capsules_hug_both_circles(
    offset: tuple[float, float], radius_a: float, radius_b: float, turn: float
) -> None:
    a, b = np.array([[1.0, -2.0]]), np.array([[1.0, -2.0]]) + offset
    ring = drawing.capsules(a, b, np.array([radius_a]), np.array([radius_b]), arc=200)[0]
    assert ring.shape == (400, 2)
    assert area(ring) > 0  # all turn one way, or shadows would have holes
    # The support function of a convex hull of two circles, in any direction.
    direction = np.array([math.cos(turn), math.sin(turn)])
    want = max(float(a[0] @ direction) + radius_a, float(b[0] @ direction) + radius_b)
    assert (ring @ direction).max() == pytest.approx(want, abs=2e-3)


def test_far_limbs_are_thinner_and_paler() -> None:
    pose = standing()
    side = Camera.look_at(np.array([4.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0]), 400.0, (200.0, 200.0))
    shapes = drawing.body_shapes(pose, side, 1.7)
    left = shapes.fills[np.argmax(shapes.fills[:, 0] - shapes.fills[:, 2])]
    near, far = [], []
    for fill, ring, width in zip(shapes.fills, shapes.polygons, shapes.widths):
        if width > 0 and abs(fill[0] - fill[2]) > 0.2:
            (near if fill[0] > fill[2] else far).append(area(ring))
    assert sum(near) > 1.1 * sum(far)
    assert np.abs(left[:3] - drawing.LEFT).sum() < 0.3
    # Far is drawn first: the last limb in the order is a left one.
    limbs = [fill for fill in shapes.fills if abs(fill[0] - fill[2]) > 0.2]
    assert limbs[-1][0] > limbs[-1][2]
    assert limbs[0][0] < limbs[0][2]


def test_shadow_lies_on_the_floor_and_widens() -> None:
    high = Camera.look_at(np.array([0.0, 3.0, 4.0]), np.array([0.0, 0.5, 0.0]), 400.0, (200.0, 200.0))
    outlines = drawing.shadow_outlines(standing(), high, 1.7)
    assert len(outlines) == drawing.SHADOW_LAYERS
    widths = [np.ptp(outline.vertices[:, 0]) for outline in outlines]
    assert all(a < b for a, b in pairwise(widths))
    feet, _ = high.project(standing()[[10, 11]] * (1, 0, 1))
    assert all(outlines[-1].contains_point(foot) for foot in feet)


def test_floor_is_fixed_in_the_world() -> None:
    """The same corner of the checker stays where it is when the camera moves on by a tile."""

    def corners(x: float) -> set[tuple[int, int]]:
        target = np.array([x, 0.9, 0.0])
        camera = Camera.look_at(target + np.array([0, 1.2, 6.0]), target, 1200.0, (360.0, 360.0))
        polygons, visible = drawing.floor_tiles(camera, target, 1.7, (720, 720))
        assert ((visible > 0) & (visible <= 1)).all()
        # Back from the picture to the floor: cut each pixel's ray with y = 0.
        rays = np.concatenate([(polygons - 360.0) / 1200.0, np.ones((*polygons.shape[:2], 1))], axis=-1)
        rays = rays @ camera.axes
        ground = camera.position + rays * (-camera.position[1] / rays[..., 1:2])
        np.testing.assert_allclose(ground[..., [0, 2]] * 2, np.round(ground[..., [0, 2]] * 2), atol=1e-6)
        return {(round(2 * p[0]), round(2 * p[2])) for p in ground[:, 0]}

    here, there, far = corners(0.0), corners(0.5), corners(600.5)
    assert len(here & there) > 30
    assert len(far) == len(there)
    assert {(i + j) % 2 for i, j in here | there | far} == {0}


@pytest.mark.parametrize(
    ("joints", "words"),
    [
        (np.zeros((0, 22, 3)), "no frames"),
        (np.zeros((4, 21, 3)), "22, 3"),
        (np.zeros((2, 4, 22, 3)), "22, 3"),
        (np.full((4, 22, 3), np.nan), "frame 0 are not finite"),
        (np.full((4, 22, 3), 1e30), "frame 0"),
        (np.zeros((4, 22, 3), dtype=complex), "numbers"),
        (np.array([["a"]]), "numbers"),
    ],
)
def test_unusable_joints_are_named(joints: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        drawing.check_joints(joints)
    assert "\n" not in str(caught.value)


def test_wrapping_keeps_the_words_and_the_width() -> None:
    text = "a person walks forward, turns around slowly and then bows deeply to the audience"
    rows = drawing.wrap(text, 200.0, 16.0, 9)
    assert " ".join(rows) == text
    assert len(rows) > 2
    assert all(drawing.text_width(row, 16.0) <= 200 for row in rows)
    cut = drawing.wrap(text, 200.0, 16.0, 2)
    assert len(cut) == 2
    assert cut[1].endswith("…")
    assert drawing.text_width(cut[1], 16.0) <= 200
    assert drawing.wrap("", 200.0, 16.0, 2) == [""]
    assert "".join(drawing.wrap("x" * 90, 100.0, 16.0, 99)) == "x" * 90
    assert drawing.wrap("w" * 1_000_000, 1.0, 16.0, 3)[2] in ("…", "w…")


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_can_be_drawn_without_a_warning(text: str) -> None:
    canvas = drawing.canvas_of((200, 60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = drawing.wrap(text, 150.0, 14.0, 3)
        drawing.place(drawing.label(5, 5, "\n".join(rows), 14, "k"), canvas).draw(canvas.get_renderer())
    assert len(rows) <= 3
    assert not any(c in row for row in rows for c in "\n\r\t\0")


def test_odd_characters() -> None:
    assert drawing.printable("a\n\tb\u2028c\x00d\u00ade") == "a b c de"
    assert drawing.printable("行く \ud800🕺") == "□□ □□"
    assert drawing.printable("$\\frac{a}{0}$ é Ω") == "$\\frac{a}{0}$ é Ω"


def test_canvas_has_exactly_the_size() -> None:
    for size in ((720, 720), (1280, 720), (1600, 1796), (130, 4096), (607, 333)):
        assert np.asarray(drawing.canvas_of(size).get_renderer().buffer_rgba()).shape == (*size[::-1], 4)
