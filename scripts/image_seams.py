#!/usr/bin/env python3
"""Measure the seams of panoramas, grids and cubes that a model makes: image_seams.py [--model M] [--rounds N] [--out DIR].

Energy of neighbouring pixels that a seam separates, over that of neighbours like them that none separates: 1 is a seam
that cannot be told from the rest. Writes seams.md and seams.json.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch
from rich.progress import track

from eval.images import pair_energy
from eval.metric import Metric
from mdm_adapter.export.atomic import atomic_path
from motioncollage.cli.benchmark.run import machine
from motioncollage.cli.image import BUNDLED_IMAGES, image_model_folder
from motioncollage.image.models import load_image_model
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import (
    CubePlan,
    ImagePlan,
    PieceSettings,
    along_chain,
    plan_cube,
    plan_image,
)
from motioncollage.image.seams import NEAR, Compared, cube_seams, grid_seams, panorama_seams

PIECES = 5  # round a panorama, and pieces across a grid


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=BUNDLED_IMAGES)
    parser.add_argument("--rounds", type=int, default=2, help="panoramas and grids of every class")
    parser.add_argument("--cubes", type=int, default=1, help="cubes of every class")
    parser.add_argument("--overlap", type=int, help="pixels that neighbouring pieces share")
    parser.add_argument("--taper", type=float, default=PieceSettings.taper)
    parser.add_argument("--only", choices=("panorama", "grid", "cube"), help="one of the three")
    parser.add_argument("--out", type=Path, default=Path("out/image-seams"))
    arguments = parser.parse_args()
    loaded = load_image_model(image_model_folder(arguments.model))
    pipeline = ImagePipeline(loaded, name=arguments.model)
    overlap = arguments.overlap or loaded.overlap
    cut = PieceSettings(loaded.size, overlap, arguments.taper, multiple=loaded.multiple)
    stride = cut.size - cut.overlap
    classes = loaded.network.config.classes  # type: ignore[attr-defined]
    ring = plan_image(cut.size, PIECES * stride, cut, wrapped=True)
    sheet = plan_image(cut.size + 2 * stride, cut.size + (PIECES - 1) * stride, cut)
    box = plan_cube(cut.size + stride, cut)
    kinds: list[tuple[ImagePlan | CubePlan, int, Callable[..., Compared]]] = [
        (ring, arguments.rounds, panorama_seams), (sheet, arguments.rounds, grid_seams), (box, arguments.cubes, cube_seams),
    ]  # fmt: skip
    found: dict[str, Metric] = {}
    for plan, samples, pairs in kinds:
        kind = pairs.__name__.removesuffix("_seams")
        if arguments.only not in (None, kind):
            continue
        made = []
        for number, name in enumerate(track(classes, description=kind)):
            along = along_chain([loaded.vector(name)])
            settings = ImageSettings(seed=number, samples=samples)
            made.append(pipeline.generate(plan, pipeline.conditions(plan, along), settings).clamp(-1, 1))
        images = torch.cat(made)
        for name, (seam, rest) in pairs(plan).items():
            found[name] = pair_energy(images, *seam, *rest)
            print(
                f"{name}: {found[name].value:.3f} ± {found[name].details['standard_error']:.2g}", flush=True
            )
    write(arguments.out, found, arguments.model, cut, machine(loaded.device))


def write(out: Path, found: dict[str, Metric], model: str, cut: PieceSettings, where: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Seams",
        "",
        f"Model `{model}`, pieces of {cut.size} that share {cut.overlap}, taper {cut.taper:g}. Energy of neighbouring"
        " pixels on both sides of a seam over that of neighbours that no seam separates: panoramas, all other columns;"
        f" rows and columns of grids and edges of cubes, {NEAR.start} to {NEAR.stop - 1} pixels beside them; corners of"
        " grids (squares that four pieces share), the same rows half a piece further.",
        "",
        "| seam | energy → 1 | standard error | images |",
        "|---|---|---|---|",
        *(
            f"| {name} | {m.value:.3f} | {m.details['standard_error']:.3f} | {m.details.get('images', '')} |"
            for name, m in found.items()
        ),
        "",
        f"Machine: {where}.",
        "",
    ]
    numbers = {name: {"value": m.value, "details": dict(m.details)} for name, m in found.items()}
    for file, text in (("seams.md", "\n".join(lines)), ("seams.json", json.dumps(numbers, indent=1) + "\n")):
        with atomic_path(out / file, force=True) as target:
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
