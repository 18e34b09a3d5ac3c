"""What recordings say about an action besides its length: how fast it travels, how often it repeats, how fast it steps.

All of it is read from HumanML3D features [frames, 263], not normalised.
"""

import torch
from torch import Tensor

from mdm_adapter.representation import features as layout
from mdm_adapter.representation.way import turned

TRAVEL_SECONDS = (
    2.0  # of a stretch whose ends say how far a body got: sways and steps to and fro do not count
)
PEAK_SECONDS = 1.0
LOW, HIGH = 0.35, 0.65  # of the range of the widest movement: a cycle passes both, tremor does not
SMOOTHED = 5  # frames


def ground_speed(features: Tensor, fps: float) -> tuple[float, float]:
    """Metres a second over the ground, from the ends of stretches of a clip: (mean over it, fastest second)."""
    features = features.double()
    facing = -2 * features[:, layout.YAW_VELOCITY].reshape(-1).cumsum(dim=0)
    steps = turned(features[:, layout.PLANAR_VELOCITY], facing)
    place = torch.cat((steps.new_zeros(1, 2), steps.cumsum(dim=0)))

    def speeds(seconds: float) -> Tensor:
        frames = max(1, min(round(seconds * fps), len(place) - 1))
        return (place[frames:] - place[:-frames]).norm(dim=1) * fps / frames

    return float(speeds(TRAVEL_SECONDS).mean()), float(speeds(PEAK_SECONDS).max())


def cycles(features: Tensor) -> int:
    """How often a clip does what it does, at least once.

    The pose follows one axis most (its first principal component); a cycle goes along it there and back. A jump is
    one cycle, a stride is one, a bow is one; a wave is one, whose swings are too small beside the raising of the arm.
    """
    pose = torch.cat((features[:, layout.ROOT_HEIGHT], features[:, layout.POSITIONS]), dim=1).double()
    reach = min(SMOOTHED, len(pose)) // 2
    padded = torch.nn.functional.pad(pose.T[None], (reach, reach), mode="replicate")
    pose = torch.nn.functional.avg_pool1d(padded, 2 * reach + 1, stride=1)[0].T
    pose = pose - pose.mean(dim=0)
    if float(pose.abs().max()) < 1e-6:
        return 1
    axis = torch.linalg.eigh(pose.T @ pose).eigenvectors[:, -1]
    along = pose @ axis
    low, high = (float(torch.quantile(along, share)) for share in (0.02, 0.98))
    up = down = 0
    above: bool | None = None
    for place in ((along - low) / max(high - low, 1e-9)).tolist():
        if place > HIGH:
            up += above is False
            above = True
        elif place < LOW:
            down += above is True
            above = False
    return max(up, down, 1)


def landings(features: Tensor) -> int:
    """How often a foot comes down after it was in the air, both feet together."""
    contacts = features[:, layout.CONTACTS] > 0.5
    count = 0
    for side in (contacts[:, :2], contacts[:, 2:]):
        down = side.any(dim=1)
        if len(down) > 2:  # a single frame is no step: the median of three
            votes = down[:-2].int() + down[1:-1].int() + down[2:].int()
            down = torch.cat((down[:1], votes >= 2, down[-1:]))
        count += int((down[1:] & ~down[:-1]).sum())
    return count
