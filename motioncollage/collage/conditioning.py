"""Conditioning on anything linear, y = H u (paper, appendix C.1): replacement and reconstruction.

Both wrap a composed denoiser, so they work alike on a plain denoiser (outpainting window by window) and on a collage
(in-betweening, edits, in-painting of big things).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Composed, NoiseLevel

Weight = Callable[[NoiseLevel], float]


class Observation(Protocol):
    """A linear map H of samples [batch, ...]."""

    def apply(self, x: Tensor) -> Tensor:
        """y = H x."""
        ...

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """H+ y, shaped like a sample."""
        ...


@dataclass(frozen=True)
class Mask:
    """Observes some entries: `known` is 1 or True there, broadcastable to a sample [batch, ...]."""

    known: Tensor

    def apply(self, x: Tensor) -> Tensor:
        return x * self.known.to(x)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        return y * self.known.to(y)


@dataclass(frozen=True)
class BlockMean:
    """A low-pass: observes the means of blocks of `size` neighbours along `axis`, such as every fifth frame's worth."""

    size: int
    axis: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"block size is {self.size}; it must be at least 1")

    def apply(self, x: Tensor) -> Tensor:
        length = x.shape[self.axis]
        if length % self.size:
            raise ValueError(
                f"{length} sites along axis {self.axis} do not divide into blocks of {self.size}; crop the sample"
            )
        return x.unflatten(self.axis, (length // self.size, self.size)).mean(self._inner(x.ndim))

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        # The pseudo-inverse of averaging is repeating: H H+ = 1, and H+ H is the projection on block-wise constants.
        return y.repeat_interleave(self.size, dim=self.axis)

    def _inner(self, ndim: int) -> int:
        return self.axis + 1 if self.axis >= 0 else ndim + self.axis + 1


@dataclass(frozen=True)
class Separable:
    """Maps along different axes, one after the other, such as means of blocks of rows and of columns.

    As they act along axes of their own, the pseudo-inverse of all is theirs, one after the other.
    """

    parts: tuple[Observation, ...]

    def apply(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part.apply(x)
        return x

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        for part in reversed(self.parts):
            y = part.pseudo_inverse(y)
        return y


@dataclass(frozen=True)
class Linear:
    """Any linear map, given with its transpose; the pseudo-inverse is found by conjugate gradients on H H^T.

    Attributes:
        forward: y = H x.
        transpose: H^T y, shaped like a sample.
        iterations: of the conjugate gradients; as many as y has distinct directions is always enough.
    """

    forward: Callable[[Tensor], Tensor]
    transpose: Callable[[Tensor], Tensor]
    iterations: int = 50
    tolerance: float = 1e-7

    def apply(self, x: Tensor) -> Tensor:
        return self.forward(x)

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        solution = torch.zeros_like(y)
        residual = y.clone()
        direction = residual.clone()
        energy = (residual * residual).sum()
        limit = self.tolerance**2 * float(energy)
        for _ in range(self.iterations):
            if float(energy) <= limit:
                break
            image = self.forward(self.transpose(direction))
            curvature = (direction * image).sum()
            if float(curvature) <= 0:
                break  # what is left lies where H has no effect
            step = energy / curvature
            solution = solution + step * direction
            residual = residual - step * image
            energy, before = (residual * residual).sum(), energy
            direction = residual + energy / before * direction
        return self.transpose(solution)


@dataclass(frozen=True)
class Replacement:
    """Algorithm 4: the observed part of every clean prediction is replaced, u0 + H+ (y - H u0).

    Attributes:
        least: noise-to-signal ratio below which nothing is replaced any more: what is observed led the way, and may
            then be a little wrong.
    """

    denoiser: Composed
    observation: Observation
    value: Tensor
    least: float = 0.0

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        clean = self.denoiser(x, level)
        if level.sigma < self.least * level.alpha:
            return clean
        return clean + self.observation.pseudo_inverse(self.value.to(clean) - self.observation.apply(clean))


def posterior_weight(scale: float = 1.0) -> Weight:
    """The schedule of lambda for data of variance 1: scale / (2 r^2), with r^2 = sigma^2 / (alpha^2 + sigma^2).

    r^2 is the variance of u0 given u_t. For H with orthonormal rows and data of unit covariance, scale 1 makes
    `Reconstruction` the score of the true posterior (pseudo-inverse guidance, Song et al. 2023); 0 switches it off.
    """

    def weight(level: NoiseLevel) -> float:
        return scale * (level.alpha**2 + level.sigma**2) / (2 * level.sigma**2)

    return weight


@dataclass(frozen=True)
class Reconstruction:
    """Algorithm 5: the score loses lambda_t times the gradient of ||H u0(u_t) - y||^2.

    The paper prints the gradient with a plus; descending the error takes a minus, as a Gaussian whose posterior is
    known confirms. The gradient runs through the denoiser, so an evaluation costs about three times as much.

    A step is never longer than brings the observed part of the prediction nearest to y: where many observed entries
    move together, as in motion, a variance for each of them alone overshoots without bound. For a Gaussian with the
    exact weight that bound is met exactly and changes nothing.
    """

    denoiser: Composed
    observation: Observation
    value: Tensor
    weight: Weight = field(default_factory=posterior_weight)

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            clean = self.denoiser(x, level)
            error = self.observation.apply(clean) - self.value.to(clean)
            if not error.requires_grad:
                raise ValueError(
                    "the model's prediction carries no gradient, which reconstruction needs; do not compute it under"
                    " no_grad where x requires a gradient"
                )
            (gradient,) = torch.autograd.grad(error.square().sum(), x)
        clean, error = clean.detach(), error.detach()
        # D = (x + sigma^2 score) / alpha, so a change of the score changes D by sigma^2 / alpha of it.
        change = -(level.sigma**2) / level.alpha * self.weight(level) * gradient
        moved = self.observation.apply(change)
        toward = _per_sample(moved * -error)
        share = (toward / _per_sample(moved * moved).clamp_min(1e-30)).clamp(0, 1)
        return clean + share.view(-1, *[1] * (x.ndim - 1)) * change


def _per_sample(values: Tensor) -> Tensor:
    """Sums [batch] over all but the first axis."""
    return values.flatten(1).sum(dim=1)
