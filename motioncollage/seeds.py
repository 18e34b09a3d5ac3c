"""Where all noise comes from, training apart: one named stream of random numbers for each sample.

A stream is keyed by whole numbers: the user's seed, the number of the sample, what it is for. NumPy's `SeedSequence`
mixes the key into 128 bits, so no two keys that people use give the same numbers; PyTorch's own generator on the CPU
keeps 32 bits of its seed, of which any two may collide. Streams run on the CPU and in float32, so a GPU starts from
the same noise.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

START, RENEWED, SHARED = 0, 1, 2  # what noise is for

Key = tuple[int, ...]


def stream(key: Key) -> np.random.Generator:
    """Random numbers of a key of whole numbers from 0."""
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(key)))


def sample_keys(seed: int, samples: int) -> list[Key]:
    """Keys of the samples of one request. Sample i depends on `seed` and i alone, not on how many are made beside it."""
    return [(seed, number) for number in range(samples)]


class Noise:
    """Standard normal noise of a batch, every sample from a stream of its own."""

    def __init__(self, keys: Sequence[Key], *purpose: int, device: torch.device | str = "cpu") -> None:
        """Args:
        keys: of the samples.
        purpose: what the noise is for, such as START and the number of a window: further parts of the key.
        """
        if not keys:
            raise ValueError("noise for no samples; give at least one key")
        self.streams = [stream((*key, *purpose)) for key in keys]
        self.device = torch.device(device)

    def draw(self, *shape: int) -> Tensor:
        """Fresh noise [samples, *shape], float32."""
        drawn = [generator.standard_normal(shape, dtype=np.float32) for generator in self.streams]
        return torch.from_numpy(np.stack(drawn)).to(self.device)

    def __call__(self, like: Tensor) -> Tensor:
        """Fresh noise shaped like a batch [samples, ...] of these samples (`sampling.noise.NoiseSource`)."""
        if len(like) != len(self.streams):
            raise ValueError(f"noise of {len(self.streams)} samples for a batch of {len(like)}")
        return self.draw(*like.shape[1:]).to(like.dtype)
