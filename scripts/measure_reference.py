#!/usr/bin/env python3
"""Measure the real clips of the starter benchmark for the package: measure_reference.py DATA.

Writes eval/assets/evaluator/reference.npz from the test split of the starter pack and the bundled evaluator.
"""

import sys
from pathlib import Path

from eval.benchmark.judging import bundled_evaluator, bundled_reference
from eval.benchmark.reference import measure_reference
from eval.benchmark.settings import digest
from eval.judges.starter import load_starter_evaluator
from mdm_adapter.data.datasets import read_dataset
from motioncollage.shell.output import progress_bar


def main() -> None:
    with progress_bar("reading") as update:
        dataset = read_dataset(Path(sys.argv[1]), "test", progress=update)
    evaluator = load_starter_evaluator(bundled_evaluator())
    identity = digest(
        bundled_evaluator().read_bytes().hex(), [(clip.name, clip.captions) for clip in dataset]
    )
    with progress_bar("measuring") as update:
        reference, rejected = measure_reference(dataset, evaluator, identity, progress=update)
    reference.save(bundled_reference(), force=True)
    print(
        f"{len(reference.entries)} clips, {len(reference.curves)} windows, jerk {reference.jerk:.4f}; left out: {rejected}"
    )


if __name__ == "__main__":
    main()
