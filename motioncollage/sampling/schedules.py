"""Noise schedules: the discrete variance-preserving one of MDM and DDPM, and the continuous ones in sigma.

A noisy sample is alpha x0 + sigma eps. On variance-preserving schedules alpha^2 + sigma^2 = 1; in the convention of
Karras et al. 2022 ("EDM") alpha = 1. Everything here is float64.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

MAX_BETA = 0.999
MAX_STEPS = 100_000


def cosine_betas(steps: int) -> Tensor:
    """Betas [steps] of Nichol & Dhariwal 2021: alpha-bar(t) = cos^2((t + 0.008) / 1.008 * pi / 2)."""
    levels = [math.cos((i / steps + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(steps + 1)]
    return torch.tensor([min(1 - b / a, MAX_BETA) for a, b in zip(levels, levels[1:])], dtype=torch.float64)


def linear_betas(steps: int) -> Tensor:
    """Betas [steps] of Ho et al. 2020, scaled so that any number of steps ends at the same noise."""
    scale = 1000 / steps
    if scale * 0.02 >= 1:
        raise ValueError(
            f"a linear noise schedule of {steps} steps reaches beta {scale * 0.02:g}; use more than 20"
        )
    return torch.linspace(scale * 1e-4, scale * 0.02, steps, dtype=torch.float64)


_BETAS = {"cosine": cosine_betas, "linear": linear_betas}


@dataclass(frozen=True)
class VPSchedule:
    """A discrete variance-preserving schedule.

    Attributes:
        betas: [steps], float64.
        timesteps: [steps], int64: what the network is told at each step; differs from 0, 1, ... when the schedule
            visits only some steps of a longer one.
    """

    betas: Tensor
    timesteps: Tensor

    @classmethod
    @lru_cache(maxsize=32)
    def named(cls, name: str, steps: int) -> "VPSchedule":
        """The published schedule of that name: `cosine` or `linear`."""
        if name not in _BETAS:
            raise ValueError(f"noise schedule {name!r} is unknown; choose one of {', '.join(_BETAS)}")
        if not 1 <= steps <= MAX_STEPS:
            raise ValueError(
                f"a noise schedule of {steps} steps makes no sense; choose between 1 and {MAX_STEPS}"
            )
        return cls(_BETAS[name](steps), torch.arange(steps))

    def __len__(self) -> int:
        return len(self.betas)

    @property
    def alphas_cumprod(self) -> Tensor:
        """alpha-bar [steps]: squared signal level."""
        return torch.cumprod(1 - self.betas, dim=0)

    @property
    def alphas_cumprod_prev(self) -> Tensor:
        """alpha-bar one step closer to the data [steps]; the last step of sampling uses 1."""
        return torch.cat((self.betas.new_ones(1), self.alphas_cumprod[:-1]))

    @property
    def posterior_variance(self) -> Tensor:
        """Variance of q(x_{t-1} | x_t, x0) [steps], the fixed small one (Ho et al. 2020, eq. 7)."""
        return self.betas * (1 - self.alphas_cumprod_prev) / (1 - self.alphas_cumprod)

    @property
    def posterior_log_variance_clipped(self) -> Tensor:
        """Logarithm of it [steps]; step 0, where it is 0, borrows the value of step 1."""
        variance = self.posterior_variance
        first = variance[1:2] if len(self) > 1 else self.betas[:1]
        return torch.cat((first, variance[1:])).log()

    @property
    def posterior_mean_coefficients(self) -> tuple[Tensor, Tensor]:
        """Weights [steps] of x0 and of x_t in the mean of q(x_{t-1} | x_t, x0)."""
        signal, previous = self.alphas_cumprod, self.alphas_cumprod_prev
        of_clean = self.betas * previous.sqrt() / (1 - signal)
        of_noisy = (1 - previous) * (1 - self.betas).sqrt() / (1 - signal)
        return of_clean, of_noisy

    def alpha_sigma(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise level at steps of this schedule, any shape, float64."""
        signal = self.alphas_cumprod[steps]
        return signal.sqrt(), (1 - signal).sqrt()

    def respaced(self, sections: str | Sequence[int]) -> "VPSchedule":
        """The schedule that visits only some steps of this one, with the same alpha-bar there.

        Args:
            sections: `"ddim50"` for every (steps/50)-th step from 0; `"10,15"` or `[10, 15]` for that many steps, evenly
                and ends included, from equal parts of the schedule.

        Raises:
            ValueError: the steps cannot be had.
        """
        kept = spaced_steps(len(self), sections)
        signal = self.alphas_cumprod[kept]
        previous = torch.cat((signal.new_ones(1), signal[:-1]))
        return VPSchedule(1 - signal / previous, self.timesteps[kept])


def spaced_steps(steps: int, sections: str | Sequence[int]) -> Tensor:
    """Which of `steps` steps a respacing keeps, ascending, int64 (see `VPSchedule.respaced`)."""
    if isinstance(sections, str) and sections.startswith("ddim"):
        count = _whole(sections[4:], sections)
        strides = [s for s in range(1, steps) if len(range(0, steps, s)) == count]
        if not strides:
            raise ValueError(
                f"{sections!r}: no whole stride takes exactly {count} of {steps} steps; use '{count}'"
            )
        return torch.arange(0, steps, strides[0])
    counts = (
        [_whole(part, sections) for part in sections.split(",")]
        if isinstance(sections, str)
        else list(sections)
    )
    if not counts:
        raise ValueError("no sections; give at least one number of steps")
    size, extra = divmod(steps, len(counts))
    kept: list[int] = []
    first = 0
    for i, count in enumerate(counts):
        length = size + (1 if i < extra else 0)
        if not 1 <= count <= length:
            raise ValueError(f"cannot take {count} steps from a section of {length}; ask for 1 to {length}")
        stride = 1.0 if count == 1 else (length - 1) / (count - 1)
        # Accumulated, not multiplied: the published code adds up, and rounding must agree with it.
        place = 0.0
        for _ in range(count):
            kept.append(first + round(place))
            place += stride
        first += length
    return torch.tensor(sorted(set(kept)))


def _whole(text: str, sections: object) -> int:
    if not text.strip().isdigit():
        raise ValueError(f"sections {sections!r} are not 'ddimN' or whole numbers with commas")
    return int(text)


@dataclass(frozen=True)
class SigmaSchedule:
    """Noise levels of Karras et al. 2022, eq. 5: rho-spaced from sigma_max down to sigma_min."""

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < math.inf:
            raise ValueError(
                f"sigma_min {self.sigma_min} and sigma_max {self.sigma_max} must rise from above 0"
            )

    def sigmas(self, steps: int) -> Tensor:
        """Levels [steps], descending, float64, without the final 0."""
        if steps < 2:
            raise ValueError(f"{steps} steps; the sigma schedule needs at least 2")
        ramp = torch.arange(steps, dtype=torch.float64) / (steps - 1)
        high, low = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        return (high + ramp * (low - high)) ** self.rho
