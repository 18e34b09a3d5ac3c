"""Render a motion as an H.264 video: a body on a checkered floor, its sentence, and a timeline."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io import drawing
from mdm_adapter.io.contacts import stands
from mdm_adapter.io.drawing import Array, Camera
from mdm_adapter.motion import Motion, Writer
from mdm_adapter.segments import Segment, check_segments
from motioncollage.files import atomic_path

TRAIL_SECONDS = 14.0
PRINT_SECONDS = 4.0
FEET = (drawing.LEFT, drawing.RIGHT)


def render_video(
    path: Path | str,
    joints: Array,
    *,
    fps: float = 20.0,
    segments: Sequence[Segment] = (),
    size: tuple[int, int] = (720, 720),
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write joints [frames, 22, 3] (metres, y up) as an `.mp4` for any player (H.264, yuv420p, faststart).

    Frames are drawn and encoded one at a time, so memory does not grow with the length beyond a few numbers
    a frame. An interrupted rendering leaves no file behind.

    Args:
        path: the file to write, ending in `.mp4`.
        joints: [frames, 22, 3], the joints in SMPL order.
        fps: frames per second of motion and video.
        segments: the sentences; the one that started last is the caption. Ordered, within the motion.
        size: width and height in pixels, even numbers from 128 to 4096.
        force: replace an existing file.
        progress: called with (frames done, frames in all) after every frame.

    Raises:
        ValueError: a wrong shape, no frames, numbers not finite, or an unusable argument; one line.
        FileExistsError: `path` exists and `force` is false.
        OSError: the file cannot be written, or the encoder failed.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"{path}: a video must be named .mp4")
    if not (math.isfinite(fps) and 1 <= fps <= 240):
        raise ValueError(f"fps is {fps}: give a number from 1 to 240")
    if len(size) != 2 or any(not isinstance(n, int) or n % 2 or not 128 <= n <= 4096 for n in size):
        raise ValueError(f"size is {size}: give an even width and height from 128 to 4096 pixels")
    points = drawing.check_joints(joints)
    check_segments(segments, len(points))
    with atomic_path(path, force=force) as temporary:
        painter = _Painter(points, float(fps), tuple(segments), size)
        encoder = _encoder(temporary, float(fps), size)
        try:
            for frame in range(len(points)):
                _send(encoder, painter.paint(frame), path)
                if progress is not None:
                    progress(frame + 1, len(points))
        except BaseException:
            # ffmpeg is to be killed, not waited for while it finishes a video that nobody wants.
            with suppress(KeyboardInterrupt):
                encoder.throw(KeyboardInterrupt())
            raise
        encoder.close()
        _verify(temporary, path, len(points))


def _encoder(path: Path, fps: float, size: tuple[int, int]) -> Generator[None, Any, None]:
    """A running ffmpeg that takes raw pictures through `send`."""
    import imageio_ffmpeg

    try:
        encoder: Generator[None, Any, None] = imageio_ffmpeg.write_frames(
            str(path),
            size,
            pix_fmt_in="rgb0",
            fps=fps,
            codec="libx264",
            quality=None,
            macro_block_size=2,
            ffmpeg_log_level="quiet",
            output_params=[
                *("-crf", "17", "-preset", "medium", "-tune", "animation", "-movflags", "+faststart"),
                # Say which colours the numbers mean, or players guess and the paper turns yellow.
                *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
                *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
            ],
        )
        encoder.send(None)
    except (RuntimeError, OSError) as error:
        raise OSError(
            f"cannot encode video: {' '.join(str(error).split())[:200]}; is imageio-ffmpeg installed whole?"
        ) from error
    return encoder


def _send(encoder: Generator[None, Any, None], picture: memoryview, path: Path) -> None:
    try:
        encoder.send(picture)
    except OSError as error:
        raise OSError(f"cannot write {path}: the video encoder stopped; is the disk full?") from error


def _verify(temporary: Path, path: Path, frames: int) -> None:
    """ffmpeg ends without a word to us when the disk is full; count what it really wrote."""
    import imageio_ffmpeg

    try:
        written, _ = imageio_ffmpeg.count_frames_and_secs(str(temporary))
    except RuntimeError as error:
        raise OSError(f"cannot write {path}: the video encoder failed; is the disk full?") from error
    if written != frames:
        raise OSError(f"cannot write {path}: {written} of {frames} frames were encoded; is the disk full?")


@dataclass(frozen=True)
class CameraTrack:
    """A camera for every frame: what it looks at [frames, 3] and from which side [frames], radians."""

    targets: Array
    yaws: Array
    distance: float
    focal: float
    centre: tuple[float, float]
    pitch: float = math.radians(13)

    def at(self, frame: int) -> Camera:
        """The camera of one frame."""
        yaw, flat = self.yaws[frame], math.cos(self.pitch)
        away = np.array([math.sin(yaw) * flat, math.sin(self.pitch), math.cos(yaw) * flat])
        return Camera.look_at(
            self.targets[frame] + self.distance * away, self.targets[frame], self.focal, self.centre
        )


def follow(
    joints: Array, fps: float, size: tuple[int, int], *, angle: float = math.radians(38)
) -> CameraTrack:
    """A calm camera for joints [frames, 22, 3]: from the front side, the body half as high as the picture.

    The path of the root is smoothed in both directions of time, so the camera neither shakes nor lags. The
    camera turns only when the body turns far away from it, and then slowly.
    """
    height, short = drawing.stature(joints), min(size)
    root = joints[:, 0]
    targets = drawing.smooth(root, 0.6 * fps)
    rise = drawing.smooth(root[:, 1:2], 1.2 * fps)[:, 0] - 0.54 * height
    # Half way along with rises and falls: a jump stays visible as a jump, stairs stay in the picture.
    targets[:, 1] = 0.50 * height + rise - np.clip(0.5 * rise, -0.5 * height, 0.5 * height)
    focal = 1.75 * short
    yaws = _chase(drawing.headings(joints, fps), fps, math.radians(50)) + angle
    return CameraTrack(targets, yaws, 1.85 * height * focal / short, focal, (size[0] / 2, 0.52 * size[1]))


def _chase(angles: Array, fps: float, slack: float, fastest: float = math.radians(35)) -> Array:
    """Follow `angles` only when they are more than `slack` away, and never faster than `fastest` a second."""
    start = slice(0, max(1, round(2 * fps)))
    here = math.atan2(np.sin(angles[start]).mean(), np.cos(angles[start]).mean())
    path = np.empty(len(angles))
    for i, angle in enumerate(angles):
        off = (angle - here + math.pi) % (2 * math.pi) - math.pi
        excess = math.copysign(max(abs(off) - slack, 0.0), off)
        here += max(-fastest, min(fastest, 1.5 * excess)) / fps
        path[i] = here
    return drawing.smooth(path[:, None], 0.8 * fps)[:, 0]


@dataclass(frozen=True)
class Footprints:
    """Where feet stood: rings [n, k, 2] of (x, z), the frames [n] when each was first and last under a foot,
    and the foot [n] (0 left, 1 right)."""

    rings: Array
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    foot: NDArray[np.int64]


def footprints(joints: Array, fps: float, height: float) -> Footprints:
    """Footprints of joints [frames, 22, 3]. A planted foot leaves one, a sliding foot a smear of many."""
    found = stands(joints, fps, height)
    heel, ball_of_foot = np.moveaxis(found.places, 1, 0)
    toe = ball_of_foot + 0.35 * (ball_of_foot - heel)
    wide = np.full(len(heel), 0.024 * height)
    rings = drawing.capsules(heel, toe, 0.8 * wide, wide, arc=6)
    return Footprints(rings, found.first, found.last, found.foot)


class _Painter:
    """Draws one frame at a time on one canvas. The artists are made once and only their numbers change."""

    def __init__(
        self, joints: Array, fps: float, segments: tuple[Segment, ...], size: tuple[int, int]
    ) -> None:
        from matplotlib.collections import LineCollection, PolyCollection
        from matplotlib.patches import PathPatch

        self.joints, self.fps, self.segments, self.size = joints, fps, segments, size
        self.height = drawing.stature(joints)
        self.track = follow(joints, fps, size)
        self.prints = footprints(joints, fps, self.height)
        self.unit = min(size) / 720
        self.owner = np.full(len(joints), -1)
        for i, segment in enumerate(segments):
            self.owner[segment.start : segment.end] = i
        colours = np.array([drawing.segment_colour(i) for i in range(len(segments))] + [drawing.FAINT])
        self.colours = colours[self.owner]

        self.canvas = drawing.canvas_of(size)
        u, empty = self.unit, drawing.on_floor(np.zeros((0, 3, 2)), self.track.at(0))
        self.tiles: Any = PolyCollection([], linewidths=0)
        self.marks: Any = PolyCollection([], linewidths=0)
        self.shadow = [PathPatch(empty, lw=0, fc=drawing.SHADOW) for _ in range(drawing.SHADOW_LAYERS)]
        self.trail: Any = LineCollection([], linewidths=3 * u, capstyle="round")
        self.body: Any = PolyCollection([], joinstyle="round")
        self.bar: Any = LineCollection([], linewidths=6 * u)
        self.head: Any = LineCollection([], linewidths=2.4 * u, colors=[drawing.INK], capstyle="round")
        self.caption: Any = drawing.label(
            size[0] / 2, 52 * u, "", 19 * u, drawing.INK, ha="center", va="bottom", linespacing=1.35
        )
        self.clock: Any = drawing.label(
            size[0] - 36 * u, 22 * u, "", 12.5 * u, drawing.FAINT, ha="right", va="center"
        )
        self.artists: list[Any] = [
            self.tiles,
            self.marks,
            *self.shadow,
            self.trail,
            self.body,
            self.bar,
            self.head,
        ]
        self.artists += [self.caption, self.clock]
        for artist in self.artists:
            drawing.place(artist, self.canvas)
        self.captions = ["\n".join(drawing.wrap(s.text, size[0] - 100 * u, 19 * u, 3)) for s in segments]
        length = _clock(len(joints) / fps)
        self.span = (36 * u, size[0] - 60 * u - drawing.text_width(f"{length} / {length}", 12.5 * u))
        self.bounds = [0, *(np.flatnonzero(np.diff(self.owner)) + 1), len(joints)]

    def paint(self, frame: int) -> memoryview:
        """The picture of one frame, RGBA bytes [height, width, 4]; valid until the next call."""
        renderer = self.canvas.get_renderer()
        renderer.clear()
        self._floor(frame)
        self._body(frame)
        self._words(frame)
        self.canvas.figure.patch.draw(renderer)
        for artist in self.artists:
            artist.draw(renderer)
        return renderer.buffer_rgba()

    def _floor(self, frame: int) -> None:
        camera, target = self.track.at(frame), self.track.targets[frame]
        polygons, visible = drawing.floor_tiles(camera, target, self.height, self.size)
        self.tiles.set_verts(polygons)
        self.tiles.set_facecolor(_with_alpha(np.broadcast_to(drawing.TILE, (len(visible), 3)), visible))

        prints = self.prints
        age = (frame - np.minimum(prints.last, frame)) / self.fps
        seen = (prints.first <= frame) & (age < PRINT_SECONDS)
        rings = prints.rings[seen]
        pixels, depth = camera.project(np.insert(rings, 1, 0.0, axis=2))
        front = (depth > 0.2).all(axis=1)
        colour = np.array([FEET[foot] for foot in prints.foot[seen]]).reshape(-1, 3)
        strength = 0.32 * (1 - age[seen] / PRINT_SECONDS) ** 1.5
        self.marks.set_verts(pixels[front])
        self.marks.set_facecolor(_with_alpha(colour, strength)[front])

        first = max(0, frame - round(TRAIL_SECONDS * self.fps))
        root = self.joints[first : frame + 1, 0] * (1, 0, 1)
        pixels, depth = camera.project(root)
        pairs = np.stack([pixels[:-1], pixels[1:]], axis=1)
        keep = (depth[:-1] > 0.2) & (depth[1:] > 0.2)
        fade = np.linspace(0.0, 0.85, len(root))
        self.trail.set_segments(pairs[keep])
        # Opaque colours: see-through pieces would show a dot wherever two of them overlap.
        self.trail.set_color(
            drawing.mix(drawing.PAPER, self.colours[first + 1 : frame + 1], fade[1:, None])[keep]
        )

    def _body(self, frame: int) -> None:
        camera, pose = self.track.at(frame), self.joints[frame]
        for patch, outline in zip(self.shadow, drawing.shadow_outlines(pose, camera, self.height)):
            patch.set_path(outline)
        shapes = drawing.body_shapes(pose, camera, self.height)
        self.body.set_verts(shapes.polygons)
        self.body.set_facecolor(shapes.fills)
        self.body.set_edgecolor(shapes.edges)
        self.body.set_linewidth(shapes.widths)

    def _words(self, frame: int) -> None:
        u, (left, right), frames = self.unit, self.span, len(self.owner)
        y = 22 * u
        here = left + (right - left) * (frame + 0.5) / frames
        lines, colours = [], []
        gap = 1.0 * u if len(self.bounds) < 80 else 0.0
        for start, end in pairwise(self.bounds):
            a, b = (left + (right - left) * n / frames for n in (start, end))
            colour = self.colours[start]
            b = max(b - gap, a + 0.5)
            lines += [[(a, y), (b, y)], [(a, y), (min(max(here, a), b), y)]]
            colours += [drawing.mix(colour, drawing.PAPER, 0.68), colour]
        self.bar.set_segments(lines)
        self.bar.set_color(colours)
        self.head.set_segments([[(here, y - 7 * u), (here, y + 7 * u)]])
        self.clock.set_text(f"{_clock(frame / self.fps)} / {_clock(frames / self.fps)}")
        owner = self.owner[frame]
        self.caption.set_text(self.captions[owner] if owner >= 0 else "")
        if owner >= 0:
            since = frame - self.segments[owner].start if self.segments[owner].start else frame + self.fps
            self.caption.set_alpha(min(1.0, 0.25 + since / (0.25 * self.fps)))


def _with_alpha(colours: Array, alpha: Array) -> Array:
    return np.concatenate([colours, alpha[:, None]], axis=1)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def write_video(
    path: Path, motion: Motion, *, force: bool = False, progress: Callable[[int, int], None] | None = None
) -> None:
    """The first sample of a motion as a film (`motioncollage.writers`)."""
    render_video(
        path, motion.joints[0], fps=motion.fps, segments=motion.segments, force=force, progress=progress
    )


WRITER = Writer(write_video)
