"""Spoilt versions of real motions: what an evaluator must score worse, in training and in its card.

All work on HumanML3D features in their own units, [B, T, 263] with lengths [B], and return the same shape,
zero beyond the lengths. Joint velocities are computed anew from the spoilt positions, so that a spoilt motion
is what one would get by spoiling joints and extracting features: an evaluator should notice the motion, not
numbers that contradict each other. Contacts are left as they are; evaluators do not read them.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

YAW, PLANAR, HEIGHT = 0, slice(1, 3), 3
POSITIONS, ROTATIONS, VELOCITIES = slice(4, 67), slice(67, 193), slice(193, 259)
BONE = 0.25  # metres, a typical bone: noise on its end turns it by noise / BONE

Corruption = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def reversed_in_time(features: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
    """The same motion played backwards. Exact up to the last frame, whose velocity is not known."""
    time = _time(features)
    last = lengths[:, None] - 1
    source = (last - time).clamp_min(0)
    result = _gather(features, source)
    # step t -> t + 1 undoes the step source - 1 -> source; its planar part is written in the heading of
    # `source` and has to be in that of `source - 1`
    undone = _gather(features, (last - 1 - time).clamp_min(0))
    yaw, planar = undone[..., YAW], undone[..., PLANAR]
    back = _turn(torch.stack([planar[..., 0], torch.zeros_like(yaw), planar[..., 1]], dim=-1), -2 * yaw)
    result[..., YAW], result[..., PLANAR] = -yaw, -back[..., [0, 2]]
    return _finish(result, lengths)


def frozen(features: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
    """One frame of the motion, drawn at random, held for its whole length."""
    which = (_uniform(len(features), 1, generator=generator, like=features) * lengths[:, None]).long()
    result = _gather(features, which.expand(-1, features.shape[1]))
    result[..., YAW], result[..., PLANAR] = 0.0, 0.0
    return _finish(result, lengths)


def noisy(
    features: Tensor,
    lengths: Tensor,
    generator: torch.Generator,
    low: float = 0.01,
    high: float = 0.05,
) -> Tensor:
    """Independent Gaussian noise on every joint of every frame, deviation from `low` to `high` metres."""
    spread = torch.exp(
        _uniform(len(features), 1, 1, generator=generator, like=features)
        * torch.log(torch.tensor(high / low))
    )
    noise = torch.randn(features.shape, generator=generator, device=features.device, dtype=features.dtype) * (
        low * spread
    )
    result = features.clone()
    result[..., POSITIONS] += noise[..., POSITIONS]
    result[..., ROTATIONS] += noise[..., ROTATIONS] / BONE
    result[..., HEIGHT] += noise[..., HEIGHT]
    # the root's place is an integral: noise on places is the difference of noise on steps
    result[..., PLANAR] += noise[..., PLANAR].roll(-1, dims=1) - noise[..., PLANAR]
    return _finish(result, lengths)


def chunks_shuffled(
    features: Tensor, lengths: Tensor, generator: torch.Generator, shortest: int = 8, longest: int = 16
) -> Tensor:
    """The motion cut into chunks of `shortest` to `longest` frames that come in another order."""
    batch, frames = features.shape[:2]
    time = _time(features)
    size = (
        shortest + (_uniform(batch, 1, generator=generator, like=features) * (longest - shortest + 1)).long()
    )
    # at least two chunks, or nothing could be shuffled
    size = torch.minimum(size, (lengths[:, None] + 1) // 2).clamp_min(1)
    chunk = time // size
    keys = _uniform(batch, frames, generator=generator, like=features).gather(1, chunk)
    valid = time < lengths[:, None]
    order = keys.masked_fill(~valid, 2.0).argsort(dim=1, stable=True)
    # chance can leave the order as it was: then take the chunks backwards
    same = ((order == time) | ~valid).all(dim=1, keepdim=True)
    backwards = (-chunk).masked_fill(~valid, 1).argsort(dim=1, stable=True)
    return _finish(_gather(features, torch.where(same, backwards, order)), lengths)


def stitched(features: Tensor, lengths: Tensor, generator: torch.Generator) -> Tensor:
    """The beginning of each motion and the end of the batch's next one, cut together, 30 to 70 % each."""
    time = _time(features)
    share = 0.3 + 0.4 * _uniform(len(features), 1, generator=generator, like=features)
    cut = (share * lengths[:, None]).long()
    other, other_lengths = features.roll(-1, dims=0), lengths.roll(-1)[:, None]
    # the end of the other motion, from its beginning again where it is too short
    source = (other_lengths - lengths[:, None] + time) % other_lengths
    return _finish(torch.where((time < cut)[..., None], features, _gather(other, source)), lengths)


CORRUPTIONS: Mapping[str, Corruption] = {
    "reversed": reversed_in_time,
    "frozen": frozen,
    "noisy": noisy,
    "shuffled": chunks_shuffled,
    "stitched": stitched,
}


def joint_velocities(features: Tensor) -> Tensor:
    """Velocities [B, T, 66] that the root motion and positions of features [B, T, 263] imply.

    v[t] = R(-2 yaw[t]) (L[t+1] + planar[t]) - L[t], where L are the joints in the body's own frame and R
    turns about the vertical. The last frame repeats the one before.
    """
    zero = torch.zeros_like(features[..., HEIGHT])
    root = torch.stack([zero, features[..., HEIGHT], zero], dim=-1)[..., None, :]
    local = torch.cat([root, features[..., POSITIONS].unflatten(-1, (21, 3))], dim=-2)
    planar = features[:, :-1, PLANAR]
    step = torch.stack([planar[..., 0], zero[:, :-1], planar[..., 1]], dim=-1)[..., None, :]
    angle = -2 * features[:, :-1, YAW, None]
    velocity = (_turn(local[:, 1:] + step, angle) - local[:, :-1]).flatten(-2)
    return torch.cat([velocity, velocity[:, -1:]], dim=1)


def _finish(features: Tensor, lengths: Tensor) -> Tensor:
    """Velocities anew, zero beyond the lengths."""
    time = _time(features)
    last = (lengths[:, None] - 1).clamp_min(1)
    # the last valid frame has no successor inside the motion: it repeats the velocity before
    velocity = _gather(joint_velocities(features), torch.minimum(time, last - 1))
    features = torch.cat(
        [features[..., : VELOCITIES.start], velocity, features[..., VELOCITIES.stop :]], dim=-1
    )
    return torch.where((time < lengths[:, None])[..., None], features, 0.0)


def _turn(points: Tensor, angle: Tensor) -> Tensor:
    """Points [..., 3] turned by `angle` radians about +y (z towards x)."""
    cos, sin = angle.cos(), angle.sin()
    x, y, z = points.unbind(-1)
    return torch.stack([cos * x + sin * z, y, cos * z - sin * x], dim=-1)


def _gather(features: Tensor, source: Tensor) -> Tensor:
    """Frames `source` [B, T] of features [B, T, F]."""
    return features.gather(1, source[..., None].expand(-1, -1, features.shape[-1]))


def _time(features: Tensor) -> Tensor:
    """Frame numbers [B, T]."""
    return torch.arange(features.shape[1], device=features.device).expand(len(features), -1)


def _uniform(*shape: int, generator: torch.Generator, like: Tensor) -> Tensor:
    """Numbers in [0, 1) on the device of `like`."""
    return torch.rand(shape, generator=generator, device=like.device, dtype=like.dtype)
