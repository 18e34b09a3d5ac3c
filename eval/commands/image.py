"""`motioncollage image fid`: ways of making wide images against each other (paper, tables 1 and 2)."""

from pathlib import Path
from typing import Annotated

from motioncollage.image.job import MakingOptions
from motioncollage.shell import values
from motioncollage.shell.output import check_output


def fid(
    data: Annotated[Path, values.folder_option(what="--data")], options: MakingOptions, methods: str = "all",
    count: Annotated[int, values.count(least=4, most=100_000)] = 64, width: Annotated[int, values.pixels()] = 256,
    crops: Annotated[int, values.count(most=1000)] = 4, features: str = "offline",
    out: Annotated[Path, values.folder()] = Path("out/image-fid"),
) -> None:  # fmt: skip
    """Measure ways of making wide images: FID+ of random crops, seams, drift along the image, time.

    How long:
        count: Wide images of every method.
        width: Pixels, a multiple of 8.
        crops: Square crops of every image.
    What to make:
        data: Real pictures, in folders of the model's classes.
        methods: Comma-separated, or all: tiles, replacement, reconstruction, multidiffusion, collage, and of models that know
            whole scenes stages.
    How good:
        features: offline (needs nothing), inception (torch-fidelity), or a file of Inception weights.
    Output:
        out: Folder for image.md, image.json and image.png.
    """
    from eval.benchmark.images import FILES, Study

    check_output(out, list(FILES), force=options.force)
    Study(data, options, methods, features, width, count, crops).compare(out, force=options.force)
