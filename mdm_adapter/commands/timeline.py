"""`motioncollage timeline`: which pieces would be made, before any are."""

from pathlib import Path
from typing import Annotated

from mdm_adapter.commands.options import Length, Prompt
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import Force, PieceOptions, TextEncoderPlace
from motioncollage.shell.output import check_output, console


def timeline(
    prompt: Prompt, pieces: PieceOptions,
    out: Annotated[Path, values.written(endings=(".png",))] = Path("out/timeline.png"),
    looped: Annotated[bool, values.named("--loop")] = False, seconds: Length | None = None,
    model: str = BUNDLED["motion"], text_encoder: TextEncoderPlace | None = None, force: Force = False,
) -> None:  # fmt: skip
    """Show the pieces, overlaps and counting numbers of a prompt as a table and a picture, without making motion.

    motioncollage timeline "a person walks, then waves"

    What to make:
        model: Whose pieces: a bundled model, a checkpoint folder, or hf:owner/name.
        looped: Plan a loop.
    Output:
        out: Where the picture goes, a .png.
    """
    from mdm_adapter.planning.picture import render_plan
    from mdm_adapter.prompts import read_prompt
    from mdm_adapter.telling import nodes_of, warn
    from motioncollage.methods import MethodSettings
    from motioncollage.models import load_model

    actions = read_prompt(prompt)
    check_output(out.parent, [out.name], force=force)
    pipeline = load_model(model, medium="motion", device="cpu", text_encoder=text_encoder)
    warn(pipeline, actions)
    settings = pieces.applied(MethodSettings(), pipeline.representation.fps)
    plan = pipeline.plan(actions, settings, seconds=seconds, loop=looped)
    console.print(nodes_of(plan))
    console.print(plan.describe())
    render_plan(out, plan, force=force)
    console.print(f"wrote {out}")
