"""`motioncollage timeline`: which pieces would be made, before any are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mdm_adapter.commands.generate import Prompt, Seconds, warn_of_unknown
from motioncollage.shell.common import check_output, console, load_pipeline
from motioncollage.shell.options import BUNDLED, FPS, PieceOptions, spread_options

if TYPE_CHECKING:
    from mdm_adapter.planning.pieces import Plan


@spread_options
def timeline(
    prompt: Prompt,
    pieces: PieceOptions,
    out: Annotated[Path, typer.Option(help="Where the picture goes, a .png.")] = Path("out/timeline.png"),
    looped: Annotated[bool, typer.Option("--loop", help="Plan a loop.")] = False,
    seconds: Seconds = None,
    model: Annotated[
        str, typer.Option(help="Whose pieces: a bundled model or a checkpoint folder.")
    ] = BUNDLED,
    force: Annotated[bool, typer.Option(help="Replace the picture.")] = False,
) -> None:
    """Show the pieces, overlaps and counting numbers of a prompt as a table and a picture, without making motion."""
    from mdm_adapter.pipeline import GenerateSettings
    from mdm_adapter.planning.picture import render_plan
    from mdm_adapter.prompts import read_prompt

    if out.suffix.lower() != ".png":
        raise ValueError(f"--out {out} is no .png; name a picture such as timeline.png")
    actions = read_prompt(prompt)
    settings = GenerateSettings(**pieces.settings())
    check_output(out.parent, [out.name], force=force)
    pipeline = load_pipeline(model, "cpu")
    warn_of_unknown(pipeline, actions)
    plan = pipeline.plan(actions, settings, seconds=seconds, loop=looped)
    console.print(table_of(plan))
    console.print(plan.describe())
    render_plan(out, plan, force=force)
    console.print(f"wrote {out}")


def table_of(plan: "Plan") -> Table:
    """Every node: what it is, where it lies, how much it counts, under which text."""
    graph = plan.graph()
    table = Table("node", "from", "to", "counts", "text", "guidance")
    first = plan.pieces[0].start
    layers = len(graph.nodes) - 2 * len(plan.layers)
    for number, (node, under) in enumerate(zip(graph.nodes, plan.evaluated())):
        kind = "piece" if number < graph.factors else "overlap" if number < layers else "on top"
        start = (node.region.sites[0] + first) % plan.frames
        weights = node.site_weights()
        low, high = float(weights.min()), float(weights.max())
        counts = f"{low:+.2g}" if low == high else f"{low:+.2g} to {high:+.2g}"
        table.add_row(
            kind, f"{start / FPS:g} s", f"{(start + len(node.region)) / FPS:g} s", counts,
            under.text or "(null token)", "" if under.guidance is None else f"{under.guidance:g}",
        )  # fmt: skip
    return table
