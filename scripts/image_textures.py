#!/usr/bin/env python3
"""Judge textures: image_textures.py PICTURES [--model M] [--photos A.jpg ...] [--samples N] [--out DIR].

PICTURES is a folder of folders, each named like a class. For every class that the model knows too, and for every photo
(as `image texture --like` does it), textures are made and compared with image quilting (Efros and Freeman 2001): does the
wrap show, how far are crops from real ones, how long does it take. Writes textures.md, textures.json and textures.png,
which shows the first texture of each, tiled, whatever it looks like.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from eval.benchmark.run import machine
from eval.judges.image_features import OfflineFeatures
from eval.metrics.distribution import kid
from eval.metrics.images import pair_energy, square_crops
from eval.quilting import quilt
from motioncollage.files import atomic_path, write_text
from motioncollage.image.data import SUFFIXES
from motioncollage.image.files import load_picture, shrunk
from motioncollage.image.likeness import Likeness
from motioncollage.image.models import load_image_model
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import PieceSettings, along_chain
from motioncollage.image.seams import texture_seams
from motioncollage.image.stages import make_whole, unwatched
from motioncollage.image.surface import Torus
from motioncollage.image.torus import tiled
from motioncollage.models import BUNDLED, folder_of
from motioncollage.sampling.registry import SamplerSettings

CROP = 64  # pixels along the squares that are compared
BLOCK = 96  # pixels along quilting's blocks: a few stones, as its authors choose them
SHOWN = 256  # pixels along a picture of the sheet


@dataclass
class Row:
    """What was measured of a class or a photo."""

    name: str
    kind: str
    textures: list[Tensor]
    quilted: list[Tensor]
    real: list[Tensor]
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--model", default=BUNDLED["image"])
    parser.add_argument("--classes", nargs="*", help="those of the model by default; none with an empty list")
    parser.add_argument(
        "--photos", nargs="*", default=[], type=Path, help="photos whose like is made, inside PICTURES"
    )
    parser.add_argument("--samples", type=int, default=4, help="textures of each")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/textures"))
    asked = parser.parse_args()
    settings = ImageSettings(asked.seed, 1, SamplerSettings("dpm++", asked.steps))
    rows = [of_photo(asked.pictures / photo, asked) for photo in track(asked.photos, "photos")]
    if asked.classes is None or asked.classes:
        rows += of_classes(asked, settings)
    if not rows:
        raise SystemExit("nothing to judge: no class of the model is a folder of PICTURES, and no --photos")
    for row in rows:
        measure(row, asked.seed)
        print(row.name, {key: round(value, 4) for key, value in row.figures.items()}, flush=True)
    write(asked.out, rows, asked)


def of_photo(path: Path, asked: argparse.Namespace) -> Row:
    """Textures like a photo."""
    photo = shrunk(load_picture(path), asked.size)
    begin = time.perf_counter()
    made = list(Likeness(photo).make(asked.size, asked.size, seed=asked.seed, samples=asked.samples))
    seconds = (time.perf_counter() - begin) / asked.samples
    quilted = [quilted_from(photo, asked.size, asked.seed + n) for n in range(asked.samples)]
    return Row(f"{path.parent.name}/{path.stem}", "photo", made, quilted, [photo], seconds)


def of_classes(asked: argparse.Namespace, settings: ImageSettings) -> list[Row]:
    """Textures of the classes that both the model and the folder have."""
    model = load_image_model(folder_of(asked.model, medium="image"))
    pipeline = ImagePipeline(model, name=asked.model)
    config = getattr(getattr(model, "network", None), "config", None)
    known = config.classes if config else ()
    names = asked.classes or [name for name in known if (asked.pictures / name).is_dir()]
    cut = PieceSettings(model.size, model.overlap, multiple=model.multiple)
    side = asked.size // model.factor
    surface = Torus(side, side)
    rows = []
    for name in track(names, "classes"):
        files = sorted(f for f in (asked.pictures / name).iterdir() if f.suffix.lower() in SUFFIXES)
        real = [shrunk(load_picture(file), asked.size) for file in files]
        along = along_chain([model.vector(name)], wrapped=True)
        made = []
        begin = time.perf_counter()
        for n in range(asked.samples):
            own = settings_of(settings, n)
            watch = unwatched(pipeline, own)
            sites = make_whole(pipeline, surface, cut, along, own, watch, coarse=model.scenes)
            made.append(surface.decode(model, sites)[0])
        seconds = (time.perf_counter() - begin) / asked.samples
        quilted = [
            quilted_from(real[n % len(real)], asked.size, asked.seed + n) for n in range(asked.samples)
        ]
        rows.append(Row(name, "class", made, quilted, real, seconds))
    return rows


def settings_of(settings: ImageSettings, number: int) -> ImageSettings:
    return ImageSettings(settings.seed + number, 1, settings.sampler)


def quilted_from(photo: Tensor, size: int, seed: int) -> Tensor:
    source = photo.permute(1, 2, 0).double().numpy()
    made = quilt(source, size, size, min(BLOCK, min(source.shape[:2]) // 2), np.random.default_rng(seed))
    return torch.from_numpy(made).permute(2, 0, 1).float()


def measure(row: Row, seed: int) -> None:
    """Energy of the wrap, and distances of crops from real ones; of real crops from others as the floor."""
    images = torch.stack(row.textures)
    for name, (seam, rest) in texture_seams(*images.shape[-2:]).items():
        found = pair_energy(images, *seam, *rest)
        key = "wrap_across" if "left" in name else "wrap_down"
        row.figures[key] = found.value
        row.figures[f"{key}_error"] = float(found.details.get("standard_error", float("nan")))
    rng = np.random.default_rng(seed)
    count = 64 * len(row.textures)
    first, second, third = (crops(row.real, count, rng) for _ in range(3))
    features = OfflineFeatures.fit(first)
    reference = features.embed(second)
    for key, pictures in (("kid", row.textures), ("kid_quilting", row.quilted)):
        row.figures[key] = kid(reference, features.embed(crops(pictures, count, rng))).value
    row.figures["kid_real"] = kid(reference, features.embed(third)).value
    row.figures["seconds"] = row.seconds


def crops(pictures: Sequence[Tensor], count: int, rng: np.random.Generator) -> Tensor:
    each = -(-count // len(pictures))
    return torch.cat([square_crops(picture[None], CROP, each, rng) for picture in pictures])[:count]


def write(out: Path, rows: list[Row], asked: argparse.Namespace) -> None:
    lines = [
        "# Textures",
        "",
        f"{asked.samples} textures of {asked.size} x {asked.size} pixels each: like photos, and of classes of model `{asked.model}` by dpm++"
        f" with {asked.steps} steps. Wrap: energy of neighbouring pixels"
        " across the edges that meet, over that of all other neighbours in different blocks of 2 pixels. KID of crops of"
        f" {CROP} pixels to real ones (offline features fitted to each row's own); quilting: Efros and Freeman 2001, blocks"
        f" of up to {BLOCK} pixels, each from one real picture; real: other crops of the same pictures.",
        "",
        "| texture | wrap across → 1 | wrap down → 1 | KID ↓ | quilting's | real's | s / texture |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        f = row.figures
        lines.append(
            f"| {row.kind} {row.name} | {f['wrap_across']:.3f} ± {f['wrap_across_error']:.3f} | {f['wrap_down']:.3f} ±"
            f" {f['wrap_down_error']:.3f} | {f['kid']:.4f} | {f['kid_quilting']:.4f} | {f['kid_real']:.4f} |"
            f" {f['seconds']:.1f} |"
        )
    lines += [
        "", f"Machine: {machine(torch.device('cpu'))}.", "",
        "![each row: a real picture, quilting, two textures, and one of them tiled](textures.png)", "",
    ]  # fmt: skip
    found: dict[str, Any] = {f"{row.kind} {row.name}": row.figures for row in rows}
    for file, text in (
        ("textures.md", "\n".join(lines)),
        ("textures.json", json.dumps(found, indent=1) + "\n"),
    ):
        write_text(out / file, text, force=True)
    sheet(out / "textures.png", rows)


def sheet(path: Path, rows: list[Row]) -> None:
    """Each row: a real picture, quilting, two textures, and the first of them three times beside and below itself."""
    from PIL import Image

    strips = []
    for row in rows:
        shown = [row.real[0], row.quilted[0], *row.textures[:2], tiled(row.textures[0])]
        cells = [torch.nn.functional.interpolate(p[None], (SHOWN, SHOWN), mode="area")[0] for p in shown]
        strips.append(torch.cat(cells, dim=2))
    width = max(strip.shape[2] for strip in strips)
    strips = [torch.nn.functional.pad(strip, (0, width - strip.shape[2]), value=1.0) for strip in strips]
    pixels = ((torch.cat(strips, dim=1).clamp(-1, 1) + 1) * 127.5).round().byte()
    with atomic_path(path, force=True) as target:
        Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(target, "PNG")


if __name__ == "__main__":
    main()
