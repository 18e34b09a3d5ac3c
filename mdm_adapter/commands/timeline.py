"""`motioncollage timeline`: which pieces would be made, before any are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from mdm_adapter.commands.generate import warn_of_unknown
from mdm_adapter.commands.options import Prompt, Seconds
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import Force, PieceOptions, TextEncoderPlace, spread_options
from motioncollage.shell.output import check_output, console

if TYPE_CHECKING:
    from rich.table import Table

    from mdm_adapter.planning.pieces import Plan


@spread_options
def timeline(
    prompt: Prompt,
    pieces: PieceOptions,
    out: Annotated[Path, values.written("Where the picture goes, a .png.", endings=(".png",))] = Path(
        "out/timeline.png"
    ),
    looped: Annotated[bool, values.option("Plan a loop.", "--loop", panel=values.MAKING)] = False,
    seconds: Seconds = None,
    model: Annotated[
        str,
        values.option(
            "Whose pieces: a bundled model, a checkpoint folder, or hf:owner/name.", panel=values.MAKING
        ),
    ] = BUNDLED["motion"],
    text_encoder: TextEncoderPlace = None,
    force: Force = False,
) -> None:
    """Show the pieces, overlaps and counting numbers of a prompt as a table and a picture, without making motion.

    motioncollage timeline "a person walks, then waves"
    """
    from mdm_adapter.planning.picture import render_plan
    from mdm_adapter.prompts import read_prompt
    from motioncollage.methods import MethodSettings
    from motioncollage.models import load_model

    actions = read_prompt(prompt)
    check_output(out.parent, [out.name], force=force)
    pipeline = load_model(model, medium="motion", device="cpu", text_encoder=text_encoder)
    settings = MethodSettings(**pieces.settings(pipeline.representation.fps))
    warn_of_unknown(pipeline, actions)
    plan = pipeline.plan(actions, settings, seconds=seconds, loop=looped)
    console.print(table_of(plan))
    console.print(plan.describe())
    render_plan(out, plan, force=force)
    console.print(f"wrote {out}")


def table_of(plan: "Plan") -> "Table":
    """Every node: what it is, where it lies, how much it counts, under which text."""
    from rich.table import Table

    table = Table("node", "from", "to", "counts", "text", "guidance")
    first = plan.pieces[0].start
    for planned in plan.nodes:
        node = planned.node
        start = (int(node.region.sites[0]) + first) % plan.frames
        weights = node.site_weights()
        low, high = float(weights.min()), float(weights.max())
        counts = f"{low:+.2g}" if low == high else f"{low:+.2g} to {high:+.2g}"
        table.add_row(
            planned.kind, f"{start / plan.fps:g} s", f"{(start + len(node.region)) / plan.fps:g} s", counts,
            planned.text or "(null token)", "" if planned.guidance is None else f"{planned.guidance:g}",
        )  # fmt: skip
    return table
