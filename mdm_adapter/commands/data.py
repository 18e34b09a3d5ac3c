"""`motioncollage data`: look at datasets and bring recordings in."""

from pathlib import Path
from typing import Annotated

import typer

from motioncollage.shell import values
from motioncollage.shell.training import MotionData

app = typer.Typer(
    help="Inspect datasets, import recordings, make HumanML3D from AMASS.", no_args_is_help=True
)


@app.command()
def info(path: MotionData) -> None:
    """Count clips, hours and actions; list what cannot be used and why."""
    from mdm_adapter.data.summary import show_dataset

    show_dataset(path)


@app.command()
def humanml3d(
    amass: Annotated[Path, values.folder_option(what="--amass")],
    body_models: Annotated[Path, values.folder_option(what="--body-models")],
    index: Annotated[Path, values.file_option(what="--index")],
    texts: Annotated[Path, values.file_option(what="--texts")],
    out: Annotated[Path, values.folder()],
    splits: Annotated[Path, values.folder_option(what="--splits")] | None = None,
    humanact12: Annotated[Path, values.folder_option(what="--humanact12")] | None = None,
    processes: Annotated[int, values.count(most=1024)] = 2,
    force: bool = False,
) -> None:
    """Make HumanML3D from AMASS: joints, 20 fps, mirror images, features, statistics, splits; run it again to go on.

    Options:
        amass: Folder of AMASS (SMPL+H G), a folder for each collection.
        body_models: Folder of the SMPL+H body models, .npz.
        index: HumanML3D's index.csv.
        texts: HumanML3D's texts.zip.
        splits: Folder of train.txt and the others; usually beside texts.zip.
        humanact12: Folder of HumanAct12's .npy files; usually humanact12/ in AMASS.
    How good:
        processes: Processes that work at a time.
    Output:
        out: Folder for the data set.
        force: Make clips anew that are there.
    """
    from mdm_adapter.data.humanml3d import Sources
    from mdm_adapter.data.humanml3d_run import make_dataset

    sources = Sources(amass, body_models, humanact12)
    make_dataset(sources, index, texts, splits, out, processes=processes, force=force)
