"""Motion put together of parts: some are kept as they are, all between them is made, each run of it at once.

What the single edits do in one place (`known`: extend, in-between, replace), this does along a whole timeline, and round
a loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.editing import known
from mdm_adapter.editing.arrival import Arrival, onward
from mdm_adapter.editing.known import Script
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.representation.protocol import StandingWay
from motioncollage.sampling.noise import OnStep


@dataclass(frozen=True)
class New:
    """A stretch that is made.

    Attributes:
        script: what it shows.
        arrival: what its way must come to; None where it is free.
    """

    script: Script
    arrival: Arrival | None = None


Part = Tensor | New
"""Kept features [frames, width], not normalised, or what is new."""


def assemble(
    maker: Maker, parts: Sequence[Part], settings: GenerateSettings, *, cyclic: bool = False,
    on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Features [samples, frames, width] of parts one after the other.

    Args:
        parts: neighbours that are both kept flow into each other as they are; no two that are new stand side by side.
        cyclic: the last part flows into the first.
        on_step: counts the steps of all runs.

    Raises:
        ValueError: nothing is kept in a cycle, or the representation holds places and has no cycles to keep.
    """
    first = 0
    if cyclic:
        if isinstance(maker.representation.way, StandingWay):
            raise ValueError("loops of this model cannot be kept in part; make the loop anew")
        first = next((i for i, part in enumerate(parts) if not isinstance(part, New)), -1)
        if first < 0:
            raise ValueError("nothing of the loop is kept; make it anew")
    turned = [*parts[first:], *parts[:first]]
    runs, done = sum(isinstance(part, New) for part in parts), 0

    def step(now: int, steps: int) -> None:
        if on_step:
            on_step(done * steps + now, runs * steps)

    seen = known.context(maker)
    whole: Tensor | None = None
    kept: Tensor | None = None  # what was kept last, where it stands
    gap = 0
    for number, part in enumerate(turned):
        if not isinstance(part, New):
            placed = part if kept is None else onward(maker.representation, kept, part, gap)
            kept, gap = placed, 0
            made = placed.expand(settings.samples, -1, -1)
        else:
            following = turned[number + 1] if number + 1 < len(turned) else turned[0] if cyclic else None
            gap = part.script.frames
            nothing = torch.zeros(0, maker.representation.width)
            before = nothing if kept is None else kept[-seen:]
            after = nothing
            if isinstance(following, Tensor):
                after = following if kept is None else onward(maker.representation, kept, following, gap)
            made = known.between(maker, before, after[:seen], part.script, settings, step, part.arrival)
            done += 1
        whole = made if whole is None else torch.cat((whole, made), dim=1)
    assert whole is not None
    before_first = sum(part.script.frames if isinstance(part, New) else len(part) for part in parts[:first])
    return whole.roll(before_first, dims=1)
