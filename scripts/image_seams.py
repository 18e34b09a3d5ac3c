#!/usr/bin/env python3
"""Measure the seams of what a model makes, as the commands make it: image_seams.py [--model M] [--rounds N] [--out DIR].

Panoramas, grids, textures and cubes; in stages by models that know scenes. Energy of neighbouring pixels that a seam
separates, over that of neighbours like them that none separates: 1 is a seam that cannot be told from the rest. Writes
seams.md and seams.json.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

from eval.benchmark.run import machine
from eval.metrics.images import pair_energy
from motioncollage.files import write_text
from motioncollage.image.cube_job import AROUND
from motioncollage.image.models import ImageModel, load_image_model
from motioncollage.image.pipelines import STOCHASTIC, ImagePipeline, ImageSettings
from motioncollage.image.plans import PieceSettings, along_chain
from motioncollage.image.seams import (
    BLOCK,
    NEAR,
    Compared,
    cube_seams,
    grid_seams,
    panorama_seams,
    texture_seams,
)
from motioncollage.image.stages import make_whole, unwatched
from motioncollage.image.surface import Cube, Sheet, Surface, Torus
from motioncollage.image.texture_job import TextureOptions
from motioncollage.models import BUNDLED, folder_of
from motioncollage.sampling.registry import SamplerSettings

Numbers = dict[str, dict[str, Any]]
PIECES = 5  # round a panorama, and pieces across a grid, of models that know no scenes
PLAIN = ImageSettings().sampler
TEXTURE = SamplerSettings(PLAIN.name, TextureOptions.steps)


@dataclass(frozen=True)
class Kind:
    """What is measured: on which surface, by which sampler, how often, and where its seams are."""

    surface: Surface
    samples: int
    sampler: SamplerSettings
    seams: Callable[[Any], Compared]


def kinds(model: ImageModel, cut: PieceSettings, asked: argparse.Namespace) -> dict[str, Kind]:
    """Sides that pieces fit into, or of models that know scenes, that can be halved down to one."""
    size, stride = cut.size, cut.size - cut.overlap
    if model.scenes:
        ring, sheet, face = (2 * size, 8 * size), (2 * size, 4 * size), 2 * size
    else:
        ring, sheet, face = (size, PIECES * stride), (size + 2 * stride, size + (PIECES - 1) * stride), size
    side = 4 * size
    # As the commands do it: cubes by the sampler that renews noise.
    return {
        "panorama": Kind(Sheet(*ring, wrapped=True), asked.rounds, PLAIN, panorama_seams),
        "grid": Kind(Sheet(*sheet), asked.rounds, PLAIN, grid_seams),
        "texture": Kind(Torus(side, side), asked.rounds, TEXTURE, lambda _: texture_seams(side, side)),
        "cube": Kind(Cube(asked.face or face), asked.cubes, STOCHASTIC, cube_seams),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=BUNDLED["image"])
    parser.add_argument("--rounds", type=int, default=2, help="panoramas, grids and textures of every class")
    parser.add_argument("--cubes", type=int, default=4, help="cubes of every class")
    parser.add_argument("--overlap", type=int, help="pixels that neighbouring pieces share")
    parser.add_argument("--taper", type=float, default=PieceSettings.taper)
    parser.add_argument(
        "--face", type=int, help="pixels along the faces of cubes; a piece by default, two in stages"
    )
    parser.add_argument("--only", choices=("panorama", "grid", "texture", "cube"), help="one of the four")
    parser.add_argument("--out", type=Path, default=Path("out/image-seams"))
    asked = parser.parse_args()
    loaded = load_image_model(folder_of(asked.model, medium="image"))
    pipeline = ImagePipeline(loaded, name=asked.model)
    cut = PieceSettings(loaded.size, asked.overlap or loaded.overlap, asked.taper, multiple=loaded.multiple)
    found: Numbers = {}
    for kind, of in kinds(loaded, cut, asked).items():
        if asked.only in (None, kind):
            images = torch.cat(list(made(pipeline, cut, kind, of)))
            for name, (seam, rest) in of.seams(of.surface.plan(cut)).items():
                energy = pair_energy(images, *seam, *rest)
                found[name] = {"value": energy.value, "details": dict(energy.details)}
                print(f"{name}: {energy.value:.3f} ± {energy.details['standard_error']:.2g}", flush=True)
    write(asked.out, found, asked.model, cut, loaded)


def made(pipeline: ImagePipeline, cut: PieceSettings, kind: str, of: Kind) -> Iterator[torch.Tensor]:
    """Pictures of every class; cubes of those learnt from panoramas of all directions, where there are such."""
    model = pipeline.model
    classes = model.classes
    if kind == "cube":
        classes = tuple(name for name in classes if name.endswith(AROUND)) or classes
    for number, name in enumerate(track(classes, description=kind)):
        settings = ImageSettings(seed=number, samples=of.samples, sampler=of.sampler)
        along = along_chain([model.vector(name)], wrapped=of.surface.goes_round)
        watch = unwatched(pipeline, settings)
        sites = make_whole(pipeline, of.surface, cut, along, settings, watch, coarse=model.scenes)
        yield of.surface.decode(model, sites)


def described(sampler: SamplerSettings) -> str:
    renewed = f" and churn {sampler.churn:g}" if sampler.churn else ""
    return f"{sampler.name} with {sampler.steps} steps{renewed}"


def write(out: Path, found: Numbers, model: str, cut: PieceSettings, loaded: ImageModel) -> None:
    how = "in stages" if loaded.scenes else "of pieces alone"
    lines = [
        "# Seams",
        "",
        f"Model `{model}`, pieces of {cut.size} that share {cut.overlap}, taper {cut.taper:g}, {how}; panoramas and"
        f" grids by {described(PLAIN)}, textures by {described(TEXTURE)}, cubes by {described(STOCHASTIC)}. Energy of neighbouring"
        " pixels on both sides of a seam over that of neighbours that no seam separates, which the network likewise"
        f" paints in different blocks of {BLOCK}: panoramas and textures, all other columns and rows; rows and columns of grids and edges of"
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
        f"Machine: {machine(loaded.device)}.",
        "",
    ]
    for file, text in (("seams.md", "\n".join(lines)), ("seams.json", json.dumps(found, indent=1) + "\n")):
        write_text(out / file, text, force=True)


if __name__ == "__main__":
    main()
