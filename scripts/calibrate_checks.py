#!/usr/bin/env python3
"""How well the action checks tell real motion apart: calibrate_checks.py DATA [--out docs/studies/checks].

Every clip of a starter pack goes through the 263 features and back first: that is the body, and the loss, of
what a model makes. Writes OUT.md, a table with the weakest checks first, OUT.json with all counts, and with
--rates the file that `motioncollage eval` takes the rates of real clips from (eval/assets/checks/real.json).
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

from eval.checks import rates
from eval.checks.calibration import Calibration, as_table, calibrate
from eval.checks.kinematics import Take
from eval.checks.registry import by_slug
from eval.checks.undecided import UNDECIDED
from mdm_adapter.data.datasets import SPLITS, read_dataset
from mdm_adapter.representation import features as representation
from motioncollage.files import write_text
from motioncollage.shell.output import progress_bar


def takes_by_label(data: Path) -> dict[str, list[Take]]:
    """All clips of all splits, those too short to judge left out."""
    takes: dict[str, list[Take]] = defaultdict(list)
    for split in SPLITS:
        with progress_bar(f"reading {split}") as progress:
            clips = read_dataset(data, split, progress=progress, allow_empty=True)
        for clip in clips:
            joints = representation.to_joints(clip.features.double())
            if len(joints) >= 10:
                takes[clip.action].append(Take(joints))
    return dict(takes)


def as_numbers(rows: list[Calibration]) -> dict[str, dict[str, object]]:
    """By label, JSON-ready."""
    return {
        slug: {
            "check": row.check,
            "passed": passed,
            "clips": clips,
            "others_pooled": round(row.pooled, 4),
            "others_balanced": round(row.balanced, 4),
            "confusions": dict(row.confusions(10)),
        }
        for row in rows
        for slug, (passed, clips) in row.own.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of a starter pack")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/studies/checks"), help="files without their endings"
    )
    parser.add_argument("--slugs", default="", help="labels to calibrate, with commas; all by default")
    parser.add_argument("--others", type=int, default=20, help="clips of each other label that are looked at")
    parser.add_argument("--rates", type=Path, help="where to write the rates of all real clips")
    parser.add_argument("--force", action="store_true", help="replace the files")
    arguments = parser.parse_args()
    wanted = [slug for slug in arguments.slugs.split(",") if slug] or sorted(by_slug())
    unknown = [slug for slug in wanted if slug not in by_slug()]
    if unknown:
        sys.exit(f"no check decides {unknown[0]!r}: {UNDECIDED.get(unknown[0], 'no such label')}")
    takes = takes_by_label(arguments.data)
    checks = list(dict.fromkeys(check for slug in wanted for check in by_slug()[slug]))
    with progress_bar("calibrating") as progress:
        rows = calibrate(checks, takes, others=arguments.others, progress=progress)
    table = as_table(rows)
    for ending, text in ((".md", table), (".json", json.dumps(as_numbers(rows), indent=1) + "\n")):
        write_text(arguments.out.with_name(arguments.out.name + ending), text, force=arguments.force)
    if arguments.rates:
        found = {slug: rates.Rate(*counts) for row in rows for slug, counts in row.own.items()}
        rates.write(arguments.rates, found, arguments.data.resolve().name, force=arguments.force)
    print(table)
    failing = [row.check for row in rows if not row.holds]
    print(f"{len(rows) - len(failing)} of {len(rows)} checks hold; not: {', '.join(failing) or 'none'}")


if __name__ == "__main__":
    main()
