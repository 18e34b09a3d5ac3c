#!/usr/bin/env python3
"""How far pieces of a chain know of each other (paper, appendix D): study_reach.py [--out docs/studies].

In closed form: a Gaussian chain whose pieces and overlaps have exact denoisers, so that only composition and sampler
err. And on the bundled model: the noise of the first piece is exchanged, and what moves in the others is measured.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.pipeline import GenerateSettings, MotionPipeline
from mdm_adapter.prompts import Action
from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.collage.layouts import chain
from motioncollage.files import atomic_path, write_text
from motioncollage.models import load_model
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.noise import gaussian
from motioncollage.sampling.registry import PRESETS, SamplerSettings, sample
from motioncollage.sampling.schedules import VPSchedule

PIECE, OVERLAP, PIECES = 20, 10, 16
LENGTH = 100.0  # sites over which the correlation falls to 1 / e: ten pieces hang together
DRAWS = 2000  # of samplers that renew noise; a correlation is then known to 0.02
DISTANCES = (1, 2, 3, 4, 6, 8)
STEPS = (3, 5, 10, 20, 50, 200, 500)
MODEL_PIECES, MODEL_SAMPLES = 11, 2
MODEL_STEPS = (3, 5, 10, 30)


@dataclass(frozen=True)
class GaussianDenoiser:
    """Exact clean prediction of a stationary Gaussian chain with correlation exp(-distance / length)."""

    length: float

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        place = torch.arange(x.shape[1], dtype=x.dtype)
        covariance = (-(place[:, None] - place).abs() / self.length).exp()
        noisy = level.alpha**2 * covariance + level.sigma**2 * torch.eye(len(place), dtype=x.dtype)
        return level.alpha * covariance @ torch.linalg.solve(noisy, x)


def correlations(settings: SamplerSettings, taper: float) -> list[float]:
    """Between the middles of pieces `DISTANCES` apart, of what the sampler makes of the Gaussian chain."""
    graph = chain([PIECE] * PIECES, [OVERLAP] * (PIECES - 1), taper=taper)
    sites = graph.site_shape[0]
    renewed = settings.name == "ddpm" or settings.churn > 0
    composed = CollageDenoiser(
        GaussianDenoiser(LENGTH), graph, [None] * PIECES, axes=(1,), batch_limit=1 << 20
    )
    # A sampler of an ODE is linear here: what it makes of unit vectors says everything. Others are drawn from.
    generator = torch.Generator().manual_seed(0)
    start = (
        torch.randn(DRAWS, sites, 1, dtype=torch.float64, generator=generator)
        if renewed
        else torch.eye(sites, dtype=torch.float64)[:, :, None]
    )
    levels = DiscreteLevels(VPSchedule.named("cosine", 1000), settings.spacing)
    made = sample(composed, start, levels, settings, gaussian(generator))[..., 0]
    covariance = made.T @ made
    spread = covariance.diag().sqrt()
    correlation = covariance / spread / spread[:, None]
    stride = PIECE - OVERLAP
    middles = [k * stride + PIECE // 2 for k in range(PIECES)]
    found = []
    for distance in DISTANCES:
        pairs = [(a, b) for a, b in zip(middles[2:], middles[2 + distance : -2])]
        found.append(float(sum(correlation[a, b] for a, b in pairs) / len(pairs)))
    return found


def kinds(steps: int) -> dict[str, SamplerSettings]:
    """The samplers compared; the last renews as much noise as a step allows."""
    return {
        "ODE (dpm++)": SamplerSettings("dpm++", steps, spacing=3.0),
        "ancestral (ddpm)": SamplerSettings("ddpm", steps, spacing=3.0),
        "heun, all noise renewed": SamplerSettings("heun", steps, spacing=3.0, churn=0.41 * steps),
    }


def influence(pipeline: MotionPipeline, settings: SamplerSettings) -> list[float]:
    """How much of every piece moves when the noise of the first is another, relative to the first."""
    # In float32: rounding to bfloat16 would spread, too.
    generate = GenerateSettings(samples=MODEL_SAMPLES, sampler=settings, precision="float32")
    seconds = (MODEL_PIECES * 100 + 10) / 20
    plan = pipeline.plan([Action("a person walks forward")], generate, seconds=seconds)
    job = pipeline.job(plan, generate)
    collage, start, other = job.pieces("collage"), job.noise(plan.frames), job.noise(plan.frames, 1)
    own = plan.pieces[0].frames - plan.overlaps[0]
    changed = torch.cat((other[:, :own], start[:, own:]), dim=1)
    levels = pipeline.model.levels(settings.spacing)
    renewed = gaussian(torch.Generator().manual_seed(0))  # not read: these samplers renew none
    a, b = (sample(collage, noise, levels, settings, renewed) for noise in (start, changed))
    moved = (a - b).square().mean(dim=(0, 2))
    parts = [float(moved[p.start : p.start + p.frames].mean().sqrt()) for p in plan.pieces]
    return [part / parts[0] for part in parts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    arguments = parser.parse_args()
    truth = [math.exp(-(PIECE - OVERLAP) * k / LENGTH) for k in DISTANCES]
    chains: dict[str, dict[int, list[float]]] = {}
    for steps in STEPS:
        for name, settings in kinds(steps).items():
            chains.setdefault(name, {})[steps] = correlations(settings, taper=0.0)
            print(f"{steps} steps, {name}: {chains[name][steps]}", flush=True)
    pipeline: MotionPipeline = load_model("starter", medium="motion", device="cpu")
    moved: dict[str, list[float]] = {}
    for steps in MODEL_STEPS:
        moved[f"{steps} steps"] = influence(pipeline, replace(PRESETS["fast"].sampler, steps=steps))
        print(f"{steps} steps, bundled model: {moved[f'{steps} steps']}", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    numbers = {"distances": DISTANCES, "truth": truth, "chain": chains, "model": moved}
    write_text(arguments.out / "reach.json", json.dumps(numbers, indent=1) + "\n", force=True)
    write_text(arguments.out / "reach.table.md", table(truth, chains), force=True)
    with atomic_path(arguments.out / "reach.png", force=True) as target:
        plot(target, truth, chains, moved)


def table(truth: Sequence[float], chains: dict[str, dict[int, list[float]]]) -> str:
    """Correlation by distance, a row for every sampler and number of steps."""
    rows = [
        "| sampler | steps | " + " | ".join(f"{k} apart" for k in DISTANCES) + " |",
        "|---|---|" + "---|" * len(DISTANCES),
    ]
    for name, found in chains.items():
        for steps, values in found.items():
            rows.append(f"| {name} | {steps} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    rows.append("| truth | | " + " | ".join(f"{value:.2f}" for value in truth) + " |")
    return "\n".join(rows) + "\n"


def plot(
    path: Path,
    truth: Sequence[float],
    chains: dict[str, dict[int, list[float]]],
    moved: dict[str, list[float]],
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    near, far, model = figure.subplots(1, 3)
    near.plot(DISTANCES, truth, "k:", label="truth")
    for number, (name, found) in enumerate(chains.items()):
        for steps, style, label in ((10, "--", None), (STEPS[-1], "-", name)):
            near.plot(DISTANCES, found[steps], style, color=f"C{number}", label=label)
        away = DISTANCES.index(4)
        far.plot(STEPS, [found[steps][away] for steps in STEPS], "o-", ms=3, color=f"C{number}", label=name)
        far.axhline(truth[away], ls=":", color="k")
    for name, values in moved.items():
        model.plot(range(1, len(values) + 1), values, "o-", ms=3, label=name)
    far.set_xscale("log")
    model.set_yscale("log")
    near.set_ylim(-0.05, 1.35)
    far.set_ylim(-0.02, 0.95)
    for panel, title, below in (
        (near, f"correlation of pieces; dashed 10 steps, solid {STEPS[-1]}", "pieces apart"),
        (far, "... of pieces 4 apart, by steps", "steps"),
        (model, "what another noise in piece 1 moves (model)", "piece"),
    ):
        panel.set_title(title, fontsize=9, loc="left")
        panel.set_xlabel(below, fontsize=8)
        panel.tick_params(labelsize=7)
        panel.legend(fontsize=6, frameon=False, loc="upper right")
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
