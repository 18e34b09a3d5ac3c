"""`motioncollage models`: what is installed and what it can do."""

from typing import Annotated

import typer
from rich.table import Table

from motioncollage.shell.common import bundled_models, console, model_folder


def models(name: Annotated[str | None, typer.Argument(help="A model, to list its actions.")] = None) -> None:
    """List the installed models, or the actions that one of them knows."""
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.models.vocabulary import Vocabulary

    if name is None:
        table = Table("model", "architecture", "text encoder", "longest piece", "actions")
        for bundled in bundled_models():
            folder = model_folder(bundled)
            config = NetworkConfig.read(folder / "args.json")
            vocabulary = Vocabulary.read(folder)
            known = str(len(vocabulary.actions)) if vocabulary else "open"
            kind = f"{config.arch} {config.layers} x {config.latent_dim}"
            table.add_row(bundled, kind, config.text_encoder_type, f"{config.max_frames / 20:g} s", known)
        console.print(table)
        return
    vocabulary = Vocabulary.read(model_folder(name))
    if vocabulary is None:
        console.print(
            f"{name} came without a list of actions; it takes any sentence like those it was trained on"
        )
        return
    table = Table("action", "clips", "seconds", "for example")
    for entry in vocabulary.actions:
        table.add_row(entry.action, str(entry.clips), f"{entry.seconds:.1f}", entry.captions[0])
    console.print(table)
