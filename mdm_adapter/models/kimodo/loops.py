"""Cycles of windows that stand somewhere: loops that come back to their place, or go on by as much in every cycle.

A cycle has no first frame. Its places are kept as y[t] = p[t] - d t / T: d is how far a cycle leads, and y closes
whatever d is. The mean of y over the cycle would mean nothing (a loop may be played anywhere), so the tensor keeps d
there, times 1 / sqrt(12): noised like everything else, d is then known as well at every level as a slope through T
frames of noise is. A window sees y + d k / T at its frame k, moved to its own origin; the map is linear, exact under
noise, and knows no first piece, so the prediction commutes with rolling by pieces.

Where windows begin follows from how far each of them leads to the next, all round the cycle at once. They are told so
at the next evaluation: one object makes one sample, from noisy to clean.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.geometry import wrapped
from mdm_adapter.models.kimodo.guidance import PUBLISHED, KimodoGuidance
from mdm_adapter.models.kimodo.nodes import Windows
from mdm_adapter.models.kimodo.representation import GROUND
from mdm_adapter.models.kimodo.statistics import Statistics
from mdm_adapter.models.kimodo.windows import Origin, moved
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.collage.graph import FactorGraph

KEPT = math.sqrt(12.0)  # the way of a cycle over the mean that keeps it
ROUNDS, LATE_ROUNDS = 1, 3  # evaluations of a step; more where little noise is left, so that no join shows
LATE = 0.1  # noise-to-signal ratio
FIRST_ROUNDS = 3
CHANNELS = list(GROUND)


@dataclass
class Places:
    """Where windows begin, as the last evaluation found them; what collages of the same sample share.

    Attributes:
        origins: of every start; None before the first evaluation.
        ratio: the noise-to-signal ratio of the last evaluation.
    """

    origins: list[Origin] | None = None
    ratio: float = math.inf


class LoopingCollage:
    """Clean prediction of a cycle [batch, T, width]; read its result with `unrolled`.

    Its windows' origins come from the evaluation before: make one for every sample, and ask it from noisy to clean.
    """

    def __init__(
        self,
        denoiser: KimodoDenoiser,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        guidance: KimodoGuidance | Sequence[KimodoGuidance] = PUBLISHED,
        composition: Composition = "collage",
        observed: Observed | None = None,
        travel: bool = True,
        turns: int = 0,
        heading: float = 0.0,
        batch_limit: int = 64,
        places: Places | None = None,
    ) -> None:
        """Args:
            graph: cover of the frames by a cycle; the other arguments are those of `TravellingCollage`.
            observed: constraints on all but the place on the ground, which a loop has nowhere.
            travel: let a cycle lead on; False brings it back to where it began.
            turns: whole turns to the left in a cycle; the body cannot face another way at the end of it.
            heading: of frame 0 at the highest noise, radians.
            places: shared with collages that take turns on one sample, such as those of two guidances.

        Raises:
            ValueError: constraints on the place, or arguments that do not fit the graph.
        """
        if observed is not None and bool(observed.mask[..., CHANNELS].any()):
            raise ValueError("a loop stands nowhere; give constraints without the smooth root's x and z")
        self.windows = Windows(
            denoiser, graph, conditions,
            guidance=guidance, composition=composition, observed=observed, batch_limit=batch_limit,
        )  # fmt: skip
        self.statistics, self.travel, self.turns, self.heading = (
            denoiser.network.statistics,
            travel,
            turns,
            heading,
        )
        self.ring = _Ring(self.windows)
        self.places = places or Places()

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Clean prediction of x [batch, T, width], normalised.

        Raises:
            ValueError: another number of frames than the graph has.
        """
        frames = self.windows.frames
        if x.shape[1] != frames:
            raise ValueError(f"the sample has {x.shape[1]} frames; the graph covers {frames}")
        ratio = level.sigma / level.alpha
        rounds = LATE_ROUNDS if ratio < LATE else ROUNDS
        # Noise that rises means another sample.
        before = self.places.origins
        if before is None or len(before[0].heading) != len(x) or ratio > 2 * self.places.ratio:
            self.places.origins, rounds = self._first_origins(x), max(rounds, FIRST_ROUNDS)
        self.places.ratio = ratio
        closed, mean = without_mean(x)
        slope = KEPT * mean / frames if self.travel else torch.zeros_like(mean)
        for _ in range(rounds):
            total = self._round(closed, slope, level)
        return total

    @property
    def origins(self) -> list[Origin]:
        """Where windows begin, as far as that is known."""
        assert self.places.origins is not None
        return self.places.origins

    def _round(self, closed: Tensor, slope: Tensor, level: NoiseLevel) -> Tensor:
        """Evaluate all windows from the origins known so far, find better ones, and compose from these."""
        nodes, scale = self.windows.nodes, self.statistics.scale[CHANNELS]
        origins = [self.origins[self.ring.start_of[i]] for i in range(len(nodes))]
        windows = []
        for node, origin in zip(nodes, origins):
            window = closed[:, node.frames.to(closed.device)].clone()
            window[..., CHANNELS] += _ramp(slope, len(node))
            windows.append(moved(window, -origin.ground, self.statistics, signal=level.alpha))
        predicted = self.windows.predict(nodes, windows, origins, level)
        ground, heading, per_frame = self._placed(predicted)
        way = per_frame.to(closed) / scale.to(closed)
        total = torch.zeros_like(closed)
        for i, (node, clean) in enumerate(zip(nodes, predicted)):
            carried = moved(clean, ground[self.ring.start_of[i]], self.statistics)
            carried[..., CHANNELS] -= _ramp(way, len(node))
            total[:, node.frames.to(closed.device)] += node.weights.to(carried)[:, None] * carried
        total, mean = without_mean(total)
        ground = ground - (mean.detach() * scale.to(mean)).to(ground)
        self.places.origins = [Origin(ground[i], heading[i]) for i in range(len(ground))]
        if self.travel:
            total[..., CHANNELS] += (way * self.windows.frames / KEPT)[:, None]
        return total

    def _placed(self, predicted: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Where windows begin [starts, batch, 2] up to a common shift, headings [starts, batch], way per frame [batch, 2]."""
        ring = self.ring
        firsts = []
        for start, parts in enumerate(ring.before):
            parts_here = [weight * predicted[node][:, place].detach() for node, place, weight in parts]
            values = torch.stack(parts_here).sum(dim=0)
            known = self.windows.known(self.windows.starts[start], values)
            # A handful of numbers: on the processor, in float64, which not every device has.
            firsts.append(self.statistics.undo(known).cpu().double())
        seen = Origin.of(torch.stack(firsts))
        per_frame = ring.round_mean(seen.ground) / ring.round_mean(ring.distance)
        ground = ring.solve(seen.ground - per_frame * ring.distance.to(per_frame)[:, None, None])
        # Headings must come round as well: what is missing to whole turns is shared out by distance.
        told = torch.stack([origin.heading for origin in self.origins]).to(seen.heading)
        turn = wrapped(seen.heading - told[ring.main])
        wanted = 2 * math.pi * self.turns / self.windows.frames
        excess = ring.round_mean(turn) / ring.round_mean(ring.main_distance) - wanted
        heading = seen.heading - excess * ring.main_distance.to(excess)[:, None]
        return ground, wrapped(heading), per_frame

    def _first_origins(self, x: Tensor) -> list[Origin]:
        turn = 2 * math.pi * self.turns / self.windows.frames
        return [Origin.at(len(x), heading=self.heading + turn * a) for a in self.windows.starts]

    def unrolled(self, normalised: Tensor) -> tuple[Tensor, Tensor]:
        """A cycle as it is played once: features [batch, T, width], not normalised, from the origin on, and the way to
        the next cycle [batch, 2] in metres."""
        return unroll(normalised, self.statistics, travel=self.travel)


def without_mean(x: Tensor) -> tuple[Tensor, Tensor]:
    """A cycle [batch, T, width] whose places on the ground have mean 0, and what their mean was [batch, 2]."""
    mean = x[..., CHANNELS].mean(dim=1)
    closed = x.clone()
    closed[..., CHANNELS] -= mean[:, None]
    return closed, mean


def unroll(normalised: Tensor, statistics: Statistics, *, travel: bool) -> tuple[Tensor, Tensor]:
    """See `LoopingCollage.unrolled`."""
    closed, mean = without_mean(normalised)
    frames = normalised.shape[1]
    scale = statistics.scale[CHANNELS].to(normalised)
    way = KEPT * mean * scale if travel else torch.zeros_like(mean)
    features = statistics.undo(closed)
    places = features[..., CHANNELS] + _ramp(way / frames, frames)
    features[..., CHANNELS] = places - places[:, :1]
    return features, way


def played(features: Tensor, way: Tensor, cycles: int) -> Tensor:
    """Features [batch, T, width] of `unrolled` played several times: [batch, cycles * T, width].

    Raises:
        ValueError: fewer than one cycle.
    """
    if cycles < 1:
        raise ValueError(f"cycles is {cycles}; play at least 1")
    many = features.repeat(1, cycles, 1)
    numbers = torch.arange(cycles, device=way.device).repeat_interleave(features.shape[1])
    many[..., CHANNELS] += numbers.to(way)[None, :, None] * way[:, None]
    return many


def _ramp(per_frame: Tensor, frames: int) -> Tensor:
    """0, 1, 2, ... times [batch, 2]: [batch, frames, 2]."""
    return torch.arange(frames, device=per_frame.device).to(per_frame)[None, :, None] * per_frame[:, None]


class _Ring:
    """How the starts of windows hang together round a cycle.

    Attributes:
        start_of: for each node, which start it begins at.
        before: for each start, the nodes that reach it from before: (node, frame within it, weight), weights sum to 1.
        distance: how far back those nodes begin, in the mean [starts].
        main, main_distance: the start of the one that counts most, and how far back it is [starts].
    """

    def __init__(self, windows: Windows) -> None:
        starts = windows.starts
        self.start_of = [starts.index(node.start) for node in windows.nodes]
        self.before: list[list[tuple[int, int, float]]] = []
        joined = torch.zeros(len(starts), len(starts), dtype=torch.float64)
        distance, main, main_distance = [], [], []
        for number, start in enumerate(starts):
            found = []
            for i, node in enumerate(windows.nodes):
                place = (node.frames == start).nonzero().flatten()
                if node.start != start and len(place):
                    found.append((i, int(place[0]), float(node.weights[place[0]])))
            total = sum(weight for _, _, weight in found)
            if abs(total) < 1e-6:
                raise ValueError(
                    f"a window begins at frame {start}, which no window before it shares; give neighbours an overlap"
                )
            found = [(i, place, weight / total) for i, place, weight in found]
            self.before.append(found)
            for i, _, weight in found:
                joined[number, self.start_of[i]] += weight
            distance.append(sum(back * weight for _, back, weight in found))
            first, back, _ = max(found, key=lambda part: part[2])
            main.append(self.start_of[first])
            main_distance.append(float(back))
        self.distance = torch.tensor(distance, dtype=torch.float64)
        self.main = torch.tensor(main)
        self.main_distance = torch.tensor(main_distance, dtype=torch.float64)
        hanging = torch.eye(len(starts), dtype=torch.float64) - joined
        # Weights on the starts under which every step from one to the next averages to a cycle's: a left null vector.
        self._share = torch.linalg.svd(hanging.T).Vh[-1]
        self._share = self._share / self._share.sum()
        self._inverse = torch.linalg.inv(hanging[1:, 1:])

    def round_mean(self, values: Tensor) -> Tensor:
        """Mean [...] of steps [starts, ...] once round the cycle."""
        return torch.tensordot(self._share.to(values), values, dims=1)

    def solve(self, steps: Tensor) -> Tensor:
        """Places [starts, ...] that differ by steps [starts, ...] which close; the first is 0."""
        rest = torch.tensordot(self._inverse.to(steps), steps[1:], dims=1)
        return torch.cat((torch.zeros_like(steps[:1]), rest))
