"""Kimodo's own chaining of prompts, against its published run and by what it keeps."""

import pytest
import torch
from kimodo_toys import arrays, golden_network, text_rows, toy_statistics
from torch import Tensor

from mdm_adapter.models.kimodo.chaining import ChainSettings, chain_prompts
from mdm_adapter.models.kimodo.collage import TravellingCollage
from mdm_adapter.models.kimodo.constraints import GroundPath
from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.schedule import KimodoLevels
from mdm_adapter.models.kimodo.skeletons import SOMA30
from mdm_adapter.models.kimodo.windows import Origin
from motioncollage.collage.denoiser import PerSample
from motioncollage.collage.layouts import chain
from motioncollage.sampling.eta import sample_eta

SOMA = Representation(SOMA30)


def test_published_chain() -> None:
    network, _ = golden_network("smplx22")
    data, statistics = arrays("kimodo_multiprompt.npz"), network.statistics
    denoiser = KimodoDenoiser(network)

    def segment(number: int, frames: int, headings: Tensor, observed: Observed) -> Tensor:
        mask = data[f"s{number}_mask"].bool()
        assert torch.equal(observed.mask, mask)
        assert ((observed.values - data[f"s{number}_observed"]) * mask).abs().max() < 1e-4
        assert (headings - data[f"s{number}_heading"]).abs().max() < 1e-4
        text = PerSample(tuple(text_rows(data[f"s{number}_text"], torch.ones(2, 1).bool())))
        collage = TravellingCollage(
            denoiser,
            chain([frames], []),
            [text],
            observed=observed,
            start=Origin(torch.zeros(2, 2), headings),
        )
        made = sample_eta(collage, data[f"s{number}_noise"], KimodoLevels().levels(int(data["n_steps"])))
        assert (made - data[f"s{number}_out"]).abs().max() < 1e-3
        return data[f"s{number}_out"]

    lengths = data["num_frames"].tolist()
    features = chain_prompts(segment, network.representation, statistics, lengths, batch=2)
    pose = network.representation.decode(features)
    assert (pose.root - data["root_positions"]).abs().max() < 1e-4
    assert (pose.smooth_root - data["smooth_root_pos"]).abs().max() < 1e-4
    assert (pose.joints - data["posed_joints"]).abs().max() < 1e-3
    assert (pose.local - data["local_rot_mats"]).abs().max() < 1e-3


def make(lengths: list[int], **changes: object) -> tuple[Tensor, list[tuple[int, Tensor, Observed]]]:
    """A chain of random segments, and what each was asked for."""
    statistics, asked = toy_statistics(), []

    def segment(number: int, frames: int, headings: Tensor, observed: Observed) -> Tensor:
        asked.append((frames, headings, observed))
        generator = torch.Generator().manual_seed(number)
        return torch.randn(len(headings), frames, 369, generator=generator)

    return chain_prompts(segment, SOMA, statistics, lengths, **changes), asked  # type: ignore[arg-type]


def test_lengths_and_what_is_taken_from_the_segment_before() -> None:
    motion, asked = make([40, 30, 50], batch=2)
    assert motion.shape == (2, 120, 369)
    # 5 + 10 % of 40; then of the 30 + 4 frames that the second left.
    assert [frames for frames, _, _ in asked] == [40, 30 + 9, 50 + 8]
    later, asked = make([40, 30], settings=ChainSettings(shared=0.0, limbs=True))
    assert [frames for frames, _, _ in asked] == [40, 35]
    assert later.shape == (1, 70, 369)
    with_rotations, without = asked[1][2].mask, make([40, 30])[1][1][2].mask
    rotations = SOMA.layout.rotations
    assert without[:, :, rotations].sum() == 0
    assert with_rotations[:, :, rotations].sum() == 5 * 4 * 6
    assert with_rotations[:, 5:].sum() == 0


def test_segments_begin_over_their_own_origin_and_are_put_back() -> None:
    motion, asked = make([40, 30])
    _, headings, observed = asked[1]
    values = toy_statistics().undo(observed.values)
    assert values[0, 0, [0, 2]].abs().max() < 1e-5
    old, _ = make([40])
    pose = SOMA.decode(old[:, 31:])
    assert float(headings[0]) == pytest.approx(float(SOMA.heading_of(pose.joints)[0, 0]), abs=1e-5)
    # The first frame of the blend is the old one, all before it is untouched.
    assert torch.allclose(motion[:, :32], old[:, :32], atol=1e-5)
    assert not torch.allclose(motion[:, 32], old[:, 32], atol=1e-3)


def test_constraints_on_the_whole_reach_their_segment() -> None:
    path = GroundPath(torch.tensor([3, 45]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    _, asked = make([40, 30], constraints=[path])
    assert asked[0][2].mask[0].nonzero().tolist() == [[3, 0], [3, 2]]
    places = asked[1][2].mask[0, 9:].nonzero().tolist()
    assert places == [[5, 0], [5, 2]]


def test_segments_that_are_too_short() -> None:
    with pytest.raises(ValueError, match="segment 0 has 5 frames and the next takes 5; make it longer"):
        make([5, 30])
    with pytest.raises(ValueError, match="transition is 0"):
        ChainSettings(transition=0)
