"""Data sets as large as the published ones, made up: features of recorded clips cut and shifted, captions by the tens of thousands."""

from pathlib import Path

import numpy as np
from paths import golden

CLIPS = ("walk", "run", "salsa", "cmu06")
MEAN_FRAMES = 141  # of HumanML3D: 7.1 seconds
VERBS = (
    "walks",
    "runs",
    "jumps",
    "kicks",
    "waves",
    "sits down",
    "turns",
    "crawls",
    "dances",
    "throws something",
)
WAYS = ("slowly", "quickly", "carefully", "twice", "in a circle", "to the left", "to the right", "backwards")
PLACES = ("the door", "the wall", "a chair", "the window", "a friend", "the edge", "a ball", "the stairs")
FIXED_COLUMNS = slice(4, 67)


def captions_of(number: int) -> list[str]:
    """Three captions of a clip, hardly any of which another clip has."""
    verb, way, place = VERBS[number % 10], WAYS[number // 10 % 8], PLACES[number // 80 % 8]
    times = number // 640
    return [
        f"a person {verb} {way} near {place} and waits for {times} seconds.",
        f"someone {verb} {way} until {place} is {times} steps away.",
        f"the figure {verb} {way}, looks at {place} and counts to {times}.",
    ]


def write_humanml3d(folder: Path, clips: int, *, seed: int = 0) -> int:
    """A HumanML3D folder of so many clips, half of them mirror images (`M000000`); returns the frames of its train split."""
    rng = np.random.default_rng(seed)
    recorded = []
    for name in CLIPS:
        with np.load(golden(f"hml_clip_{name}.npz")) as archive:
            recorded.append(archive["features"])
    frames = np.concatenate(recorded * 2)
    (folder / "new_joint_vecs").mkdir(parents=True)
    (folder / "texts").mkdir()
    names: list[str] = []
    total = 0
    for number in range(clips // 2):
        length = int(rng.integers(2 * MEAN_FRAMES - 199, 200))
        start = int(rng.integers(len(frames) - length))
        motion = frames[start : start + length].copy()
        motion[:, FIXED_COLUMNS] += rng.normal(0, 0.01, 63).astype(np.float32)
        text = "".join(f"{caption}#a/DET#0.0#0.0\n" for caption in captions_of(number))
        for name, side in ((f"{number:06d}", motion), (f"M{number:06d}", motion * np.float32(0.99))):
            np.save(folder / "new_joint_vecs" / f"{name}.npy", side)
            (folder / "texts" / f"{name}.txt").write_text(text, encoding="utf-8")
            names.append(name)
            total += length
    (folder / "train.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return total
