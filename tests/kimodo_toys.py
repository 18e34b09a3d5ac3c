"""Kimodo for tests: the fixtures in our layout, toy networks with Gaussian weights, and windows of a known law."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from paths import golden
from safetensors.torch import save_file
from torch import Tensor

from mdm_adapter.models.kimodo.geometry import axis_angle_to_matrix
from mdm_adapter.models.kimodo.network import KimodoNetwork, NetworkConfig, Text
from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30, Skeleton, smplx22
from mdm_adapter.models.kimodo.statistics import GROUPS, Statistics
from mdm_adapter.models.text import TextEmbedding
from mdm_adapter.models.text.protocol import sentence_embedding
from motioncollage.collage.denoiser import NoiseLevel

VARIANTS = ("soma30", "smplx22")
LEVEL = NoiseLevel(0.6, 0.8, 500.0)
FPS = 30


def arrays(name: str) -> dict[str, Tensor]:
    """The numbers of a fixture."""
    with np.load(golden(name), allow_pickle=False) as archive:
        return {
            key: torch.from_numpy(archive[key]) for key in archive.files if archive[key].dtype.kind in "fibu"
        }


def skeleton(variant: str) -> Skeleton:
    """The skeleton of a variant; SMPL-X's joints lie beside the repository only."""
    if variant == "soma30":
        return SOMA30
    return smplx22(arrays("kimodo_skeletons.npz")["smplx22/neutral_joints"])


def statistics_of(data: dict[str, Tensor]) -> Statistics:
    return Statistics.of_groups({g: (data[f"stats/{g}/mean"], data[f"stats/{g}/std"]) for g in GROUPS})


def golden_config(**changes: Any) -> NetworkConfig:
    """The sizes of the fixtures' networks."""
    sizes = {
        "text_width": 24,
        "text_tokens": 5,
        "latent_dim": 32,
        "ff_size": 64,
        "num_layers": 2,
        "num_heads": 4,
    }
    return NetworkConfig(**{**sizes, **changes})


def golden_network(variant: str, **changes: Any) -> tuple[KimodoNetwork, dict[str, Tensor]]:
    """A fixture's network with its weights, and the fixture."""
    data = arrays(f"kimodo_network_{variant}.npz")
    network = KimodoNetwork(golden_config(**changes), Representation(skeleton(variant)), statistics_of(data))
    network.load_state_dict({key[6:]: value for key, value in data.items() if key.startswith("state/")})
    return network.eval().requires_grad_(False), data


def published_config(variant: str) -> dict[str, Any]:
    with np.load(golden(f"kimodo_network_{variant}.npz"), allow_pickle=False) as archive:
        found: dict[str, Any] = json.loads(str(archive["config_json"]))
    return found


def text_rows(features: Tensor, valid: Tensor) -> list[TextEmbedding]:
    """Conditions from a fixture's text tokens [batch, tokens, width] and their mask (True: there)."""
    return [TextEmbedding(tokens, ~there) for tokens, there in zip(features, valid)]


def toy_statistics(width: int = 9 + 12 * 30) -> Statistics:
    """Random statistics whose deviations are neither tiny nor huge."""
    generator = torch.Generator().manual_seed(3)
    mean = 0.3 * torch.randn(width, generator=generator)
    std = 0.5 + torch.rand(width, generator=generator)
    return Statistics(mean, std, mean[:4], std[:4])


def toy_network(**changes: Any) -> KimodoNetwork:
    """A small network of SOMA whose weights are Gaussian."""
    sizes = {
        "text_width": 8,
        "text_tokens": 3,
        "latent_dim": 16,
        "ff_size": 32,
        "num_layers": 1,
        "num_heads": 2,
    }
    network = KimodoNetwork(NetworkConfig(**{**sizes, **changes}), Representation(SOMA30), toy_statistics())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            spread = 1.5 / math.sqrt(parameter.shape[1]) if parameter.ndim == 2 else 0.3
            parameter.copy_(spread * values + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
    return network.eval().requires_grad_(False)


def clip(frames: int, seed: int, *, fast: float = 0.02) -> tuple[Tensor, Tensor]:
    """Rotations [frames, 30, 3, 3] and root path [frames, 3] of a body that writhes along a random way."""
    generator = torch.Generator().manual_seed(seed)
    bend = 0.03 * torch.randn(frames, 30, 3, generator=generator, dtype=torch.float64).cumsum(0)
    root = fast * torch.randn(frames, 3, generator=generator, dtype=torch.float64).cumsum(0)
    return axis_angle_to_matrix(bend), root + torch.tensor([0.0, 0.95, 0.0])


class ToyEncoder:
    """A text encoder whose sentences are random numbers of their own."""

    def __init__(self, width: int = 8) -> None:
        self.width = width
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> TextEmbedding:
        self.asked += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in texts]
        rows = [torch.randn(self.width, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return sentence_embedding(torch.stack(rows) if rows else torch.zeros(0, self.width))


def sentence(text: str, width: int = 8) -> TextEmbedding:
    embedding = ToyEncoder(width).encode([text])
    return TextEmbedding(embedding.tokens[0], embedding.padding[0])


def plain(
    network: KimodoNetwork, x: Tensor, heading: Tensor, text: TextEmbedding | None, **known: Tensor
) -> Tensor:
    """The bare network at `LEVEL` on windows that have one text."""
    rows = len(x)
    tokens = (
        torch.zeros(rows, 1, network.config.text_width) if text is None else text.tokens.expand(rows, -1, -1)
    )
    padding = torch.zeros(rows, tokens.shape[1], dtype=torch.bool)
    dropped = torch.full((rows,), text is None)
    steps = torch.full((rows,), round(LEVEL.timestep))
    return network(x, steps, Text(tokens.to(x), padding, dropped), heading.to(x), **known)


class WalkingLaw:
    """In the place of a denoiser: the exact posterior mean of windows that walk a random way from their origin.

    Velocities are a stationary first-order autoregression about 1 m/s, so a walk is Markov in two frames, and windows
    that share more determine it. Width 9, of which x and z walk; the heading is 0.
    """

    WIDTH = 9

    def __init__(self, *, deviation: float = 0.6, memory: float = 20.0) -> None:
        mean = torch.linspace(-0.4, 0.5, self.WIDTH, dtype=torch.float64)
        std = torch.full((self.WIDTH,), 1.5, dtype=torch.float64)
        self.statistics = Statistics(mean, std, mean[:4], std[:4])
        self.network = SimpleNamespace(
            statistics=self.statistics, representation=SimpleNamespace(width=self.WIDTH)
        )
        self.deviation, self.memory = deviation / FPS, memory
        self.calls = 0
        self._laws: dict[int, tuple[Tensor, Tensor]] = {}
        self._gains: dict[tuple[float, ...], Tensor] = {}

    def law(self, frames: int) -> tuple[Tensor, Tensor]:
        """Mean [frames] and covariance [frames, frames] of a walk in metres."""
        if frames in self._laws:
            return self._laws[frames]
        place = torch.arange(frames - 1, dtype=torch.float64)
        rho = math.exp(-1 / self.memory)
        velocities = self.deviation**2 * rho ** (place[:, None] - place).abs()
        sums = torch.tril(torch.ones(frames, frames - 1, dtype=torch.float64), -1)
        self._laws[frames] = torch.arange(frames, dtype=torch.float64) / FPS, sums @ velocities @ sums.T
        return self._laws[frames]

    def posterior(self, x: Tensor, level: NoiseLevel, channel: int, ground: Tensor | None = None) -> Tensor:
        """Clean walk from a noisy one [batch, frames], both normalised, that begins at `ground` [batch] metres."""
        scale, middle = self.statistics.scale[channel], self.statistics.mean[channel]
        start = 0.0 if ground is None else ground[:, None] / scale
        expected = (self.law(x.shape[1])[0] - middle) / scale + start
        return expected + (x - level.alpha * expected) @ self.gain(x.shape[1], level, channel)

    def gain(self, frames: int, level: NoiseLevel, channel: int, *, doubt: float = 0.0) -> Tensor:
        """What a posterior mean makes of surprise [frames, frames]; `doubt` is a variance of where windows begin."""
        key = (frames, level.alpha, channel, doubt)
        if key not in self._gains:
            spread = (self.law(frames)[1] + doubt) / self.statistics.scale[channel] ** 2
            noisy = level.alpha**2 * spread + level.sigma**2 * torch.eye(frames, dtype=torch.float64)
            self._gains[key] = level.alpha * torch.linalg.solve(noisy, spread)
        return self._gains[key]

    def __call__(
        self,
        x: Tensor,
        level: NoiseLevel,
        conditions: Sequence[Any],
        *,
        headings: Any = None,
        observed: Any = None,
    ) -> Tensor:
        self.calls += len(x)
        clean = torch.zeros_like(x)
        clean[..., 3] = (1 - self.statistics.mean[3]) / self.statistics.scale[3]
        clean[..., 4] = -self.statistics.mean[4] / self.statistics.scale[4]
        for channel in (0, 2):
            clean[..., channel] = self.posterior(x[..., channel], level, channel)
        return clean


FOLDER_CONFIG = """\
_target_: kimodo.model.Kimodo
num_base_steps: 1000
cfg_type: separated
text_encoder: {_target_: kimodo.model.LLM2VecEncoder, latent_dim: 7}
denoiser:
  _target_: kimodo.model.TwostageDenoiser
  ckpt_path: ${checkpoint_dir}/model.safetensors
  motion_mask_mode: concat
  motion_rep:
    fps: 30
    stats_path: ${oc.select:checkpoint_dir}/stats/motion/
    skeleton: {_target_: kimodo.skeleton.SOMASkeleton30}
  llm_shape: [1, 8]
  num_text_tokens_override: 3
  use_text_mask: false
  latent_dim: 16
  ff_size: 32
  num_layers: 1
  num_heads: 2
  activation: gelu
  dropout: 0.1
  input_first_heading_angle: true
"""


def toy_folder(folder: Path) -> Path:
    """A hub folder of the toy network."""
    network = toy_network()
    folder.mkdir()
    (folder / "config.yaml").write_text(FOLDER_CONFIG, encoding="utf-8")
    prefixed = {f"denoiser.backbone.{name}": value for name, value in network.state_dict().items()}
    save_file(prefixed, folder / "model.safetensors")
    statistics = network.statistics
    groups = {
        "global_root": (statistics.mean[:5], statistics.std[:5]),
        "local_root": (statistics.local_mean, statistics.local_std),
        "body": (statistics.mean[5:], statistics.std[5:]),
    }
    for name, pair in groups.items():
        (folder / "stats" / "motion" / name).mkdir(parents=True)
        for part, values in zip(("mean", "std"), pair):
            np.save(folder / "stats" / "motion" / name / f"{part}.npy", values.double().numpy())
    return folder
