"""Whole motions done over: in another manner, or with new detail."""

import torch
from torch import Tensor

from mdm_adapter.editing.known import Script, plan_of, start_of
from mdm_adapter.pipeline import GenerateSettings, MotionPipeline
from motioncollage.collage.conditioning import BlockMean, Replacement
from motioncollage.sampling.registry import sample
from motioncollage.sampling.solvers import DiscreteLevels, OnStep, gaussian, level_of, sample_dpm, sample_eta


def restyle(
    pipeline: MotionPipeline, motion: Tensor, text: str, strength: float, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """SDEdit (Meng et al. 2022): noise a motion [T, 263] up to `strength` of the schedule, denoise it under a text.

    Args:
        strength: 0 keeps the motion, 1 forgets it.
    """
    if not 0 < strength <= 1:
        raise ValueError(
            f"strength is {strength:g}; choose above 0 (nothing changes) and up to 1 (nothing is kept)"
        )
    script = Script(((text, len(motion)),))
    # Even steps from there: what the highest noise decides is settled already.
    first, steps = strength * (len(pipeline.schedule) - 1), settings.sampler.steps
    places = sorted({round(first * (1 - i / steps)) for i in range(steps)}, reverse=True)
    kept = [level_of(pipeline.schedule, place) for place in places]
    clean = pipeline.normalisation.apply(motion.to(pipeline.device).float())
    noisy = kept[0].alpha * clean + kept[0].sigma * start_of(pipeline, script, settings)
    denoiser = pipeline.compose(plan_of(pipeline, script, settings), settings)
    generator = torch.Generator().manual_seed(settings.seed)
    if settings.sampler.name == "dpm++":
        made = sample_dpm(denoiser, noisy, kept, on_step=on_step)
    else:
        noise = gaussian(generator)
        made = sample_eta(denoiser, noisy, kept, eta=settings.sampler.eta, noise=noise, on_step=on_step)
    return pipeline.normalisation.undo(made).cpu()


def detail(
    pipeline: MotionPipeline, motion: Tensor, block: int, text: str, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, T, 263] with the means of every `block` frames of a motion [T', 263], and detail of the model's own.

    A rough blocking becomes fluent, a coarse recording fine; T is T' without what is no whole block.

    Raises:
        ValueError: a block that is longer than the motion, or of one frame, which would leave nothing to make.
    """
    if not 2 <= block <= len(motion):
        raise ValueError(f"block is {block} frames; choose 2 to {len(motion)}, the length of the motion")
    kept = motion[: len(motion) // block * block].to(pipeline.device).float()
    script = Script(((text, len(kept)),))
    means = BlockMean(block, 1)
    value = means.apply(pipeline.normalisation.apply(kept)[None])
    denoiser = Replacement(pipeline.compose(plan_of(pipeline, script, settings), settings), means, value)
    levels = DiscreteLevels(pipeline.schedule, settings.sampler.spacing)
    generator = torch.Generator().manual_seed(settings.seed)
    start = start_of(pipeline, script, settings)
    made = sample(denoiser, start, levels, settings.sampler, generator, on_step=on_step)
    return pipeline.normalisation.undo(made).cpu()
