"""Passages between clips: continuous in place, velocity and facing, and cut where the poses agree."""

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.data.datasets import Clip
from mdm_adapter.data.passages import TransitionSettings, best_cut, join, make_transitions
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton

KEPT = (24, 120)


def clip(name: str) -> Clip:
    with np.load(golden(f"hml_clip_{name}.npz")) as archive:
        return Clip(name, torch.from_numpy(archive["features"]), (f"a person does {name}.",), name)


def joints(name: str) -> Tensor:
    return representation.to_joints(clip(name).features.double())


def peak_jerk(motion: Tensor) -> float:
    return float(motion.diff(n=3, dim=0).abs().sum(-1).amax())


@pytest.mark.parametrize("blend", [6, 16, 24])
def test_a_passage_moves_on_without_a_jump(blend: int) -> None:
    head, tail = joints("walk")[:70], joints("run")[4:40]
    whole = join(head, tail, blend)
    assert whole.shape == (106, 22, 3)
    assert torch.equal(whole[:70], head)
    step = (whole[1:] - whole[:-1]).norm(dim=-1)
    # No joint moves faster across the seam than it does somewhere in the two clips.
    assert step[69].max() <= 1.05 * step[68].max()
    assert step[69 : 70 + blend].max() < 1.5 * max(step[:69].max(), step[70 + blend :].max())
    cut = torch.cat((head, tail))
    assert peak_jerk(whole) < 0.25 * peak_jerk(cut)


def test_after_the_blend_the_second_clip_is_itself_but_placed() -> None:
    head, tail = joints("walk")[:70], joints("run")[4:40]
    rest = join(head, tail, 12)[82:]
    ours, theirs = representation.from_joints(rest), representation.from_joints(tail[12:])
    torch.testing.assert_close(ours.features, theirs.features, atol=1e-4, rtol=0)


def test_the_second_clip_goes_where_the_first_was_facing() -> None:
    head = joints("walk")[:70]
    turned = joints("run")[:, :, [2, 1, 0]] * torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    whole = join(head, turned, 12)
    facing = skeleton.forward_direction(whole)
    assert (facing[69] * facing[70]).sum() > 0.95
    assert (facing[1:] * facing[:-1]).sum(-1).min() > 0.8


def test_a_motion_is_cut_where_the_poses_agree() -> None:
    """A walk that goes on with itself elsewhere: the best cut is smoother than cuts half a stride beside it."""
    features, motion = clip("walk").features, joints("walk")
    difference, leave, enter = best_cut(features[:90], features, KEPT)
    best = peak_jerk(join(motion[:leave], motion[enter:], 6))
    for beside in (-10, 10):
        assert best < peak_jerk(join(motion[:leave], motion[enter + beside :], 6))
    assert difference < best_cut(features[:90], clip("cmu06").features, KEPT)[0]


def test_passages_are_made_from_clips_by_chance_and_seed() -> None:
    clips = (clip("walk"), clip("run"), clip("cmu06"), Clip("short", torch.zeros(10, 263), ("x",)))
    settings = TransitionSettings(count=6)
    chances = torch.tensor([1.0, 1.0, 0.0, 9.0])
    seen: list[tuple[int, int]] = []
    made = make_transitions(clips, chances, settings, seed=1, progress=lambda *state: seen.append(state))
    assert len(made) == 6
    assert seen[-1] == (6, 6)
    again = make_transitions(clips, chances, settings, seed=1)
    assert all(torch.equal(a.features, b.features) for a, b in zip(made, again, strict=True))
    for passage in made:
        assert {passage.before, passage.after} <= {0, 1}
        assert KEPT[0] <= passage.seam <= KEPT[1]
        assert KEPT[0] - 1 <= len(passage.features) - passage.seam <= KEPT[1]
        # The part before the seam is the first clip's own.
        own = clips[passage.before].features
        head = passage.features[: passage.seam - 2, representation.POSITIONS]
        windows = own[:, representation.POSITIONS].unfold(0, len(head), 1).movedim(-1, 1)
        assert (windows - head).abs().amax((1, 2)).min() < 0.02


def test_clips_that_are_all_too_short_are_refused() -> None:
    short = (Clip("short", torch.zeros(10, 263), ("x",)),)
    with pytest.raises(ValueError, match="no clip is longer than 24 frames"):
        make_transitions(short, torch.ones(1), TransitionSettings(count=1), seed=0)
