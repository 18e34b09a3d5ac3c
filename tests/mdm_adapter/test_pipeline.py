"""Prompt to motion with a small random network: what is written, what repeats, what does not depend on what."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_models import mdm_pipeline

from mdm_adapter.maker import GenerateSettings
from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import TextEmbedding, TextEncoder, load_text_encoder
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action
from mdm_adapter.representation import features as representation
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.methods import Script
from motioncollage.sampling.registry import SamplerSettings

ACTIONS = [Action("A person walks.", 3.0), Action("He waves.", 2.5), Action("He runs.", 3.0)]
SETTINGS = GenerateSettings(seed=3, overlap=20, sampler=SamplerSettings(steps=3))


class CountingEncoder:
    """The bundled encoder, and what it was asked."""

    def __init__(self) -> None:
        self.inner = load_text_encoder("static")
        self.width = self.inner.width
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> TextEmbedding:
        self.asked += texts
        return self.inner.encode(texts)


def make_pipeline(encoder: TextEncoder | None = None, *, normalised: bool = True) -> MotionPipeline:
    torch.manual_seed(0)
    config = NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16)
    network = MDM(config).eval().requires_grad_(False)
    statistics = Normalisation(torch.zeros(263), torch.full((263,), 0.1)) if normalised else None
    model = LoadedModel(network, config, statistics, {}, "model.safetensors")
    return mdm_pipeline(model, encoder or load_text_encoder("static"), name="toy")


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    return make_pipeline()


def motion(pipeline: MotionPipeline, settings: GenerateSettings = SETTINGS, **plan: object) -> Motion:
    return pipeline.generate(pipeline.plan(ACTIONS, settings, **plan), settings)  # type: ignore[arg-type]


def test_what_is_written(pipeline: MotionPipeline) -> None:
    archive = motion(pipeline, replace(SETTINGS, samples=2))
    assert archive.joints.shape == (2, 170, 22, 3)
    assert archive.joints.dtype == np.float32
    assert archive.features.shape == (2, 170, 263)
    assert archive.fps == 20
    assert [(s.text, s.start, s.end) for s in archive.segments] == [
        ("A person walks.", 0, 60),
        ("He waves.", 60, 110),
        ("He runs.", 110, 170),
    ]
    wanted = {"model", "seed", "sampler", "steps", "guidance", "piece", "overlap", "version"}
    assert wanted <= archive.settings.keys()
    assert archive.settings["seed"] == 3
    expected = representation.to_joints(torch.from_numpy(archive.features).double())
    np.testing.assert_allclose(archive.joints, expected.numpy(), atol=1e-4)


def test_same_seed_same_motion_and_another_seed_another(pipeline: MotionPipeline) -> None:
    first = motion(pipeline)
    assert np.array_equal(first.joints, motion(pipeline).joints)
    assert not np.allclose(first.features, motion(pipeline, replace(SETTINGS, seed=4)).features)


def test_a_sample_does_not_depend_on_those_beside_it_nor_on_the_batch(pipeline: MotionPipeline) -> None:
    alone = motion(pipeline).features[0]
    many = motion(pipeline, replace(SETTINGS, samples=3)).features
    np.testing.assert_allclose(many[0], alone, atol=2e-5)
    assert not np.allclose(many[0], many[1])
    single = motion(pipeline, replace(SETTINGS, batch_limit=1)).features[0]
    np.testing.assert_allclose(single, alone, atol=2e-5)


def test_each_sentence_is_embedded_once() -> None:
    encoder = CountingEncoder()
    pipeline = make_pipeline(encoder)
    actions = [Action("A person walks.", 3.0), Action("He waves.", 2.5), Action("A person walks.", 30.0)]
    pipeline.generate(pipeline.plan(actions, SETTINGS), SETTINGS)
    assert encoder.asked == ["A person walks.", "He waves."]


def test_a_loop_closes_and_its_actions_stand_where_the_segments_say(pipeline: MotionPipeline) -> None:
    plan = pipeline.plan(ACTIONS, SETTINGS, loop=True)
    archive = pipeline.generate(plan, SETTINGS)
    assert archive.features.shape[1] == 170
    assert archive.settings["loop"] is True
    # Rolling the actions rolls the motion: no piece is special.
    assert [p.start for p in plan.pieces] == [-10, 50, 100]


def test_default_lengths_without_a_vocabulary(pipeline: MotionPipeline) -> None:
    plan = pipeline.plan([Action("jumps"), Action("sits")], SETTINGS)
    assert [s.end - s.start for s in plan.segments] == [80, 80]
    assert pipeline.matches([Action("jumps")]) == []


def test_a_model_without_statistics_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model toy has no Mean\.npy and Std\.npy; copy the dataset's"):
        make_pipeline(normalised=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 0}, "samples is 0"),
        ({"taper": 2.0}, "taper is 2"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GenerateSettings(**changes)  # type: ignore[arg-type]


def test_timelines_in_full_are_generated(pipeline: MotionPipeline) -> None:
    rows = [
        Action("A person walks.", 4.0, guidance=1.0),
        Action("He waves.", 1.5, start=1.0),
        Action("He runs.", 3.0, start=3.0, transition=0.4),
        Action("", 1.0),
    ]
    archive = motion_of(pipeline, rows)
    assert archive.features.shape == (1, 140, 263)
    assert np.isfinite(archive.joints).all()
    assert [(s.text, s.start, s.end) for s in archive.segments] == [
        ("A person walks.", 0, 70),
        ("He waves.", 20, 50),
        ("He runs.", 70, 120),
    ]
    # A layer changes its own frames; with one step nothing else hears of it.
    once = replace(SETTINGS, sampler=SamplerSettings(steps=1))
    line = [row for row in rows if row.text != "He waves."]
    with_layer = motion_of(pipeline, rows, once).features
    without = motion_of(pipeline, [line[0], *line[1:]], once).features
    differs = np.abs(with_layer - without).max(axis=(0, 2)) > 1e-6
    assert set(np.flatnonzero(differs)) == set(range(20, 50))


def test_a_style_changes_overlaps_alone(pipeline: MotionPipeline) -> None:
    once = replace(SETTINGS, sampler=SamplerSettings(steps=1), taper=0.0)
    plain = motion_of(pipeline, ACTIONS, once).features
    styled = motion_of(pipeline, ACTIONS, replace(once, style="in a tired way")).features
    differs = np.abs(styled - plain).max(axis=(0, 2)) > 1e-6
    assert set(np.flatnonzero(differs)) == {*range(50, 70), *range(100, 120)}


def motion_of(pipeline: MotionPipeline, rows: list[Action], settings: GenerateSettings = SETTINGS) -> Motion:
    return pipeline.generate(pipeline.plan(rows, settings), settings)


def ordinary_pipeline(*, mask_frames: bool) -> MotionPipeline:
    torch.manual_seed(0)
    config = NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16, mask_frames=mask_frames)
    statistics = Normalisation(torch.zeros(263), torch.full((263,), 0.1))
    network = MDM(config).eval().requires_grad_(False)
    model = LoadedModel(network, config, statistics, {}, "model.safetensors")
    return mdm_pipeline(model, load_text_encoder("static"), name="toy")


def test_ordinary_samples_in_windows_are_those_of_the_published_evaluation() -> None:
    scripts = [Script(("a person walks.",), (60,)), Script(("a man waves.",), (196,))]
    settings, seeds = replace(SETTINGS, precision="float32"), [5, 6]
    masked = ordinary_pipeline(mask_frames=True)
    made = masked.ordinary(scripts, settings, seeds=seeds, frames=196)
    assert made.shape == (2, 196, 263)
    assert bool(torch.isfinite(made).all())
    # A checkpoint that masks frames makes what it makes at the true length, and something behind it.
    for row, script, seed in zip(made, scripts, seeds):
        alone = masked.by_method("short", [script], settings, seeds=[seed]).sites[0]
        torch.testing.assert_close(row[: len(alone)], alone, rtol=1e-3, atol=1e-4)
    # Older ones make a whole window, whatever the length.
    older = ordinary_pipeline(mask_frames=False)
    window = replace(scripts[0], frames=(196,))
    whole = older.by_method("short", [window], settings, seeds=[5]).sites[0]
    cut = older.ordinary(scripts, settings, seeds=seeds, frames=196)[0]
    torch.testing.assert_close(cut, whole, rtol=1e-3, atol=1e-4)
