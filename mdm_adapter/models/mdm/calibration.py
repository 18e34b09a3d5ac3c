"""A trained network's systematic errors, taken out by least squares over recordings: its last, linear, layer.

A network that predicts the clean motion must carry through its layers what it sees anyway where there is little
noise, and loses some of it; and what is small in every frame, such as the velocity of a turn, it predicts too small at
any noise. Both errors are linear in what is known, the noisy motion y = x / alpha and the prediction p, so the best
correction of that form,

    p + seen * (y - p) + said * p,

has a closed form: for every noise level, frequency and feature the regression of the error on (y - p, p) over
training clips. Where p is the posterior mean already, both are 0 (then y - p is noise); where p were the prior mean of
a Gaussian process, the correction is the Wiener filter. Frequencies are those of the cosine transform of a window, in
bands, so that windows of all lengths share the numbers.

The ground is not linear: a foot that a regression lowers by a centimetre sinks in, and so does the hand of a cartwheel.
So features with a floor are kept above the lowest value of the clips; a posterior mean lies there too, being a mean of
such motions.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor, nn

# Upper ends of the bands in half-cycles a frame (the k-th cosine of n frames has k / n): at 20 frames a second the mean,
# then below 0.12, 0.25, 0.5, 1, 2 and 4 Hz, and the rest.
BANDS = (0.0, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4)
# Noise over signal of the levels that are measured; between them the numbers are interpolated in the logarithm.
RATIOS = (0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
# What a handful of clips says by chance is not believed: a ridge, relative to the noise and the network's error, for the
# first number, and a prior deviation for the second.
RIDGE, DEVIATION = 0.02, 0.3
NO_FLOOR = -6e4  # far below any normalised feature, and still a number in half precision


class Calibration(nn.Module):
    """The correction as a layer; see the module's text."""

    log_ratios: Tensor
    seen: Tensor
    said: Tensor
    lowest: Tensor

    def __init__(self, features: int) -> None:
        """All zeros and no floor, which corrects nothing."""
        super().__init__()
        # Logarithms by Python: on the meta device those of PyTorch import its compiler, which takes two seconds.
        self.register_buffer("log_ratios", torch.tensor([math.log(ratio) for ratio in RATIOS]))
        self.register_buffer("seen", torch.zeros(len(RATIOS), len(BANDS) + 1, features))
        self.register_buffer("said", torch.zeros(len(RATIOS), len(BANDS) + 1, features))
        self.register_buffer("lowest", torch.full((features,), NO_FLOOR))

    def forward(
        self, clean: Tensor, noisy: Tensor, alpha: Tensor, sigma: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """The corrected prediction.

        Args:
            clean, noisy: [batch, frames, features].
            alpha, sigma: of each sample's level, [batch].
            mask: True at the frames that count, [batch, frames]: the first ones of each sample; None: all of them.
        """
        if mask is None:
            return self._whole(clean, noisy, alpha, sigma)
        lengths = mask.sum(dim=1)
        result = clean.clone()
        for length in lengths.unique().tolist():
            of = lengths == length
            result[of, :length] = self._whole(clean[of, :length], noisy[of, :length], alpha[of], sigma[of])
        return result

    def _whole(self, clean: Tensor, noisy: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        basis, bands = cosines(clean.shape[1], clean.device)
        seen, said = (self._at(table, sigma / alpha)[:, bands] for table in (self.seen, self.said))
        missed = basis @ (noisy / alpha[:, None, None] - clean)
        return (clean + basis.T @ (seen * missed + said * (basis @ clean))).maximum(self.lowest)

    def _at(self, table: Tensor, ratios: Tensor) -> Tensor:
        """Rows [batch, bands, features] of a table at noise over signal [batch]."""
        place = ratios.clamp_min(1e-6).log()
        above = torch.searchsorted(self.log_ratios, place).clamp(1, len(self.log_ratios) - 1)
        low, high = self.log_ratios[above - 1], self.log_ratios[above]
        weight = ((place - low) / (high - low)).clamp(0, 1)[:, None, None]
        return torch.lerp(table[above - 1], table[above], weight)


@lru_cache(maxsize=64)  # a sampler asks for the same few lengths at every step
def cosines(frames: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The orthonormal cosine transform [frames, frames] of a window, and the band [frames] of each of its rows."""
    k = torch.arange(frames, device=device, dtype=torch.float64)
    basis = (math.pi / frames * k[:, None] * (k + 0.5)).cos() * math.sqrt(2.0 / frames)
    basis[0] /= math.sqrt(2.0)
    ends = torch.tensor(BANDS, device=device, dtype=torch.float64)
    return basis.float(), torch.bucketize(k / frames, ends)


@dataclass
class _Sums:
    """Second moments of the error and of what it is regressed on, by band and feature."""

    features: int
    ratio: float
    rows: Tensor = field(init=False)  # missed^2, missed x said, said^2, error x missed, error x said, error^2
    count: Tensor = field(init=False)  # numbers of a feature, by band

    def __post_init__(self) -> None:
        self.count = torch.zeros(len(BANDS) + 1, dtype=torch.float64)
        self.rows = torch.zeros(6, len(BANDS) + 1, self.features, dtype=torch.float64)

    def add(self, true: Tensor, clean: Tensor, observed: Tensor) -> None:
        basis, bands = cosines(true.shape[-2], true.device)
        error, missed, said = ((basis @ x).double() for x in (true - clean, observed - clean, clean))
        products = (missed**2, missed * said, said**2, error * missed, error * said, error**2)
        for row, product in zip(self.rows, products, strict=True):
            row.index_add_(0, bands.cpu(), product.cpu())
        self.count += bands.cpu().bincount(minlength=len(self.count))

    def solve(self, said_too: Tensor) -> tuple[Tensor, Tensor]:
        """(seen, said) [bands, features]; `said_too` [features] is False where only the first is fitted."""
        missed, both, said, on_missed, on_said, error = self.rows
        count = self.count[:, None].clamp_min(1)
        missed = missed + RIDGE * (missed + self.ratio**2 * count) + 1e-9
        said = said + error / count / DEVIATION**2 + 1e-9
        determinant = missed * said - both**2
        alone = (on_missed / missed).clamp(0, 1)
        first = ((said * on_missed - both * on_said) / determinant).clamp(0, 1)
        second = (missed * on_said - both * on_missed) / determinant
        return torch.where(said_too, first, alone), torch.where(said_too, second, 0.0)


Predict = Callable[[Tensor, float, int], Tensor]


def calibrate(
    clips: Iterable[Tensor],
    predict: Predict,
    *,
    said: slice,
    floored: Sequence[int] = (),
    generator: torch.Generator,
    on_level: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Measure the correction of a network.

    Args:
        clips: clean motions [frames, features], normalised.
        predict: the network's clean motion from (y = clean + ratio x noise [frames, features], ratio, number of the clip).
        said: the features of which the prediction itself is scaled too: those that are summed over time.
        floored: the features that have a floor: heights over the ground.
        on_level: called after every noise level with (done, of how many).
    """
    clips = list(clips)
    features = clips[0].shape[-1]
    scaled = torch.zeros(features, dtype=torch.bool)
    scaled[said] = True
    layer = Calibration(features)
    for level, ratio in enumerate(RATIOS):
        sums = _Sums(features, ratio)
        for number, clip in enumerate(clips):
            observed = clip + ratio * torch.randn(clip.shape, generator=generator)
            sums.add(clip, predict(observed, ratio, number), observed)
        seen, scale = sums.solve(scaled)
        layer.seen[level], layer.said[level] = seen.float(), scale.float()
        if on_level:
            on_level(level + 1, len(RATIOS))
    for feature in floored:
        layer.lowest[feature] = min(clip[:, feature].min() for clip in clips)
    return layer
