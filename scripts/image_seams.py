#!/usr/bin/env python3
"""Measure the seams of panoramas, grids and cubes that a model makes: image_seams.py [--model M] [--rounds N] [--out DIR].

Energy of neighbouring pixels that a seam separates, over that of neighbours like them that none separates: 1 is a seam
that cannot be told from the rest. Writes seams.md and seams.json.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
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
from motioncollage.layouts import RINGS, ring_sites

Pairs = tuple[np.ndarray, np.ndarray]
NEAR = range(3, 13)  # pixels from a seam: what lies there is alike, and no seam
PIECES = 5  # round a panorama, and pieces across a grid


def edges(plan: ImagePlan, axis: int) -> list[int]:
    """Numbers of the places before which a piece starts or ends, along an axis of an image; 0 where it wraps."""
    length = (plan.height, plan.width)[axis]
    found = set()
    for node in plan.graph.nodes[: plan.graph.factors]:
        first = divmod(node.region.sites[0], plan.width)[axis]
        found |= {first, (first + node.region.shape[axis])}
    if axis == 1 and plan.wrapped:
        return sorted({place % length for place in found})
    return sorted(found - {0, length})


def across(numbers: np.ndarray, places: list[int]) -> Pairs:
    """Pixels on both sides of columns of an array of pixel numbers; the last column is before the first."""
    columns = np.array(places) % numbers.shape[1]
    return numbers[:, columns - 1].ravel(), numbers[:, columns].ravel()


def panorama(plan: ImagePlan) -> dict[str, tuple[Pairs, Pairs]]:
    """Where pieces start and end, and where the right edge meets the left, against all other columns."""
    numbers = np.arange(plan.height * plan.width).reshape(plan.height, plan.width)
    seams = edges(plan, 1)
    rest = across(numbers, [x for x in range(1, plan.width) if x not in seams])
    return {
        "panorama: ends of pieces": (across(numbers, seams), rest),
        "panorama: left edge at right edge": (across(numbers, [0]), rest),
    }


def beside(places: list[int], length: int) -> list[int]:
    """Places near others, as many on each side, that are not among them."""
    return [
        p + s * d
        for p in places
        for s in (-1, 1)
        for d in NEAR
        if 0 < p + s * d < length and p + s * d not in places
    ]


def grid(plan: ImagePlan) -> dict[str, tuple[Pairs, Pairs]]:
    """Columns, rows, and the squares that four pieces share; along a row a picture is alike, so that these are compared
    with the same rows half a piece further."""
    numbers = np.arange(plan.height * plan.width).reshape(plan.height, plan.width)
    columns, rows = edges(plan, 1), edges(plan, 0)
    result = {
        "grid: columns": (across(numbers, columns), across(numbers, beside(columns, plan.width))),
        "grid: rows": (across(numbers.T, rows), across(numbers.T, beside(rows, plan.height))),
    }
    corners = [node.region for node in plan.graph.nodes if node.counting_number == 1][plan.graph.factors :]
    shift = plan.graph.nodes[0].region.shape[1] // 2
    inside: list[Pairs] = []
    elsewhere: list[Pairs] = []
    for corner in corners:
        top, left = divmod(corner.sites[0], plan.width)
        height, width = corner.shape
        for start, into in ((left, inside), (left - shift, elsewhere), (left + shift, elsewhere)):
            block = numbers[top - 1 : top + height + 1, start - 1 : start + width + 1]
            into.append((block[:, :-1].ravel(), block[:, 1:].ravel()))
            into.append((block[:-1].ravel(), block[1:].ravel()))
    result["grid: corners"] = (joined(inside), joined(elsewhere))
    return result


def cube(plan: CubePlan) -> dict[str, tuple[Pairs, Pairs]]:
    """The twelve edges against parallel lines beside them, on both faces."""
    seam, rest = [], []
    for ring in RINGS:
        strip = np.array(ring_sites(ring, plan.face))
        middles = [k * plan.face for k in range(4)]
        seam.append(across(strip, middles))
        rest.append(across(strip, [m + s * d for m in middles for s in (-1, 1) for d in NEAR]))
    return {"cube: twelve edges": (joined(seam), joined(rest))}


def joined(pairs: list[Pairs]) -> Pairs:
    return np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=BUNDLED_IMAGES)
    parser.add_argument("--rounds", type=int, default=2, help="panoramas and grids of every class")
    parser.add_argument("--cubes", type=int, default=1, help="cubes of every class")
    parser.add_argument("--out", type=Path, default=Path("out/image-seams"))
    arguments = parser.parse_args()
    loaded = load_image_model(image_model_folder(arguments.model))
    pipeline = ImagePipeline(loaded, name=arguments.model)
    cut = PieceSettings(loaded.size, loaded.overlap, multiple=loaded.multiple)
    stride = cut.size - cut.overlap
    classes = loaded.network.config.classes  # type: ignore[attr-defined]
    ring = plan_image(cut.size, PIECES * stride, cut, wrapped=True)
    sheet = plan_image(cut.size + 2 * stride, cut.size + (PIECES - 1) * stride, cut)
    box = plan_cube(cut.size + stride, cut)
    kinds: list[tuple[ImagePlan | CubePlan, int, Callable[..., dict[str, tuple[Pairs, Pairs]]]]] = [
        (ring, arguments.rounds, panorama), (sheet, arguments.rounds, grid), (box, arguments.cubes, cube),
    ]  # fmt: skip
    found: dict[str, Metric] = {}
    for plan, samples, pairs in kinds:
        made = []
        for number, name in enumerate(track(classes, description=pairs.__name__)):
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
