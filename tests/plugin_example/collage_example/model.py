"""A motion model that is not MDM: a few random convolutions over 52 numbers a frame, 60 noise levels, 30 frames a second."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from collage_example.body import FPS, HEAD, STANDING, WIDTH, Stick
from collage_example.sources import settings_of
from mdm_adapter.models.protocol import MotionDefaults
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.pipeline import MotionPipeline
from motioncollage.collage.guidance import Guidance
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.schedules import VPSchedule


class StickDenoiser(nn.Module):
    """`Denoiser`: clean pieces [batch, frames, 52] from noisy ones, under letters."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.inner = nn.Conv1d(WIDTH, 24, 7, padding=3, padding_mode="replicate")
            self.outer = nn.Conv1d(24, WIDTH, 7, padding=3, padding_mode="replicate")
            self.text = nn.Linear(26, 24)
        self.longest: int | None = None
        self.requires_grad_(False)  # of the weights; edits differentiate by x

    def forward(self, x: Tensor, level: object, conditions: Sequence[Tensor | None]) -> Tensor:
        if self.longest and x.shape[1] > self.longest:
            raise ValueError(f"a piece has {x.shape[1]} frames; this model knows at most {self.longest}")
        rows = [torch.zeros(26) if condition is None else condition for condition in conditions]
        told = self.text(torch.stack(rows).to(x))[:, :, None]
        return self.outer(torch.tanh(self.inner(x.transpose(1, 2)) + told)).transpose(1, 2)


class StickModel:
    """`MotionModel` of random weights."""

    longest = 150
    matcher = None
    defaults = MotionDefaults(Guidance(1.5), piece=90, overlap=15)

    def __init__(
        self, name: str, device: torch.device, *, seed: int, steps: int, blind: bool = False
    ) -> None:
        self.name, self.device = name, device
        self.representation = Stick(name="stick-blind", way=None) if blind else Stick()
        self.network = StickDenoiser(seed).to(device)
        self.encoder = load_text_encoder("letters")
        self.schedule = VPSchedule.named("linear", steps)
        self.identity = f"stick {seed} {steps} {blind}"
        self.mean = torch.zeros(WIDTH, device=device)
        self.mean[2], self.mean[3] = 1.2 / FPS, 0.95
        self.mean[HEAD:] = torch.tensor(STANDING, device=device).flatten()
        self.std = torch.full((WIDTH,), 0.05, device=device)
        self.std[:3] = torch.tensor([0.02, 0.003, 0.01])

    def levels(self, spacing: float) -> DiscreteLevels:
        return DiscreteLevels(self.schedule, spacing)

    def denoiser(self, precision: str, *, beyond: bool = False) -> StickDenoiser:
        self.network.longest = None if beyond else self.longest
        return self.network

    def conditions(self, texts: Sequence[str]) -> list[Tensor | None]:
        tokens = self.encoder.encode(list(texts)).tokens[:, 0].to(self.device)
        return [row if text else None for text, row in zip(texts, tokens)]

    def normalise(self, features: Tensor) -> Tensor:
        return (features - self.mean.to(features)) / self.std.to(features)

    def denormalise(self, motion: Tensor) -> Tensor:
        return motion * self.std.to(motion) + self.mean.to(motion)


def load(folder: Path | None, device: torch.device, name: str) -> MotionPipeline:
    """With random weights where there is no folder, with those of its seed where there is one."""
    chosen = settings_of(folder) if folder else {"seed": 1, "steps": 60}
    return MotionPipeline(StickModel(name, device, **chosen, blind=name == "stick-blind"))
