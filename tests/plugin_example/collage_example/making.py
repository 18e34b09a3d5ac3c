"""A method, a sampler and a splitter."""

import torch
from torch import Tensor

from mdm_adapter.prompts import Action
from motioncollage.methods import Job, Made, Method
from motioncollage.sampling.samplers import Run, Sampler


def _same_noise(job: Job) -> Made:
    """Every part on its own, all from the same noise, unjoined."""
    made = [job.sample(job.alone(i), sites, draw=0) for i, sites in enumerate(job.parts)]
    ends = [sum(job.parts[:i]) for i in range(1, len(job.parts))]
    return Made(torch.cat(made, dim=job.axis), tuple(ends))


def _fixed_noise(run: Run) -> Tensor:
    """Guess what is clean, put the noise of the start back in, at every level anew."""
    noise = run.x / run.levels[0].sigma
    clean, total = run.denoiser(run.x, run.levels[0]), len(run.levels)
    for done, level in enumerate(run.levels[1:], 1):
        if run.on_step:
            run.on_step(done, total)
        clean = run.denoiser(level.alpha * clean + level.sigma * noise, level)
    if run.on_step:
        run.on_step(total, total)
    return clean


def split_at_plus(prompt: str) -> list[Action]:
    """`walk + run` -> two actions."""
    return [Action(part.strip()) for part in prompt.split("+") if part.strip()]


SAME_NOISE = Method(_same_noise)
FIXED_NOISE = Sampler(_fixed_noise)
