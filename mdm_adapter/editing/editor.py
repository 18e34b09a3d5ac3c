"""Edits as methods of a model: motions in, a motion out, with what is new and what was kept as its segments."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mdm_adapter.editing import known, paths, redoing
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.motion import Motion
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.segments import Segment
from motioncollage.sampling.noise import OnStep


class Editor:
    """Every edit takes motions (their first samples), settings or fields of them, and returns a motion.

    model = motioncollage.load("starter")
    model.edit.replace(motion, 2.0, 4.0, text="he jumps", seed=3).save("jump.mp4")
    """

    def __init__(self, maker: Maker) -> None:
        self.maker = maker

    def inbetween(
        self, first: Motion, second: Motion, *, seconds: float = 2.0, text: str = "",
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """The seconds between the end of one motion and the start of another (`known.inbetween`)."""
        chosen = _chosen(settings, changes)
        before, after = self.maker.features_of(first), self.maker.features_of(second)
        made, span = known.inbetween(self.maker, before, after, seconds, chosen, text=text, on_step=on_step)
        about = {"edit": "inbetween", "from": _name(first), "to": _name(second)}
        return self._finish(made, _around(made, span, text), chosen, about)

    def extend(
        self, motion: Motion, *, before: float = 0.0, after: float = 0.0, text: str = "",
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A motion continued forwards, backwards, or both (`known.extend`)."""
        chosen = _chosen(settings, changes)
        made, (start, end) = known.extend(
            self.maker,
            self.maker.features_of(motion),
            chosen,
            before=before,
            after=after,
            text=text,
            on_step=on_step,
        )
        new = text or "new"
        spans = [(new, 0, start), ("kept", start, end), (new, end, made.shape[1])]
        segments = [Segment(name, a, b) for name, a, b in spans if b > a]
        return self._finish(made, segments, chosen, {"edit": "extend", "source": _name(motion)})

    def replace(
        self, motion: Motion, start: float, end: float, *, text: str = "", anchored: bool = True,
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A stretch from `start` to `end` seconds made anew, all else kept (`known.replace_range`)."""
        chosen = _chosen(settings, changes)
        made, span = known.replace_range(
            self.maker,
            self.maker.features_of(motion),
            start,
            end,
            text,
            chosen,
            anchored=anchored,
            on_step=on_step,
        )
        about = {"edit": "replace", "source": _name(motion)}
        return self._finish(made, _around(made, span, text), chosen, about)

    def joints(
        self, motion: Motion, joints: Sequence[int] | str = "upper-body", *, text: str = "",
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """Some joints made anew, the others, the path and the facing kept (`known.regenerate_joints`).

        Args:
            joints: numbers, or a name of `known.JOINT_SETS`.
        """
        chosen = _chosen(settings, changes)
        numbers = known.read_joints(joints) if isinstance(joints, str) else list(joints)
        features = self.maker.features_of(motion)
        made = known.regenerate_joints(self.maker, features, numbers, text, chosen, on_step=on_step)
        what = text or f"new {joints if isinstance(joints, str) else 'joints'}"
        about = {"edit": "joints", "joints": numbers, "source": _name(motion)}
        return self._finish(made, [Segment(what, 0, made.shape[1])], chosen, about)

    def restyle(
        self, motion: Motion, *, text: str = "", strength: float = 0.6,
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A motion done over in another manner (`redoing.restyle`)."""
        chosen = _chosen(settings, changes)
        features = self.maker.features_of(motion)
        made = redoing.restyle(self.maker, features, text, strength, chosen, on_step=on_step)
        about = {"edit": "restyle", "strength": strength, "source": _name(motion)}
        return self._finish(made, [Segment(text or "restyled", 0, made.shape[1])], chosen, about)

    def detail(
        self, motion: Motion, *, block: int = 10, text: str = "",
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A motion's means over blocks of frames kept, the detail made anew (`redoing.detail`)."""
        chosen = _chosen(settings, changes)
        made = redoing.detail(
            self.maker, self.maker.features_of(motion), block, text, chosen, on_step=on_step
        )
        about = {"edit": "detail", "block": block, "source": _name(motion)}
        return self._finish(made, [Segment(text or "new detail", 0, made.shape[1])], chosen, about)

    def follow(
        self, plan: Plan, path: Tensor | Sequence[Sequence[float]], *,
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A planned motion along ground points [points, 2] in metres (`paths.follow`).

        Each action covers as much of the path as it does at its speed, and who stands stays; `plan(..., metres=...)`
        plans the seconds that a path needs.

        Raises:
            ValueError: no path, or one too long for the plan.
        """
        chosen = _chosen(settings, changes)
        points = torch.as_tensor(path, dtype=torch.float32)
        made = paths.follow(self.maker, points, plan, chosen, on_step=on_step)
        motion = self._finish(made, plan.segments, chosen, {"edit": "follow", "path": points.tolist()})
        return self.maker.standing(motion, chosen)

    def reach(
        self, plan: Plan, place: tuple[float, float], *, heading: float | None = None,
        settings: GenerateSettings | None = None, on_step: OnStep | None = None, **changes: Any,
    ) -> Motion:  # fmt: skip
        """A planned motion that ends at a place, facing a given way (`paths.reach`).

        Raises:
            ValueError: a place too far away for the plan.
        """
        chosen = _chosen(settings, changes)
        made = paths.reach(self.maker, place, heading, plan, chosen, on_step=on_step)
        about = {"edit": "reach", "to": list(place), "heading": heading}
        return self.maker.standing(self._finish(made, plan.segments, chosen, about), chosen)

    def _finish(
        self, features: Tensor, segments: Sequence[Segment], settings: GenerateSettings, about: dict[str, Any]
    ) -> Motion:
        return self.maker.motion(features, segments, {**self.maker.describe(settings), **about})


def _chosen(settings: GenerateSettings | None, changes: dict[str, Any]) -> GenerateSettings:
    return replace(settings or GenerateSettings(), **changes)


def _name(motion: Motion) -> str:
    """What a motion's file or model was called."""
    return str(motion.settings.get("source") or motion.settings.get("model") or "a motion")


def _around(made: Tensor, span: tuple[int, int], text: str) -> list[Segment]:
    """Segments: kept, new, kept."""
    start, end = span
    parts = [("kept", 0, start), (text or "new", start, end), ("kept", end, made.shape[1])]
    return [Segment(name, a, b) for name, a, b in parts if b > a]
