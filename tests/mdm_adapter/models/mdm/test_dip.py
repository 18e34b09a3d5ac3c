"""Prefix models (DiP): the published network's outputs, chunk by chunk, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from paths import golden

import motioncollage as mc
from mdm_adapter.models.mdm.checkpoint import save_model
from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.models.mdm.dip import DiPModel, chunks
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import TextEmbedding
from mdm_adapter.motion import read_motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.collage.guidance import Conditioned
from motioncollage.methods import MethodSettings, Script, method
from motioncollage.sampling.registry import SamplerSettings

SETTINGS = MethodSettings(sampler=SamplerSettings(steps=2), precision="float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix checkpoint of small random weights, with the arguments that the published planner has."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "planner"
    config = NetworkConfig(
        arch="trans_dec", text_encoder_type="static", layers=1, latent_dim=16, diffusion_steps=10, context_len=20,
        pred_len=16, mask_frames=True,
    )  # fmt: skip
    statistics = Normalisation(torch.full((263,), 0.1), torch.full((263,), 0.3))
    save_model(folder, MDM(config), statistics, {"dataset": "humanml", "multi_target_cond": False})
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> MotionPipeline:
    return mc.load(str(folder), device="cpu")


def test_the_published_outputs_with_guidance() -> None:
    args = json.loads(golden("mdm_dec_bert_prefix.args.json").read_text(encoding="utf-8"))
    weights = torch.load(golden(args["_weights"]), map_location="cpu", weights_only=True)
    network = MDM(NetworkConfig.from_args(args)).eval()
    network.load_state_dict({name: value for name, value in weights.items() if not name.endswith(".pe")})
    with np.load(golden("mdm_dec_bert_prefix.npz")) as archive:
        stored = {name: torch.from_numpy(archive[name]) for name in archive.files}
    frames_last = {
        name: stored[name][:, :, 0].transpose(1, 2) for name in ("x", "prefix", "out_cond", "out_cfg")
    }
    for i in range(len(stored["x"])):
        own = {name: value[i : i + 1] for name, value in frames_last.items()}
        text = TextEmbedding(stored["text_embed"][:, i], stored["text_mask"][i])
        denoiser = MDMDenoiser(network, valid=[int(stored["lengths"][i])], known=own["prefix"])
        level = NoiseLevel(0.6, 0.8, float(stored["timesteps"][i]))
        for scale, name in ((1.0, "out_cond"), (float(stored["scale"][i]), "out_cfg")):
            made = Conditioned(denoiser, text, scale)(own["x"], level)
            torch.testing.assert_close(made, own[name], rtol=0, atol=1e-4)


def test_every_chunk_continues_the_end_of_the_one_before(
    pipeline: MotionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pipeline.model
    assert isinstance(model, DiPModel)
    seen: list[tuple[torch.Tensor, bool, torch.Tensor]] = []
    real = model.loaded.network.forward

    def record(x: torch.Tensor, *args: Any, **more: Any) -> torch.Tensor:
        seen.append((more["prefix"].clone(), bool(more["text_dropped"][0]), args[1].clone()))
        return real(x, *args, **more)

    monkeypatch.setattr(model.loaded.network, "forward", record)
    scripts = [Script(("a person walks", "he waves"), (40, 24)), Script(("he runs", "he bows"), (40, 24))]
    made = pipeline.by_method("dip", scripts, SETTINGS, seeds=[1, 2])
    assert made.sites.shape == (2, 64, 263)
    # 16, 16 and 8 frames of the first text, 16 and 8 of the second; two steps of two passes each.
    assert made.seams == (16, 32, 40, 56)
    assert len(seen) == 5 * 4
    whole = torch.cat((model.start.expand(2, -1, -1), model.normalise(made.sites)), dim=1)
    for number, (prefix, dropped, text) in enumerate(seen):
        first = (0, *made.seams)[number // 4]
        torch.testing.assert_close(prefix, whole[:, first : first + 20], rtol=0, atol=1e-6)
        if not dropped:
            expected = model.conditions([script.texts[int(number >= 12)] for script in scripts])
            torch.testing.assert_close(text[:, 0], torch.stack([c.tokens[0] for c in expected if c]))


def test_texts_change_when_their_parts_begin() -> None:
    assert chunks([40], 16) == [(0, 16), (0, 16), (0, 8)]
    assert chunks([16, 3, 33], 16) == [(0, 16), (1, 3), (2, 16), (2, 16), (2, 1)]


def test_a_motion_begins_after_somebody_who_stands_still(pipeline: MotionPipeline) -> None:
    model = pipeline.model
    assert isinstance(model, DiPModel)
    assert model.start.shape == (20, 263)
    joints = pipeline.representation.to_joints(model.denormalise(model.start))
    assert (joints - joints[:1]).abs().max() < 1e-5
    assert joints[0, :, 1].min().abs() < 1e-5
    assert 1.4 < joints[0, 15, 1] < 1.8  # the head
    assert (joints[0, [20, 21], 1] < joints[0, [16, 17], 1]).all()  # wrists below shoulders


def test_each_motion_depends_on_its_own_seed(pipeline: MotionPipeline) -> None:
    scripts = [Script(("a person walks",), (30,))] * 2
    both = pipeline.by_method("dip", scripts, SETTINGS, seeds=[1, 2]).sites
    alone = pipeline.by_method("dip", scripts[1:], SETTINGS, seeds=[2]).sites
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-5)
    assert not torch.allclose(both[0], both[1])


def test_by_command_and_what_is_refused(command: Command, folder: Path, toy: Path, tmp_path: Path) -> None:
    quiet = ("--no-video", "--no-sheet", "--steps", 2, "--out")
    make = ("generate", "a person walks | he waves", "--seconds", 3, "--model")
    result = command(*make, folder, *quiet, tmp_path / "out")
    assert result.code == 0, result.err
    assert "3 s by the method dip" in result.out
    motion = read_motion(tmp_path / "out" / "motion.npz")
    told = motion.settings
    assert (told["method"], told["guidance"]) == ("dip", 7.5)
    assert "overlap" not in told
    assert told["pieces"] == [[0, 16], [16, 14], [30, 16], [46, 14]]
    assert command(*make, folder, "--method", "dip", *quiet, tmp_path / "named").code == 0
    np.testing.assert_array_equal(read_motion(tmp_path / "named" / "motion.npz").features, motion.features)
    for arguments, message in (
        ((*make, toy, "--method", "dip"), "the method dip continues a prefix, for which this model was not"),
        ((*make, folder, "--method", "collage"), "model planner continues 20 frames by 16"),
        ((*make, folder, "--method", "magic"), "method 'magic' is unknown; choose one of"),
        (("loop", "a person walks", "--model", folder), "the method dip does"),
        (("generate", '[{"text": "a", "start": 0, "seconds": 2}, {"text": "b", "start": 3, "seconds": 2}]', "--model", folder),
         "actions one behind the other, without gaps"),
    ):  # fmt: skip
        assert message in one_line(command(*arguments, *quiet, tmp_path / "no"))
    assert not (tmp_path / "no" / "motion.npz").exists()


def test_methods_say_what_they_refuse(pipeline: MotionPipeline) -> None:
    assert pipeline.refusal("dip") == ""
    assert "the method dip does" in pipeline.refusal("short")
    # Images have no prefix either.
    with pytest.raises(ValueError, match="continues a prefix"):
        method("dip").run(object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="continues 20 frames by 16"):
        pipeline.by_method("short", [Script(("a",), (20,))], replace(SETTINGS, piece=20), seeds=[0])
