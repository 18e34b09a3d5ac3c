"""Ways of making wide images against each other (paper, tables 1 and 2): made, measured, written."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from rich.table import Table
from torch import Tensor

from eval.benchmark.run import machine
from eval.judges.image_features import ImageFeatures, InceptionFeatures, OfflineFeatures
from eval.metrics.images import drift, fid_plus, neighbours, seam_energy, square_crops
from eval.metrics.metric import Metric
from eval.metrics.repeats import repeats
from motioncollage.files import atomic_path, check_file, write_text
from motioncollage.image.data import Crops, read_pictures
from motioncollage.image.job import MakingOptions
from motioncollage.image.methods import STAGES, WideJob, image_methods
from motioncollage.image.models import ImageModel
from motioncollage.image.pipelines import ImagePipeline, ImageSettings, sites_of
from motioncollage.image.plans import along_chain
from motioncollage.models import load_model
from motioncollage.shell.output import console, progress_bar

COLUMNS = {
    "fid_plus": "FID+ ↓",
    "seam_ratio": "seam energy → 1",
    "drift_fid": "drift ↓",
    "repeats": "repeats ↓",
    "neighbours": "neighbours → real",
    "seconds": "s / image ↓",
}
FILES = ("image.md", "image.json", "image.png")
SHOWN = 4
REAL_CROPS = 512
# Width over height of real pictures that have room for two squares beside each other, stretched by a twentieth at most.
WIDE = 1.9


def named_methods(names: str, model: ImageModel) -> list[str]:
    """Methods with commas, or `all` that a model has.

    Raises:
        ValueError: one is unknown, or beyond the model.
    """
    known = image_methods(model)
    chosen = list(known) if names == "all" else [m.strip() for m in names.split(",") if m.strip()]
    for name in chosen:
        if name == STAGES and name not in known:
            raise ValueError(
                f"method {name!r} needs a model of whole scenes; choose among {', '.join(known)}"
            )
        if name not in known:
            raise ValueError(f"method {name!r} is unknown; choose among {', '.join(known)}")
    return chosen


class Study:
    """One comparison: the model, real squares, and what every method is asked for."""

    def __init__(
        self, data: Path, options: MakingOptions, methods: str, features: str, width: int, count: int, crops: int
    ) -> None:  # fmt: skip
        if features not in ("offline", "inception"):
            check_file(features, "--features")
        options.sampling()
        self.pipeline: ImagePipeline = load_model(options.model, medium="image", device=options.device)
        self.model_name, loaded = options.model, self.pipeline.model
        self.methods = named_methods(methods, loaded)
        self.features_name, self.size = features, loaded.size * loaded.factor
        self.width, self.count, self.crops = sites_of(width, loaded, "width"), count, crops
        self.pieces, self.sampler, self.seed = options.cut(loaded), options.sampling(), options.seed
        found = read_pictures(data, smallest=self.size)
        # Pictures held out say more than those that a model has learnt; views of a sphere are no wide images.
        real = [picture for picture in found.held_out or found.pictures if not picture.sphere]
        of_class = {
            name: [picture for picture in real if picture.label == number]
            for number, name in enumerate(found.classes)
        }
        # A folder whose pictures could not be used is no class.
        self.pictures = {name: pictures for name, pictures in of_class.items() if pictures}
        self.classes = tuple(self.pictures)
        if not self.classes:
            raise ValueError(
                f"{data} has no folders of classes; put the pictures of each class into a folder of its name"
            )
        self.vectors = {name: loaded.vector(name) for name in self.classes}
        # All classes alike, in real squares too: a class more or less would move the distance more than a method does.
        mixed = np.random.default_rng(self.seed).permutation(self.classes)
        self.drawn = [str(mixed[i % len(mixed)]) for i in range(count)]
        self.generator = torch.Generator().manual_seed(self.seed)
        self.features = self._features()
        self.reference = self.features.embed(self._squares(REAL_CROPS))

    def _features(self) -> ImageFeatures:
        if self.features_name == "offline":
            return OfflineFeatures.fit(self._squares(REAL_CROPS))
        return InceptionFeatures(None if self.features_name == "inception" else self.features_name)

    def _squares(self, count: int) -> Tensor:
        """Real squares of whole height [count, 3, size, size], as many of every class."""
        crops = Crops(size=self.size, zoom=(1.0, 1.0))
        squares = []
        for number in range(count):
            turn, place = divmod(number, len(self.classes))
            own = self.pictures[self.classes[place]]
            squares.append(crops.draw(own[turn % len(own)], self.generator)[0])
        return torch.stack(squares)

    def real(self) -> dict[str, Metric | float]:
        """Other real squares, as many as a method has crops: what a perfect method would score."""
        squares = self._squares(self.count * self.crops)
        row: dict[str, Metric | float] = {
            "fid_plus": fid_plus(self.reference, self.features.embed(squares), features=self.features.name)
        }
        if len(wide := self._wide()) >= 2:
            row["neighbours"] = neighbours(wide, self.features, np.random.default_rng(self.seed + 2))
        return row

    def _wide(self) -> list[Tensor]:
        """Real pictures about twice as wide as high or wider [3, size, width] in -1 to 1, as high as a method's."""
        found = []
        for picture in (picture for own in self.pictures.values() for picture in own):
            _, height, width = picture.pixels.shape
            if width >= WIDE * height:
                target = (self.size, max(2 * self.size, round(self.size * width / height)))
                whole = picture.pixels[None].float() / 127.5 - 1
                found.append(torch.nn.functional.interpolate(whole, target, mode="area")[0])
        return found

    def method(self, name: str) -> tuple[dict[str, Metric | float], Tensor]:
        """Metrics of a method, and a few of its pictures."""
        images = torch.empty(self.count, 3, self.size, self.width * self.pipeline.model.factor)
        seconds = 0.0
        joined: tuple[int, ...] = ()
        with progress_bar(name) as update:
            for done, label in enumerate(self.classes):
                own = [i for i, drawn in enumerate(self.drawn) if drawn == label]
                if own:
                    request = self.request(label, len(own))
                    begin = time.perf_counter()
                    sites, joined = request.made(name)
                    images[own] = self.pipeline.model.decode(sites, wrapped=False).cpu()
                    seconds += time.perf_counter() - begin
                update(done + 1, len(self.classes))
        rng = np.random.default_rng(self.seed + 1)  # the same places for all methods
        squares = square_crops(images, None, self.count * self.crops, rng)
        seams = [s * self.pipeline.model.factor for s in joined]
        row: dict[str, Metric | float] = {
            "fid_plus": fid_plus(self.reference, self.features.embed(squares), features=self.features.name)
        }
        if seams:
            row["seam_ratio"] = seam_energy(images, seams)
        if images.shape[3] >= 3 * self.size:
            row["drift_fid"] = drift(images, self.features, rng)
        if images.shape[3] >= 2 * self.size:
            row["repeats"] = repeats(images)
            row["neighbours"] = neighbours(images, self.features, np.random.default_rng(self.seed + 2))
        row["seconds"] = seconds / self.count
        return row, images[:SHOWN]

    def request(self, label: str, samples: int) -> WideJob:
        # Every class has noise of its own, the same for all methods.
        seed = self.seed * 1_000 + list(self.classes).index(label)
        settings = ImageSettings(seed=seed, samples=samples, sampler=self.sampler)
        return WideJob(self.pipeline, self.width, self.pieces, along_chain([self.vectors[label]]), settings)

    def compare(self, out: Path, *, force: bool) -> None:
        """Measure methods and write the report, its numbers and its picture."""
        rows: dict[str, dict[str, Metric | float]] = {"real": self.real()}
        shown: dict[str, Tensor] = {}
        for name in self.methods:
            rows[name], shown[name] = self.method(name)
            console.print(
                f"{name}: " + ", ".join(f"{COLUMNS[k]} {float(v):.3g}" for k, v in rows[name].items())
            )
        about = self.about()
        write_text(out / "image.md", markdown(rows, about), force=force)
        write_text(
            out / "image.json",
            json.dumps({"about": about, "results": plain(rows)}, indent=1) + "\n",
            force=force,
        )
        _picture(out / "image.png", shown, force=force)
        console.print(table(rows))
        console.print(f"wrote {', '.join(str(out / name) for name in FILES)}")

    def about(self) -> dict[str, Any]:
        return {
            "model": self.model_name, "sampler": self.sampler.name, "steps": self.sampler.steps, "churn": self.sampler.churn,
            "images": self.count, "crops": self.count * self.crops, "width": self.width * self.pipeline.model.factor,
            "height": self.size, "overlap": self.pieces.overlap * self.pipeline.model.factor, "taper": self.pieces.taper,
            "features": self.features.name, "limits": self.features.limits, "real_squares": REAL_CROPS,
            "machine": machine(self.pipeline.model.device),
        }  # fmt: skip


Rows = Mapping[str, Mapping[str, Metric | float]]


def plain(rows: Rows) -> dict[str, dict[str, Any]]:
    """For JSON: {method: {metric: {value, details}}}."""
    found: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        found[name] = {
            key: {"value": float(value), "details": dict(getattr(value, "details", {}))}
            for key, value in row.items()
        }
    return found


def cells(row: Mapping[str, Metric | float]) -> list[str]:
    """Text of a row; the floor of the drift and the error of the seams beside them."""
    texts = []
    for key in COLUMNS:
        if key not in row:
            texts.append("")
            continue
        details = getattr(row[key], "details", {})
        more = f" (floor {details['floor']:.3g})" if "floor" in details else ""
        more += f" ± {details['standard_error']:.2g}" if "standard_error" in details else ""
        texts.append(f"{float(row[key]):.3g}{more}")
    return texts


def table(rows: Rows) -> Table:
    shown = Table("", *COLUMNS.values(), title="wide images")
    for name, row in rows.items():
        shown.add_row(name, *cells(row))
    return shown


def markdown(rows: Rows, about: Mapping[str, Any]) -> str:
    """The report."""
    lines = [
        "# Wide images",
        "",
        f"Model `{about['model']}`, {about['sampler']} with {about['steps']} steps, images of {about['width']} x"
        f" {about['height']} pixels, pieces of {about['height']} with {about['overlap']} shared, taper {about['taper']:g};"
        f" {about['images']} images and {about['crops']} square crops of every method against {about['real_squares']} real"
        f" squares, all classes alike. Machine: {about['machine']}.",
        "",
        "| method | " + " | ".join(COLUMNS.values()) + " |",
        "|" + "---|" * (len(COLUMNS) + 1),
        *(f"| {name} | " + " | ".join(cells(row)) + " |" for name, row in rows.items()),
        "",
        f"Features `{about['features']}`: {about['limits']}. The row of real squares is what a perfect method would score"
        " with as many crops. Seam energy: squared differences across the columns where pieces meet or end, over those"
        " elsewhere. Drift: Frechet distance between the left and the right third of the same images; the floor is the same"
        " after left and right were exchanged at random. Repeats: correlation of the two most alike squares of an image"
        " that share nothing; the floor is the same between two images. Neighbours: how unlike squares beside each other are"
        " (squared distance of features), over squares of two images: 1 is an image that wanders to another place; of real"
        " pictures, those about twice as wide as high or wider.",
        "",
        "![the same classes and noise by every method](image.png)",
        "",
    ]
    return "\n".join(lines)


def _picture(path: Path, shown: Mapping[str, Tensor], *, force: bool) -> None:
    """A few images of every method below one another."""
    first = next(iter(shown.values()))
    across = 2
    down = -(-len(first) // across)
    wide = 11.0
    # As high as the pictures are at this width, and a line for the names.
    height = down * len(shown) * (wide / across * first.shape[2] / first.shape[3] + 0.15) + 0.2 * len(shown)
    figure = Figure(figsize=(wide, height), layout="constrained")
    grid: Any = figure.subplots(down * len(shown), across, squeeze=False)
    for number, (name, images) in enumerate(shown.items()):
        for place in range(down * across):
            axes = grid[number * down + place // across][place % across]
            axes.axis("off")
            if place < len(images):
                axes.imshow(
                    ((images[place].permute(1, 2, 0) + 1) / 2).clamp(0, 1).numpy(), interpolation="nearest"
                )
            if place == 0:
                axes.set_title(name, loc="left", fontsize=9)
    with atomic_path(path, force=force) as target:
        figure.savefig(target, dpi=130)
