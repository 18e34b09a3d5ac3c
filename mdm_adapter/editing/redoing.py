"""Whole motions done over: in another manner, or with new detail."""

from dataclasses import replace

from torch import Tensor

from mdm_adapter.editing.known import Script, plan_of
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.making import Redone
from motioncollage.collage.conditioning import BlockMean, Replacement
from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.noise import OnStep


def restyle(
    maker: Maker, motion: Tensor, text: str, strength: float, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """SDEdit (Meng et al. 2022): noise a motion [T, width] up to `strength` of the levels, denoise it under a text.

    Args:
        strength: 0 keeps the motion, 1 forgets it.
    """
    clean = maker.model.normalise(motion.to(maker.device).float())
    plan = plan_of(maker, Script(((text, len(motion)),)), settings)
    job = maker.job(plan, settings, start=motion[0], on_step=on_step)
    return maker.make(replace(job, redone=Redone(clean, strength)))


def detail(
    maker: Maker, motion: Tensor, block: int, text: str, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, T, width] with the means of every `block` frames of a motion [T', width], and detail of the model's own.

    A rough blocking becomes fluent, a coarse recording fine; T is T' without what is no whole block.

    Raises:
        ValueError: a block that is longer than the motion, or of one frame, which would leave nothing to make.
    """
    if len(motion) < 2:
        raise ValueError(f"the motion has {len(motion)} frames; its detail is what at least 2 differ by")
    if not 2 <= block <= len(motion):
        raise ValueError(f"block is {block} frames; choose 2 to {len(motion)}, the length of the motion")
    kept = motion[: len(motion) // block * block].to(maker.device).float()
    means = BlockMean(block, 1)
    value = means.apply(maker.model.normalise(kept)[None])

    def conditioned(collage: Composed) -> Composed:
        return Replacement(collage, means, value)

    plan = plan_of(maker, Script(((text, len(kept)),)), settings)
    return maker.make(maker.job(plan, settings, conditioned=conditioned, start=kept[0], on_step=on_step))
