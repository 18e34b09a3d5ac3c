#!/usr/bin/env python3
"""What a model makes of each action, judged by the action checks: judge_actions.py DATA [--slugs
walk,kick-front].

For every label the first caption of a train or val clip is generated in so many takes, each as long as the
model finds natural, and the label's check says in how many the action happened. Beside it stands the rate of
real clips (calibrate_checks.py), which is the most that can be asked.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from eval.checks.check import Verdict
from eval.checks.kinematics import NamedJoints, Take
from eval.checks.registry import by_slug, judge
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action, read_prompt
from mdm_adapter.representation.skeleton import JOINTS
from motioncollage.files import atomic_path
from motioncollage.models import load_model
from motioncollage.shell.output import progress_bar


@dataclass(frozen=True)
class Judged:
    """Takes of one action.

    made: share of takes in which it happened; real: share of real clips, or None; margin: median of the
    takes' margins (0 or more happened); missing: what was missing most often, the reading nearest to the
    middle of those; seconds: of a take.
    """

    slug: str
    caption: str
    made: float
    real: float | None
    takes: int
    margin: float
    missing: str
    seconds: float


def first_captions(data: Path) -> dict[str, str]:
    """First caption of the first val or else train clip of each label."""
    found: dict[str, tuple[bool, str]] = {}
    for line in (data / "captions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        better = row["content"] not in found or (row["split"] == "val" and not found[row["content"]][0])
        if row["split"] in ("train", "val") and row["captions"] and better:
            found[row["content"]] = (row["split"] == "val", row["captions"][0])
    return {slug: caption for slug, (_, caption) in found.items()}


def real_rates(path: Path) -> dict[str, float]:
    """Share of real clips that pass, as calibrate_checks.py wrote it; empty without the file."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {slug: row["passed"] / row["clips"] for slug, row in rows.items()}


def judged(
    pipeline: MotionPipeline,
    slug: str,
    caption: str,
    settings: GenerateSettings,
    real: float | None,
    whole: bool,
) -> Judged:
    """Generate the takes of a caption and judge them."""
    actions = [Action(caption)] if whole else read_prompt(caption)
    motion = pipeline.generate(pipeline.plan(actions, settings), settings)
    skeleton = NamedJoints(tuple(JOINTS), motion.fps)
    verdicts = [judge(slug, Take(joints, skeleton)) for joints in motion.joints]
    return Judged(
        slug,
        caption,
        float(np.mean([verdict.happened for verdict in verdicts])),
        real,
        len(verdicts),
        float(np.median([verdict.margin for verdict in verdicts])),
        what_is_missing(verdicts),
        motion.joints.shape[1] / motion.fps,
    )


def what_is_missing(verdicts: list[Verdict]) -> str:
    """The most frequent decisive reading of the takes that failed, with the median of its values."""
    decisive = [verdict.decisive for verdict in verdicts if not verdict.happened]
    if not decisive:
        return ""
    name, _ = Counter(reading.name for reading in decisive).most_common(1)[0]
    readings = [reading for reading in decisive if reading.name == name]
    value = float(np.median([reading.value for reading in readings]))
    return f"{name} {value:.3g} ({readings[0].sense} {readings[0].threshold:.3g})"


def as_table(rows: list[Judged]) -> str:
    """Lowest rate first, Markdown."""
    lines = ["| action | made | real | median margin | missing | caption |", "|---|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda row: (row.made, row.margin)):
        real = "" if row.real is None else f"{row.real:.2f}"
        lines.append(
            f"| {row.slug} | {row.made:.2f} | {real} | {row.margin:.2f} | {row.missing} | {row.caption} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "data", type=Path, help="folder of a starter pack: its captions are read, not its motions"
    )
    parser.add_argument("--model", default="starter", help="name of a bundled model, or a folder")
    parser.add_argument("--slugs", default="", help="labels, with commas; all that have a check by default")
    parser.add_argument("--takes", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--whole", action="store_true", help="never split a caption into several actions")
    parser.add_argument(
        "--real", type=Path, default=Path("docs/studies/checks.json"), help="rates of real clips"
    )
    parser.add_argument("--out", type=Path, default=Path("out/actions.json"))
    parser.add_argument("--force", action="store_true", help="replace the file")
    arguments = parser.parse_args()
    captions, real = first_captions(arguments.data), real_rates(arguments.real)
    wanted = [slug for slug in arguments.slugs.split(",") if slug] or sorted(
        by_slug().keys() & captions.keys()
    )
    for slug in wanted:
        if slug not in by_slug() or slug not in captions:
            sys.exit(
                f"{slug!r} has no {'caption in the data' if slug in by_slug() else 'check'}; leave it out"
            )
    pipeline: MotionPipeline = load_model(arguments.model, medium="motion", device=arguments.device)
    settings = GenerateSettings(seed=arguments.seed, samples=arguments.takes)
    rows: list[Judged] = []
    with progress_bar("judging") as progress:
        for number, slug in enumerate(wanted):
            rows.append(judged(pipeline, slug, captions[slug], settings, real.get(slug), arguments.whole))
            progress(number + 1, len(wanted))
    with atomic_path(arguments.out, force=arguments.force) as target:
        numbers = {"model": arguments.model, "seed": arguments.seed, "actions": [asdict(row) for row in rows]}
        target.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(as_table(rows))
    print(
        f"{len(rows)} actions, {arguments.takes} takes each: happened in "
        f"{np.mean([row.made for row in rows]):.2f}"
    )


if __name__ == "__main__":
    main()
