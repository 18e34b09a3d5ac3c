"""What people are told before a motion is made: what a model does not know, what happens when, of which pieces."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from motioncollage.shell.output import console, notes

if TYPE_CHECKING:
    from rich.table import Table

    from mdm_adapter.pipeline import MotionPipeline
    from mdm_adapter.planning.pieces import Plan
    from mdm_adapter.prompts import Action


def advice(
    model: "MotionPipeline", actions: "Sequence[Action]", *, several: str = "--samples 4"
) -> list[str]:
    """A line for each action that is unknown or rare, or goes another way, and for each count that is cut short.

    Args:
        several: how several takes are asked for where the lines are read.
    """
    lines = []
    for match in model.matches(actions):
        if match.rare and match.happening is not None:
            others = "".join(f"{entry.captions[0].rstrip('.')!r} or " for entry in match.instead)
            lines.append(
                f"{match.text!r} is known, but happens {match.happening.words}; try {others}several takes ({several})"
            )
        if not match.familiar:
            closest = "; ".join(entry.captions[0].rstrip(".") for entry, _ in match.nearest)
            lines.append(f"this model does not know {match.text!r}; the closest it knows: {closest}")
        if way := match.other_way:
            known = match.action.captions[0].rstrip(".")
            lines.append(
                f"{match.text!r} becomes {known!r}: no recording goes {way.words!r}; draw the way with"
                f' motioncollage edit follow "{way.rest}" --path "{way.path}"'
            )
    for action in actions:
        if action.text and action.seconds is None and (note := model.expected(action.text).note):
            lines.append(note)
    return lines


def tell(readings: Iterable[str], *, as_: str = "[cyan]note:[/]") -> None:
    """Say where a prompt could have been read otherwise."""
    from rich.markup import escape

    for reading in readings:
        notes.print(f"{as_} {escape(reading)}", markup=True)


def warn(model: "MotionPipeline", actions: "Sequence[Action]") -> None:
    """Say which actions a model does not know or hardly makes, what is like them, and which counts it cuts short."""
    tell(advice(model, actions), as_="[yellow]warning:[/]")


def show(plan: "Plan", method: str = "collage") -> None:
    """What happens when, and the pieces, or the method that makes none."""
    from rich.table import Table

    table = Table("action", "from", "to", "seconds")
    for part in plan.segments:
        start, end = part.start / plan.fps, part.end / plan.fps
        table.add_row(part.text, f"{start:g} s", f"{end:g} s", f"{end - start:g}")
    console.print(table)
    console.print(
        plan.describe() if method == "collage" else f"{plan.frames / plan.fps:g} s by the method {method}"
    )


def nodes_of(plan: "Plan") -> "Table":
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
