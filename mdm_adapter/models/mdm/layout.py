"""What the files of a checkpoint are called; importing this costs nothing."""

from pathlib import Path

ARGS, HUB_ARGS = (
    "args.json",
    "mdm_config.json",
)  # as published with the weights, and beside their copy on a hub
SAFETENSORS, MEAN, STD = "model.safetensors", "Mean.npy", "Std.npy"


def args_file(folder: Path) -> Path:
    """The file of a checkpoint's arguments, under whichever of its names it is there; `args.json` where it is not."""
    other = folder / HUB_ARGS
    return other if other.exists() and not (folder / ARGS).exists() else folder / ARGS
