"""What people should know before a motion is made: actions that a model does not know, or hardly makes."""

from collections.abc import Sequence

from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action


def advice(model: MotionPipeline, actions: Sequence[Action], *, several: str = "--samples 4") -> list[str]:
    """A line for each action that is unknown or rare, with what is like it, and for each count that is cut short.

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
    for action in actions:
        if action.text and action.seconds is None and (note := model.expected(action.text).note):
            lines.append(note)
    return lines
