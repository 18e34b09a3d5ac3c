"""HY-Motion in a pipeline: pieces carried to their own origin, a chain against its closed form, commands, foreign files."""

from pathlib import Path

import pytest
import torch
from command_line import Command, one_line
from counting import check_counted
from hymotion_toys import CONFIG, rows, toy_folder, toy_weights
from safetensors.torch import save_file
from torch import Tensor

import motioncollage as mc
from mdm_adapter.models.hymotion.checkpoint import load_hymotion
from mdm_adapter.models.hymotion.collage import StandingCollage
from mdm_adapter.models.hymotion.model import HYMotionModel
from mdm_adapter.models.hymotion.representation import GROUND, facing
from mdm_adapter.models.text.cached import CachedEncoder
from mdm_adapter.motion import read_motion
from motioncollage.collage.guidance import Guidance
from motioncollage.collage.layouts import chain
from motioncollage.sampling.flow import FlowLevels

pytest.importorskip("yaml")
TEXTS = ("a person walks", "he waves")
WORDED = (*TEXTS, "A person walks.")  # as a prompt that is split is worded
QUIET = ("--steps", 2, "--no-video", "--no-sheet")
LEVEL = FlowLevels().levels(4)[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_folder(tmp_path_factory.mktemp("hymotion") / "toy", WORDED)


@pytest.fixture(scope="module")
def model(folder: Path) -> HYMotionModel:
    return HYMotionModel(
        load_hymotion(folder), CachedEncoder(rows(WORDED), encoder="toy", width=12), name="toy"
    )


def noisy(frames: int, seed: int = 0) -> Tensor:
    return torch.randn(2, frames, 201, generator=torch.Generator().manual_seed(seed))


def test_carried_there_and_back_and_noise_stays_white(model: HYMotionModel) -> None:
    graph = chain([40], [])
    collage = StandingCollage(model.denoiser("float32"), model.loaded.normalisation, graph, [None], [1.0])
    x, angle = noisy(40), torch.tensor([0.4, -2.0])
    ground = torch.tensor([[3.0, -1.0], [0.5, 7.0]])
    there = collage.carried(x, -angle, ground, LEVEL.alpha, into=True)
    back = collage.carried(there, angle, ground, LEVEL.alpha, into=False)
    assert torch.allclose(back, x, atol=1e-4)
    # Where the scales of x and z agree, what a turn does to noise is a turn.
    noise = collage.carried(noisy(4000, 1), angle, torch.zeros(2, 2), 0.0, into=False)
    assert torch.allclose(noise[..., GROUND].std(dim=1), torch.ones(2, 2), atol=0.05)


def test_a_chain_is_the_sum_of_its_windows(model: HYMotionModel) -> None:
    """Two pieces and their overlap, written out: each window from its own origin, counted +1, +1, -1."""
    graph = chain([40, 40], [10])
    conditions = [*model.conditions(TEXTS), None]
    denoiser = model.denoiser("float32")
    collage = StandingCollage(denoiser, model.loaded.normalisation, graph, conditions, [2.0, 1.0, 1.0])
    x = noisy(70)

    def alone(window: Tensor, text: object, scale: float) -> Tensor:
        seen = denoiser(window, LEVEL, [text] * 2)
        return seen if scale == 1 else scale * seen + (1 - scale) * denoiser(window, LEVEL, [None] * 2)

    first = alone(x[:, :40], conditions[0], 2.0)
    frame = model.denormalise(first[:, 30])
    angle, ground = facing(frame), frame[:, GROUND]
    carried = lambda part, turn, **how: collage.carried(part, turn, ground, **how)
    parts = []
    for sites, text in ((slice(30, 70), conditions[1]), (slice(30, 40), None)):
        window = carried(x[:, sites], -angle, signal=LEVEL.alpha, into=True)
        parts.append(carried(alone(window, text, 1.0), angle, signal=1.0, into=False))
    expected = torch.zeros_like(x)
    expected[:, :40] += first
    expected[:, 30:] += parts[0]
    expected[:, 30:40] -= parts[1]
    assert torch.allclose(collage(x, LEVEL), expected, atol=1e-4)


def test_one_piece_is_an_ordinary_sample(model: HYMotionModel) -> None:
    condition = model.conditions(TEXTS)[:1]
    collage = StandingCollage(
        model.denoiser("float32"), model.loaded.normalisation, chain([40], []), condition, [1.0]
    )
    plain = model.denoiser("float32")(noisy(40), LEVEL, condition * 2)
    assert torch.allclose(collage(noisy(40), LEVEL), plain, atol=1e-4)
    with pytest.raises(ValueError, match="a piece has 121 frames; this model was trained on at most 120"):
        model.denoiser("float32")(noisy(121), LEVEL, [None] * 2)
    assert model.defaults.guidance == Guidance(5.0)


def test_from_the_command_line(command: Command, folder: Path, tmp_path: Path) -> None:
    made = ("generate", " | ".join(TEXTS), "--seconds", 6, "--model", folder, "--to", "bvh")
    result = command(*made, "--out", tmp_path / "a", *QUIET)
    assert result.code == 0, result.err
    motion = read_motion(tmp_path / "a" / "motion.npz")
    assert (motion.features.shape, motion.fps) == ((1, 180, 201), 30.0)
    assert motion.settings["representation"] == "hymotion"
    for edit in (("extend", "--after", 1), ("replace", "--from", 1, "--to", 2), ("joints",)):
        name, *options = edit
        result = command("edit", name, tmp_path / "a" / "motion.npz", *options, "--model", folder, "--out",
                         tmp_path / name, *QUIET)  # fmt: skip
        assert result.code == 0, result.err
    result = command(*made, "--method", "replacement", "--out", tmp_path / "b", *QUIET)
    assert result.code == 0, result.err
    looped = ("loop", TEXTS[0], "--seconds", 6, "--model", folder, "--out", tmp_path / "c", *QUIET)
    assert "HY-Motion makes no loops" in one_line(command(*looped))
    unknown = ("generate", "he kneels", "--model", folder, "--out", tmp_path / "d", *QUIET)
    assert "have no embedding" in one_line(command(*unknown))
    shown = " ".join(command("models", folder).out.split())
    assert "longest piece: 4 s at 30 frames a second" in shown


def test_evaluators_read_it(folder: Path) -> None:
    maker = mc.load(str(folder)).written_as("humanml3d")  # type: ignore[attr-defined]
    from motioncollage.methods import MethodSettings, Script

    settings = MethodSettings(sampler=mc.SamplerSettings(steps=2))
    made = maker.by_method("collage", [Script(TEXTS, (40, 40))], settings, seeds=[1])
    assert made.sites.shape == (1, 80, 263)
    assert made.seams == (40,)
    assert torch.isfinite(made.sites).all()
    script = [Script(TEXTS, (40, 40))]
    check_counted(maker, maker.model.loaded.network, ("collage", "replacement", "short"), script, settings)
    call = next(iter(maker.work("collage", script, settings).calls))
    assert maker.seconds_of(call, TEXTS[0], settings) > 0


def write(folder: Path, weights: dict[str, Tensor], config: str = CONFIG) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text(config)
    save_file(weights, folder / "model.safetensors")
    return folder


def test_published_pickles_are_read_as_tensors_alone(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG)
    torch.save({"epoch": 3, "model_state_dict": toy_weights()}, tmp_path / "latest.ckpt")
    loaded = load_hymotion(tmp_path)
    assert loaded.guidance == 5.0
    torch.save({"model_state_dict": {"a": Path("x")}}, tmp_path / "latest.ckpt")
    with pytest.raises(ValueError, match="cannot be read as tensors alone"):
        load_hymotion(tmp_path)


def test_folders_of_strangers(tmp_path: Path) -> None:
    weights = toy_weights()
    name = "motion_transformer.single_blocks.0.linear1.weight"
    broken = {
        f"lack {name}": {k: v for k, v in weights.items() if k != name},
        r"has shape \[2, 2\], not": {**weights, name: torch.zeros(2, 2)},
        "hold 'more', which this network has not": {**weights, "more": torch.zeros(1)},
        "holds no finite floats": {**weights, name: torch.full_like(weights[name], torch.nan)},
        "lack the std of 201": {k: v for k, v in weights.items() if k != "std"},
    }
    for told, some in broken.items():
        with pytest.raises(ValueError, match=told):
            load_hymotion(write(tmp_path / "f", some))
    for told, config in {
        "mask_mode is 'causal'": CONFIG.replace("narrowband", "causal"),
        "it must divide by 3": CONFIG.replace("num_layers: 3", "num_layers: 4"),
        "qk_norm_type is 'layer'": CONFIG.replace("  num_heads", "  qk_norm_type: layer\n  num_heads"),
        "no network_module_args": "a: 1",
    }.items():
        with pytest.raises(ValueError, match=told):
            load_hymotion(write(tmp_path / "g", weights, config))
