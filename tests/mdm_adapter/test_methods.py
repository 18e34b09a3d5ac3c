"""Every way to make long motion, with a small random network."""

from dataclasses import fields, replace

import pytest
import torch

from mdm_adapter.data.datasets import Normalisation
from mdm_adapter.methods import METHODS, READS, Made, MethodSettings, Script, make
from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.pipeline import MotionPipeline
from motioncollage.collage.guidance import Guidance
from motioncollage.sampling.registry import SamplerSettings

SETTINGS = MethodSettings(sampler=SamplerSettings(steps=3), piece=60, overlap=10, precision="float32")
ONE = (Script(("a person walks",), (200,)), Script(("he runs",), (200,)))
TWO = (Script(("a person walks", "he waves"), (60, 50)), Script(("he runs", "he bows"), (60, 50)))


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    torch.manual_seed(0)
    config = NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16, max_frames=80)
    network = MDM(config).eval().requires_grad_(False)
    model = LoadedModel(network, config, Normalisation(torch.zeros(263), torch.ones(263)), {}, "toy")
    return MotionPipeline(model, load_text_encoder("static"), name="toy")


def run(name: str, pipeline: MotionPipeline, scripts: tuple[Script, ...] = ONE, **changes: object) -> Made:
    seeds = list(range(3, 3 + len(scripts)))
    return make(name, pipeline, scripts, replace(SETTINGS, **changes), seeds=seeds)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "short"])
def test_long_motion_of_one_text(name: str, pipeline: MotionPipeline) -> None:
    made = run(name, pipeline)
    assert made.features.shape == (2, 200, 263)
    assert torch.isfinite(made.features).all()
    assert not torch.allclose(made.features[0], made.features[1])
    expected = {
        "baseline": (),
        "replacement": (60, 90, 120, 150, 180),
        "reconstruction": (60, 90, 120, 150, 180),
    }
    if name in expected:
        assert made.seams == expected[name]
    else:
        assert made.seams == (53, 100, 147)


@pytest.mark.parametrize("name", METHODS)
def test_a_motion_depends_on_its_own_seed_only(name: str, pipeline: MotionPipeline) -> None:
    both = run(name, pipeline, TWO)
    alone = make(name, pipeline, TWO[1:], SETTINGS, seeds=[4])
    assert both.features.shape == (2, 110, 263)
    torch.testing.assert_close(both.features[1:], alone.features, atol=2e-5, rtol=0)
    assert both.seams == alone.seams


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_read(name: str, pipeline: MotionPipeline) -> None:
    """What a method does not read changes nothing of what it makes; what it reads, something."""
    others: dict[str, object] = {
        "piece": 50, "overlap": 14, "taper": 0.2, "own_text": False, "shared_noise": 0.5, "batch_limit": 3, "loop": True,
        "guidance": Guidance(2.0), "sampler": SamplerSettings(steps=2), "precision": "bfloat16",
    }  # fmt: skip
    assert others.keys() == {field.name for field in fields(MethodSettings)}
    scripts = TWO if name == "short" else ONE  # the model knows no longer motion
    usual = run(name, pipeline, scripts)
    for field, value in others.items():
        changed = run(name, pipeline, scripts, **{field: value})
        same = changed.features.shape == usual.features.shape and torch.equal(
            changed.features, usual.features
        )
        if field not in READS[name]:
            assert same, field
        elif field not in ("batch_limit", "precision"):  # which change roundings, if anything
            assert not same, field


def test_sliding_windows_keep_what_they_know(pipeline: MotionPipeline) -> None:
    """The first window is an ordinary sample; later ones leave it alone."""
    first = make("short", pipeline, [Script(("a person walks",), (60,))], SETTINGS, seeds=[3])
    for name in ("replacement", "reconstruction"):
        whole = make(name, pipeline, ONE[:1], SETTINGS, seeds=[3])
        torch.testing.assert_close(whole.features[:, :60], first.features, atol=2e-5, rtol=0)


def test_compositions_differ_where_pieces_overlap_only_in_kind(pipeline: MotionPipeline) -> None:
    collage = run("collage", pipeline, taper=0.0)
    average = run("multidiffusion", pipeline)
    assert not torch.allclose(collage.features, average.features, atol=1e-3)
    assert not torch.allclose(collage.features, run("collage", pipeline).features, atol=1e-4)


def test_what_makes_no_sense_is_refused(pipeline: MotionPipeline) -> None:
    with pytest.raises(ValueError, match="method 'magic' is unknown; choose one of short, baseline"):
        run("magic", pipeline)
    with pytest.raises(ValueError, match="need the same lengths and a seed each"):
        make("collage", pipeline, [*ONE, *TWO], SETTINGS, seeds=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="2 texts and 1 lengths"):
        Script(("a", "b"), (10,))
