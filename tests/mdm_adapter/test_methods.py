"""Every way to make long motion, with a small random network."""

from dataclasses import fields, replace

import pytest
import torch
from toy_models import mdm_pipeline

from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.guidance import Guidance
from motioncollage.methods import Made, MethodSettings, Script, method
from motioncollage.sampling.registry import SamplerSettings

# These change roundings, if anything.
UNSEEN = ("batch_limit", "precision")
METHODS = ("short", "baseline", "replacement", "reconstruction", "multidiffusion", "collage")
SETTINGS = MethodSettings(sampler=SamplerSettings(steps=3), piece=60, overlap=10, precision="float32")
ONE = (Script(("a person walks",), (200,)), Script(("he runs",), (200,)))
TWO = (Script(("a person walks", "he waves"), (60, 50)), Script(("he runs", "he bows"), (60, 50)))


@pytest.fixture(scope="module")
def pipeline() -> MotionPipeline:
    torch.manual_seed(0)
    config = NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16, max_frames=80)
    network = MDM(config).eval().requires_grad_(False)
    model = LoadedModel(network, config, Normalisation(torch.zeros(263), torch.ones(263)), {}, "toy")
    return mdm_pipeline(model, load_text_encoder("static"), name="toy")


def run(name: str, pipeline: MotionPipeline, scripts: tuple[Script, ...] = ONE, **changes: object) -> Made:
    seeds = list(range(3, 3 + len(scripts)))
    return pipeline.by_method(name, scripts, replace(SETTINGS, **changes), seeds=seeds)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "short"])
def test_long_motion_of_one_text(name: str, pipeline: MotionPipeline) -> None:
    made = run(name, pipeline)
    assert made.sites.shape == (2, 200, 263)
    assert torch.isfinite(made.sites).all()
    assert not torch.allclose(made.sites[0], made.sites[1])
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
    alone = pipeline.by_method(name, TWO[1:], SETTINGS, seeds=[4])
    assert both.sites.shape == (2, 110, 263)
    torch.testing.assert_close(both.sites[1:], alone.sites, atol=2e-5, rtol=0)
    assert both.seams == alone.seams


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_read(name: str, pipeline: MotionPipeline) -> None:
    """What a method does not read changes nothing of what it makes; what it reads, something."""
    others: dict[str, object] = {
        "piece": 50, "overlap": 14, "taper": 0.2, "own_text": False, "shared_noise": 0.5, "batch_limit": 3, "loop": True,
        "style": "sadly", "guidance": Guidance(3.0), "sampler": SamplerSettings(steps=2), "precision": "bfloat16",
    }  # fmt: skip
    assert others.keys() == {field.name for field in fields(MethodSettings)}
    for field, value in others.items():
        # The model knows no longer motion than one action of TWO, and only between actions there is a style.
        scripts = TWO if name == "short" or field == "style" else ONE
        usual = run(name, pipeline, scripts)
        changed = run(name, pipeline, scripts, **{field: value})
        same = changed.sites.shape == usual.sites.shape and torch.equal(changed.sites, usual.sites)
        if field not in method(name).all_reads:
            assert same, field
        elif field not in UNSEEN:
            assert not same, field


def test_sliding_windows_keep_what_they_know(pipeline: MotionPipeline) -> None:
    """The first window is an ordinary sample; later ones leave it alone."""
    first = pipeline.by_method("short", [Script(("a person walks",), (60,))], SETTINGS, seeds=[3])
    for name in ("replacement", "reconstruction"):
        whole = pipeline.by_method(name, ONE[:1], SETTINGS, seeds=[3])
        torch.testing.assert_close(whole.sites[:, :60], first.sites, atol=2e-5, rtol=0)


def test_compositions_differ_where_pieces_overlap_only_in_kind(pipeline: MotionPipeline) -> None:
    collage = run("collage", pipeline, taper=0.0)
    average = run("multidiffusion", pipeline)
    assert not torch.allclose(collage.sites, average.sites, atol=1e-3)
    assert not torch.allclose(collage.sites, run("collage", pipeline).sites, atol=1e-4)


def test_what_makes_no_sense_is_refused(pipeline: MotionPipeline) -> None:
    with pytest.raises(ValueError, match="method 'magic' is unknown; choose one of baseline, collage"):
        run("magic", pipeline)
    with pytest.raises(ValueError, match="need the same lengths and a seed each"):
        pipeline.by_method("collage", [*ONE, *TWO], SETTINGS, seeds=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="2 texts and 1 lengths"):
        Script(("a", "b"), (10,))
