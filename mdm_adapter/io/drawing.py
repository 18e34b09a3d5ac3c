"""What the video and the contact sheet share: palette, camera, body, shadow, floor, and text that fits.

Shapes are computed with NumPy: three-dimensional things go in, polygons in pixels (origin at the bottom left)
come out, sorted so that drawing them in order is right. matplotlib only fills them, which is many times as
fast as its own three-dimensional axes. World: y up, metres, left is +x for a body that faces +z.
"""

import functools
import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.path import Path as Outline

Array = NDArray[np.floating[Any]]
Colour = tuple[float, float, float]


def _hex(code: str) -> Colour:
    return int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255


PAPER = _hex("F6F4F0")
TILE = _hex("E4E2DE")  # the hue of PAPER exactly: video codecs mottle faint changes of hue
INK = _hex("2E3846")
FAINT = _hex("8B929B")
SHADOW, SHADOW_LAYERS = (0.20, 0.20, 0.24, 0.055), 7
RULE = _hex("D5D1C8")
BODY, LEFT, RIGHT = _hex("39465A"), _hex("E4694B"), _hex("218A9B")
SEGMENTS = tuple(map(_hex, ("4F7FD9", "EBA13C", "4FAE86", "B765A7", "7D6BD6", "D9646B", "3FA9B8", "97A03F")))

# The body as tapered tubes: two points (joints, or 22 and up: `_with_ends`), their radii in metres, a piece.
# A piece is drawn as one smooth shape: torso, head, and the parts of legs and arms, left before right.
_TUBES = (
    (0, 1, 0.090, 0.076, 0), (0, 2, 0.090, 0.076, 0), (3, 1, 0.092, 0.072, 0), (0, 9, 0.094, 0.100, 0),
    (3, 2, 0.092, 0.072, 0), (0, 3, 0.096, 0.092, 0), (3, 6, 0.092, 0.094, 0), (6, 9, 0.094, 0.100, 0),
    (6, 16, 0.088, 0.048, 0), (6, 17, 0.088, 0.048, 0), (9, 12, 0.080, 0.042, 0),
    (13, 16, 0.064, 0.054, 0), (14, 17, 0.064, 0.054, 0), (12, 22, 0.04, 0.04, 1), (22, 23, 0.076, 0.088, 1),
    (1, 4, 0.080, 0.056, 2), (4, 7, 0.054, 0.035, 3), (7, 10, 0.037, 0.036, 4), (10, 26, 0.036, 0.027, 4),
    (2, 5, 0.080, 0.056, 5), (5, 8, 0.054, 0.035, 6), (8, 11, 0.037, 0.036, 7), (11, 27, 0.036, 0.027, 7),
    (16, 18, 0.051, 0.040, 8), (18, 20, 0.039, 0.027, 9), (20, 24, 0.032, 0.024, 9),
    (17, 19, 0.051, 0.040, 10), (19, 21, 0.039, 0.027, 11), (21, 25, 0.032, 0.024, 11),
)  # fmt: skip
_A, _B, _PIECE = (np.array([tube[i] for tube in _TUBES]) for i in (0, 1, 4))
_RADII = np.array([tube[2:4] for tube in _TUBES])
_COLOURS = np.array([BODY, BODY, LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT, LEFT, LEFT, RIGHT, RIGHT])
_RIMS = np.array([0.0 if tube[:2] == (12, 22) else 1.0 for tube in _TUBES])  # a neck grows out of its torso
# Where the light falls: the tubes of each piece that get a gloss (never two that overlap).
_GLOSSY = np.array([3, 14, 15, 16, 17, 19, 20, 21, 23, 24, 26, 27])


def check_joints(joints: Any) -> Array:
    """`joints` as float64 [frames, 22, 3]; ValueError for another shape, no frames, numbers not finite."""
    array = np.asarray(joints)
    if array.dtype.kind not in "fiu" or array.ndim != 3 or array.shape[1:] != (22, 3):
        raise ValueError(f"joints must be numbers [frames, 22, 3], not {array.dtype} {list(array.shape)}")
    if array.shape[0] == 0:
        raise ValueError("joints has no frames: give at least one")
    sound = (np.abs(array) < 1e5).all(axis=(1, 2))  # false for NaN as well
    if not sound.all():
        frame = int(np.argmin(sound))
        raise ValueError(f"joints of frame {frame} are not finite, or 100 km away: sample the motion again")
    return array.astype(np.float64)


def mix(colours: Any, other: Any, amount: Any) -> Array:
    """Colours moved towards `other` by `amount` (0 to 1)."""
    weight = np.asarray(amount, dtype=np.float64)
    return np.asarray(colours) * (1 - weight) + np.asarray(other) * weight


def segment_colour(index: int) -> Colour:
    """The colour of a segment in timelines, trails and maps."""
    return SEGMENTS[index % len(SEGMENTS)]


def stature(joints: Array) -> float:
    """Body height in metres, from the bone lengths (which no pose changes) of some of the frames."""
    some = joints[:: max(1, len(joints) // 50)]
    chains = ((1, 4, 7), (2, 5, 8), (0, 3, 6, 9, 12, 15))
    left, right, spine = (
        np.linalg.norm(np.diff(some[:, list(c)], axis=1), axis=2).sum(axis=1) for c in chains
    )
    return float(np.clip(1.2 * np.median(0.5 * (left + right) + spine), 0.3, 100.0))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. `axes` [3, 3]: its right, up and forward; `focal` and `centre` in pixels."""

    position: Array
    axes: Array
    focal: float
    centre: tuple[float, float]

    @staticmethod
    def look_at(position: Array, target: Array, focal: float, centre: tuple[float, float]) -> "Camera":
        """Stand at `position` and show `target` at the pixel `centre`, the world's up pointing up."""
        forward = (target - position) / np.linalg.norm(target - position)
        right = np.cross(forward, (0.0, 1.0, 0.0))
        right = right / np.linalg.norm(right)
        return Camera(position, np.stack([right, np.cross(right, forward), forward]), focal, centre)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Points [..., 3] -> pixels [..., 2], y up, and depths [...] in metres (negative: behind)."""
        seen = (points - self.position) @ self.axes.T
        depth = seen[..., 2]
        # A point at or behind the lens has no picture; callers drop it by its depth.
        scale = self.focal / np.where(depth > 1e-3, depth, 1e-3)
        return seen[..., :2] * scale[..., None] + np.asarray(self.centre), depth


def smooth(values: Array, sigma: float) -> Array:
    """Gaussian smoothing of [frames, n] in time; the ends go on along their slope, so nothing lags."""
    reach = max(1, math.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    if len(values) == 1:
        return values.copy()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    columns = [np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=1)


def headings(joints: Array, fps: float) -> Array:
    """Smoothed facing angle of every frame, radians from +z towards +x, from hips and shoulders."""
    left = (joints[:, 1] - joints[:, 2]) + (joints[:, 16] - joints[:, 17])
    facing = smooth(np.stack([-left[:, 2], left[:, 0]], axis=1), 0.8 * fps)
    angles: Array = np.arctan2(facing[:, 0], facing[:, 1])
    return angles


def capsules(a: Array, b: Array, radius_a: Array, radius_b: Array, arc: int = 13) -> Array:
    """Tapered tubes with centres a, b [n, 2] and radii [n] -> rings [n, 2 * arc, 2], all turning one way."""
    along = b - a
    length = np.hypot(along[:, 0], along[:, 1])
    direction = np.arctan2(along[:, 1], along[:, 0])
    # The tangents touch both circles at this angle; where one circle swallows the other it becomes 0 or pi.
    touch = np.arccos(np.clip((radius_a - radius_b) / np.maximum(length, 1e-9), -1, 1))
    t = np.linspace(0, 1, arc)
    around_a = (direction + touch)[:, None] + t * (2 * math.pi - 2 * touch)[:, None]
    around_b = (direction - touch)[:, None] + t * (2 * touch)[:, None]
    ends = [
        centre[:, None] + radius[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        for centre, radius, turn in ((a, radius_a, around_a), (b, radius_b, around_b))
    ]
    return np.concatenate(ends, axis=1)


def _with_ends(pose: Array, scale: float) -> Array:
    """The 22 joints and six more points: chin, crown, the ends of hands and toes (22, 23, 24-25, 26-27)."""

    def beyond(start: int, end: int, metres: float) -> Array:
        bone = pose[end] - pose[start]
        return pose[end] + bone / max(float(np.linalg.norm(bone)), 1e-6) * metres * scale

    extra = [beyond(12, 15, 0.045), beyond(12, 15, 0.105), beyond(18, 20, 0.085), beyond(19, 21, 0.085)]
    extra += [
        pose[10] + 0.6 * (beyond(7, 10, 0.06) - pose[10]),
        pose[11] + 0.6 * (beyond(8, 11, 0.06) - pose[11]),
    ]
    points = np.concatenate([pose, extra])
    points[26:, 1] = pose[10:12, 1]  # toes go on level
    return points


@dataclass(frozen=True)
class Shapes:
    """Polygons [n, k, 2] in drawing order, their fill and edge colours [n, 4] and edge widths [n]."""

    polygons: Array
    fills: Array
    edges: Array
    widths: Array


def body_shapes(pose: Array, camera: Camera, height: float) -> Shapes:
    """A body in the pose [22, 3]: left and right in their colours, far limbs thinner and paler."""
    scale = height / 1.7
    points, depth = camera.project(_with_ends(pose, scale))
    depth = np.maximum(depth, 0.1)
    pieces = np.bincount(_PIECE)
    middle = np.bincount(_PIECE, 0.5 * (depth[_A] + depth[_B])) / pieces
    far = np.clip(0.5 + (middle - depth[0]) / (0.9 * height), 0, 1)[:, None]
    colours = mix(_COLOURS, PAPER, 0.34 * far)[_PIECE]
    radii = (
        _RADII * scale * (1.10 - 0.20 * far)[_PIECE] * camera.focal / np.stack([depth[_A], depth[_B]], axis=1)
    )
    outline = capsules(points[_A], points[_B], radii[:, 0], radii[:, 1])
    # A narrow light tube inside each limb, moved towards the light, makes it look round.
    shift = radii.mean(axis=1)[:, None] * np.array([-0.22, 0.24])
    shine = capsules(points[_A] + shift, points[_B] + shift, 0.5 * radii[:, 0], 0.5 * radii[:, 1])[_GLOSSY]
    # Piece by piece from far to near; in a piece all rims come first, so that none cuts through it.
    n, m = len(_TUBES), len(_GLOSSY)
    layer = np.repeat([0, 1, 2], [n, n, m])
    order = np.lexsort((layer, -middle[np.concatenate([_PIECE, _PIECE, _PIECE[_GLOSSY]])]))
    gloss = np.hstack([mix(colours, (1, 1, 1), 0.3)[_GLOSSY], np.full((m, 1), 0.4)])
    rim = np.hstack([mix(colours, PAPER, 0.78), np.ones((n, 1))])
    solid = np.hstack([colours, np.ones((n, 1))])
    return Shapes(
        polygons=np.concatenate([outline, outline, shine])[order],
        fills=np.concatenate([solid, solid, gloss])[order],
        edges=np.concatenate([rim, np.zeros((n + m, 4))])[order],
        widths=(np.concatenate([_RIMS, np.zeros(n + m)]) * 0.016 * scale * camera.focal / depth[0])[order],
    )


def shadow_outlines(
    pose: Array, camera: Camera, height: float, layers: int = SHADOW_LAYERS
) -> list["Outline"]:
    """The shadow of a pose on the floor, from its core to its soft rim; fill each with the same faint colour.

    Every layer is one outline of overlapping rings that turn the same way, so that an overlap is not darker.
    The lamp stands to the left of the camera.
    """
    scale = height / 1.7
    points = _with_ends(pose, scale)
    rise = np.maximum(points[:, 1:2], 0.0)
    right, away = camera.axes[0, [0, 2]], camera.axes[2, [0, 2]]
    floor = points[:, [0, 2]] + rise * (0.34 * right + 0.10 * away / np.linalg.norm(away))
    outlines = []
    for layer in range(layers):
        # The rim widens with height, as under a large lamp.
        soft = (layer / max(layers - 1, 1) - 0.4) * (0.02 * scale + 0.07 * rise[:, 0])
        radii = [np.maximum(_RADII[:, i] * scale * 0.9 + soft[end], 0.004) for i, end in enumerate((_A, _B))]
        outlines.append(on_floor(capsules(floor[_A], floor[_B], radii[0], radii[1], arc=7), camera))
    return outlines


def on_floor(rings: Array, camera: Camera) -> "Outline":
    """Rings [n, k, 2] of (x, z) on the floor as one outline in pixels, without those not wholly in front."""
    from matplotlib.path import Path as Outline

    pixels, depth = camera.project(
        np.stack([rings[..., 0], np.zeros(rings.shape[:2]), rings[..., 1]], axis=-1)
    )
    pixels = pixels[(depth > 0.2).all(axis=1)]
    n, k = pixels.shape[:2]
    codes = np.full((n, k + 1), Outline.LINETO, dtype=np.uint8)
    codes[:, 0], codes[:, -1] = Outline.MOVETO, Outline.CLOSEPOLY
    closed = np.concatenate([pixels, pixels[:, :1]], axis=1)
    return Outline(closed.reshape(-1, 2), codes.reshape(-1))


def floor_tiles(camera: Camera, target: Array, height: float, size: tuple[int, int]) -> tuple[Array, Array]:
    """Dark tiles of a checker fixed in the world: polygons [n, 4, 2] and how visible they are, [n] 0 to 1.

    Tiles are half a metre wide for an adult. They fade with the distance from `target` and towards the lower
    rim of a picture of `size`, where the caption stands.
    """
    edge = 0.5 * max(0.5, 2.0 ** round(math.log2(height / 1.7)))
    reach = 9
    base = np.floor(target[[0, 2]] / edge).astype(np.int64)
    i, j = np.meshgrid(*(np.arange(-reach, reach + 1) + b for b in base), indexing="ij")
    cells = np.stack([i, j], axis=-1)[(i + j) % 2 == 0]
    corners = (cells[:, None] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])) * edge
    pixels, depth = camera.project(np.insert(corners, 1, 0.0, axis=2))
    away = np.hypot(*((cells + 0.5) * edge - target[[0, 2]]).T) / (reach * edge)
    rim = np.clip((pixels[..., 1].mean(axis=1) / size[1] - 0.10) / 0.16, 0, 1)
    visible = np.clip(1 - away, 0, 1) ** 1.3 * rim
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    inside = ((high > 0) & (low < np.asarray(size))).all(axis=1)
    keep = (depth > 0.2).all(axis=1) & inside & (visible > 0.01)
    return pixels[keep], visible[keep]


def canvas_of(size: tuple[int, int]) -> "FigureCanvasAgg":
    """An empty canvas of `size` pixels on which a point is a pixel; nothing about it is global."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The hair on top keeps w / 72 * 72 from falling below w.
    figure = Figure(figsize=((size[0] + 0.01) / 72, (size[1] + 0.01) / 72), dpi=72, facecolor=PAPER)
    return FigureCanvasAgg(figure)


def place(artist: Any, canvas: "FigureCanvasAgg") -> Any:
    """Give `artist` pixel coordinates on `canvas`; the caller draws it."""
    from matplotlib.transforms import IdentityTransform

    artist.set_transform(IdentityTransform())
    artist.set_figure(canvas.figure)
    return artist


def label(x: float, y: float, words: str, pixels: float, colour: Any, **how: Any) -> Any:
    """A text that takes every character literally, `$` too."""
    from matplotlib.text import Text

    return Text(x, y, words, fontsize=pixels, color=colour, fontfamily="DejaVu Sans", parse_math=False, **how)


@functools.lru_cache(maxsize=1)
def _font() -> Any:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    font = FT2Font(font_manager.findfont("DejaVu Sans"))
    font.set_size(100, 72)
    return font


@functools.lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    return float(_font().load_char(ord(character)).linearHoriAdvance) / 65536 / 100


def text_width(text: str, pixels: float) -> float:
    """Width of `text` in pixels at a font size in pixels."""
    return sum(_advance(c) for c in text) * pixels


def printable(text: str) -> str:
    """`text` in one line, with a box for every character that the font cannot show."""
    shown = []
    for c in text:
        kind = unicodedata.category(c)
        if kind == "Cc" or kind[0] == "Z":
            shown.append(" ")
        elif kind != "Cf":  # joiners, direction marks and soft hyphens have no picture
            shown.append(c if _font().get_char_index(ord(c)) else "\u25a1")
    return " ".join("".join(shown).split())


def wrap(text: str, width: float, pixels: float, lines: int) -> list[str]:
    """Break text of a size into at most `lines` lines of `width` pixels; an ellipsis replaces the rest."""

    def wide(part: str) -> bool:
        return text_width(part, pixels) > width

    rows = [""]
    for word in printable(text[:2000]).split(" "):
        joined = f"{rows[-1]} {word}".strip()
        rows[-1:] = [rows[-1], word] if rows[-1] and wide(joined) else [joined]
        while len(rows) <= lines and len(rows[-1]) > 1 and wide(rows[-1]):  # a word longer than a line
            fits = next(n for n in range(1, len(rows[-1])) if wide(rows[-1][: n + 1]))
            rows[-1:] = [rows[-1][:fits], rows[-1][fits:]]
    if len(rows) > lines:
        last = rows[lines - 1]
        while last and wide(f"{last}…"):
            last = last[:-1]
        rows[lines - 1 :] = [f"{last.rstrip()}…"]
    return rows
