#!/usr/bin/env python3
"""Measure the seams of panoramas, grids and cubes that a model makes: image_seams.py [--model M] [--rounds N] [--out DIR].

Energy of neighbouring pixels that a seam separates, over that of neighbours like them that none separates: 1 is a seam
that cannot be told from the rest. Writes seams.md and seams.json.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

from eval.benchmark.run import machine
from eval.metrics.images import pair_energy
from motioncollage.files import write_text
from motioncollage.image.models import load_image_model
from motioncollage.image.pipelines import STOCHASTIC, ImagePipeline, ImageSettings
from motioncollage.image.plans import (
    CubePlan,
    ImagePlan,
    PieceSettings,
    along_chain,
    plan_cube,
    plan_image,
)
from motioncollage.image.seams import BLOCK, NEAR, Compared, cube_seams, grid_seams, panorama_seams
from motioncollage.models import BUNDLED, folder_of
from motioncollage.sampling.registry import SamplerSettings

Numbers = dict[str, dict[str, Any]]
PIECES = 5  # round a panorama, and pieces across a grid


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=BUNDLED["image"])
    parser.add_argument("--rounds", type=int, default=2, help="panoramas and grids of every class")
    parser.add_argument("--cubes", type=int, default=4, help="cubes of every class")
    parser.add_argument("--overlap", type=int, help="pixels that neighbouring pieces share")
    parser.add_argument("--taper", type=float, default=PieceSettings.taper)
    parser.add_argument("--face", type=int, help="pixels along the faces of cubes; a piece by default")
    parser.add_argument("--only", choices=("panorama", "grid", "cube"), help="one of the three")
    parser.add_argument("--out", type=Path, default=Path("out/image-seams"))
    arguments = parser.parse_args()
    loaded = load_image_model(folder_of(arguments.model, medium="image"))
    pipeline = ImagePipeline(loaded, name=arguments.model)
    overlap = arguments.overlap or loaded.overlap
    cut = PieceSettings(loaded.size, overlap, arguments.taper, multiple=loaded.multiple)
    stride = cut.size - cut.overlap
    classes = loaded.network.config.classes  # type: ignore[attr-defined]
    ring = plan_image(cut.size, PIECES * stride, cut, wrapped=True)
    sheet = plan_image(cut.size + 2 * stride, cut.size + (PIECES - 1) * stride, cut)
    box = plan_cube(arguments.face or cut.size, cut)
    plain = ImageSettings().sampler
    # As the commands do it: cubes by the sampler that renews noise.
    kinds: dict[str, tuple[ImagePlan | CubePlan, Callable[..., Compared], int, SamplerSettings]] = {
        "panorama": (ring, panorama_seams, arguments.rounds, plain),
        "grid": (sheet, grid_seams, arguments.rounds, plain),
        "cube": (box, cube_seams, arguments.cubes, STOCHASTIC),
    }
    found: Numbers = {}
    for kind in [arguments.only] if arguments.only else kinds:
        plan, pairs, samples, sampler = kinds[kind]
        made = []
        for number, name in enumerate(track(classes, description=kind)):
            along = along_chain([loaded.vector(name)])
            settings = ImageSettings(seed=number, samples=samples, sampler=sampler)
            made.append(pipeline.generate(plan, pipeline.conditions(plan, along), settings).clamp(-1, 1))
        images = torch.cat(made)
        for name, (seam, rest) in pairs(plan).items():
            energy = pair_energy(images, *seam, *rest)
            found[name] = {"value": energy.value, "details": dict(energy.details)}
            print(f"{name}: {energy.value:.3f} ± {energy.details['standard_error']:.2g}", flush=True)
    write(arguments.out, found, arguments.model, cut, machine(loaded.device))


def described(sampler: SamplerSettings) -> str:
    renewed = f" and churn {sampler.churn:g}" if sampler.churn else ""
    return f"{sampler.name} with {sampler.steps} steps{renewed}"


def write(out: Path, found: Numbers, model: str, cut: PieceSettings, where: str) -> None:
    lines = [
        "# Seams",
        "",
        f"Model `{model}`, pieces of {cut.size} that share {cut.overlap}, taper {cut.taper:g}; panoramas and grids by"
        f" {described(ImageSettings().sampler)}, cubes by {described(STOCHASTIC)}. Energy of neighbouring"
        " pixels on both sides of a seam over that of neighbours that no seam separates, which the network likewise"
        f" paints in different blocks of {BLOCK}: panoramas, all other columns; rows and columns of grids and edges of"
        f" cubes, {NEAR.start} to {NEAR.stop - 1} pixels beside them; corners of grids (squares that four pieces share),"
        " the same rows half a piece further.",
        "",
        "| seam | energy → 1 | standard error | images |",
        "|---|---|---|---|",
        *(
            f"| {name} | {m['value']:.3f} | {m['details']['standard_error']:.3f} | {m['details']['images']} |"
            for name, m in found.items()
        ),
        "",
        f"Machine: {where}.",
        "",
    ]
    for file, text in (("seams.md", "\n".join(lines)), ("seams.json", json.dumps(found, indent=1) + "\n")):
        write_text(out / file, text, force=True)


if __name__ == "__main__":
    main()
