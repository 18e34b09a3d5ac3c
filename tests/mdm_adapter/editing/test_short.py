"""Stretches of a few frames, down to one: whatever is asked for works, or is refused in one line."""

from collections.abc import Callable

import pytest
import torch
from toy_models import mdm_pipeline

from mdm_adapter.editing import known
from mdm_adapter.editing.arrival import Arrival, eased
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action
from mdm_adapter.representation.normalisation import Normalisation
from mdm_adapter.representation.way import PlanarWay
from motioncollage.sampling.registry import SamplerSettings

SETTINGS = GenerateSettings(seed=1, sampler=SamplerSettings(steps=1), precision="float32")
LENGTHS = range(1, 7)
FPS = 20
LEAST = known.MIN_FRAMES


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    torch.manual_seed(0)
    config = NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16, max_frames=40)
    network = MDM(config).eval().requires_grad_(False)
    model = LoadedModel(network, config, Normalisation(torch.zeros(263), torch.full((263,), 0.3)), {}, "toy")
    return mdm_pipeline(model, load_text_encoder("static"), name="toy")


def motion(pipeline: MotionPipeline, frames: int) -> Motion:
    features = torch.randn(1, frames, 263, generator=torch.Generator().manual_seed(frames)) / 10
    return pipeline.motion(features, [], {})


def frames_of(make: Callable[[], Motion]) -> int | None:
    """Frames of what was made, all numbers finite; None where it was refused in one line."""
    try:
        made = make()
    except ValueError as error:
        lines = str(error).splitlines()
        assert len(lines) == 1
        return None
    assert torch.isfinite(torch.from_numpy(made.joints)).all()
    assert made.joints.shape[1] == made.features.shape[1]
    return made.features.shape[1]


@pytest.mark.parametrize("frames", LENGTHS)
def test_ways_of_any_length(frames: int) -> None:
    way = PlanarWay()
    features = torch.randn(2, frames, 263, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for shares in (way.moving(features), eased(way.moving(features))):
        torch.testing.assert_close(shares.sum(dim=-1), torch.ones(2, dtype=torch.float64))
        led = way.project(features, 1.0, (2.0, 3.0), shares)
        for sample in led:
            turn, place = way.arrival(sample)
            assert (turn, *place) == pytest.approx((1.0, 2.0, 3.0))
    walked = way.along(torch.tensor([[0.0, 0.0], [0.0, 2.0]]), frames)
    assert walked[:, 2].sum() == pytest.approx(2.0)
    with pytest.raises(ValueError, match="in 0 frames; give it at least 1"):
        way.along(torch.tensor([[0.0, 0.0], [0.0, 2.0]]), 0)


@pytest.mark.parametrize("frames", LENGTHS)
def test_edits_of_short_motions(pipeline: MotionPipeline, frames: int) -> None:
    edit, short = pipeline.edit, motion(pipeline, frames)
    whole = frames if frames >= LEAST else None
    assert frames_of(lambda: edit.joints(short, settings=SETTINGS)) == whole
    assert frames_of(lambda: edit.restyle(short, text="a", settings=SETTINGS)) == whole
    assert frames_of(lambda: edit.detail(short, block=2, settings=SETTINGS)) == (whole and whole // 2 * 2)
    for new in (1, LEAST, 6):
        fits = new >= LEAST
        for ends in (1, 2):
            before = new / FPS if ends == 2 else 0.0
            made = frames_of(
                lambda before=before, new=new: edit.extend(
                    short, before=before, after=new / FPS, settings=SETTINGS
                )
            )
            assert made == (frames + ends * new if fits else None)
        second = motion(pipeline, 7 - frames)
        made = frames_of(
            lambda new=new, second=second: edit.inbetween(short, second, seconds=new / FPS, settings=SETTINGS)
        )
        assert made == (7 + new if fits else None)


@pytest.mark.parametrize("frames", LENGTHS)
def test_stretches_beside_short_ones(pipeline: MotionPipeline, frames: int) -> None:
    whole = motion(pipeline, 12)
    for start, end in ((frames, frames + 5), (12 - frames - 5, 12 - frames), (2, 2 + frames)):
        made = frames_of(
            lambda start=start, end=end: pipeline.edit.replace(
                whole, start / FPS, end / FPS, settings=SETTINGS
            )
        )
        assert made == (12 if end - start >= LEAST else None)


@pytest.mark.parametrize("frames", LENGTHS)
def test_plans_of_short_actions(pipeline: MotionPipeline, frames: int) -> None:
    fits = frames >= LEAST
    for texts in (("a",), ("a", "b")):
        actions = [Action(text, frames / FPS) for text in texts]
        expected = len(texts) * frames if fits else None
        for loop in (False, True):
            for changes in ({}, {"piece": 3, "overlap": 2}, {"piece": 40, "overlap": 39}, {"taper": 1.0}):
                made = frames_of(
                    lambda actions=actions, loop=loop, changes=changes: pipeline.generate(
                        actions, SETTINGS, loop=loop, **changes
                    )
                )
                assert made == expected
    for path in ("in-place", "circular"):
        made = frames_of(
            lambda path=path: pipeline.loop([Action("a", frames / FPS)], SETTINGS, path=path, turn=36)
        )
        assert made == (frames if fits else None)
    layered = [Action("a", 1.0, start=0.0), Action("b", frames / FPS, start=0.2)]
    assert frames_of(lambda: pipeline.generate(layered, SETTINGS)) == (20 if fits else None)
    if fits:
        plan = pipeline.plan([Action("a", frames / FPS)])
        assert frames_of(lambda: pipeline.edit.follow(plan, [[0, 0], [0, 0.1]], settings=SETTINGS)) == frames
        reached = pipeline.edit.reach(plan, (0.0, 0.1), heading=90.0, settings=SETTINGS)
        assert reached.joints[0, -1, 0, 2] == pytest.approx(0.1, abs=1e-4)


def test_a_new_part_of_one_frame_meets_what_is_kept_by_not_moving() -> None:
    made, kept = torch.zeros(2, 3, 4), torch.ones(3, 4)
    assert not known._meet(made, kept, 1, 2, 16).any()


def test_a_motion_of_one_frame_stands_where_it_is(pipeline: MotionPipeline) -> None:
    one = motion(pipeline, 1)
    assert one.joints.shape == (1, 1, 22, 3)
    assert one.joints[0, 0, 0, [0, 2]].tolist() == [0, 0]
    assert Arrival.of(torch.from_numpy(one.features[0]), pipeline.representation).place is not None
    with pytest.raises(ValueError, match="1 frames; its detail is what at least 2 differ by"):
        pipeline.edit.detail(one, settings=SETTINGS)
