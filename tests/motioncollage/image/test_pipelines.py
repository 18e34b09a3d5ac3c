"""Images as collages of a small random network: rolling, batches, what is kept, and training on a few pictures."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from motioncollage.collage.conditioning import BlockMean, Mask, Separable
from motioncollage.image.data import Crops, Picture, PictureFolder
from motioncollage.image.models import TrainedModel
from motioncollage.image.network import ImageConfig, ImageNetwork
from motioncollage.image.pipelines import ImagePipeline, ImageSettings, settle, sites_of, whole_sites
from motioncollage.image.plans import PieceSettings, along_chain, plan_cube, plan_image
from motioncollage.image.training import ImageObjective, ImageTraining
from motioncollage.sampling.levels import ContinuousLevels
from motioncollage.sampling.registry import SamplerSettings
from motioncollage.training import Trainer, TrainingSettings

PIECES = PieceSettings(32, 16)
STEPS = 160
SETTINGS = ImageSettings(seed=2, sampler=SamplerSettings("heun", 4))


@pytest.fixture(scope="module")
def pipeline() -> ImagePipeline:
    torch.manual_seed(0)
    config = ImageConfig(size=32, classes=("sea", "sky"), channels=(16, 16, 16), width=8)
    network = ImageNetwork(config)
    # A fresh network's last layer is small; larger, pieces disagree as trained ones do.
    with torch.no_grad():
        network.inner.conv_out.weight.mul_(5)
    return ImagePipeline(TrainedModel(network.eval().requires_grad_(False), "float32"), name="toy")


@pytest.mark.usefixtures("one_thread")
def test_rolling_the_noise_rolls_the_panorama(pipeline: ImagePipeline) -> None:
    """By one piece's stride; the class is the same all round. Several threads round by the place in a batch."""
    plan = plan_image(32, 96, PIECES, wrapped=True)
    conditions = pipeline.conditions(plan, along_chain([pipeline.model.vector("sea")]))
    denoiser = pipeline.compose(plan, conditions, SETTINGS)
    start = pipeline.noise(plan, SETTINGS)
    made = pipeline.sample(denoiser, start, SETTINGS)
    rolled = pipeline.sample(denoiser, start.roll(16, dims=3), SETTINGS)
    assert torch.allclose(rolled, made.roll(16, dims=3), atol=1e-4)
    assert not torch.allclose(rolled, made, atol=0.1)


def test_samples_do_not_depend_on_batches(pipeline: ImagePipeline) -> None:
    plan = plan_image(64, 80, PIECES)
    alone = pipeline.generate(plan, pipeline.conditions(plan, None), SETTINGS)
    many = ImageSettings(2, 3, SETTINGS.sampler, batch_limit=3)
    assert torch.allclose(
        pipeline.generate(plan, pipeline.conditions(plan, None), many)[:1], alone, atol=2e-3
    )
    assert alone.shape == (1, 3, 64, 80)
    assert pipeline.decode(alone, plan).abs().max() <= 1


def test_a_cube_is_made(pipeline: ImagePipeline) -> None:
    plan = plan_cube(48, PIECES)
    made = pipeline.generate(plan, pipeline.conditions(plan, None), SETTINGS)
    assert made.shape == (1, 3, 6, 48, 48)
    assert made.std() > 0.1


def test_what_is_known_is_kept(pipeline: ImagePipeline) -> None:
    plan = plan_image(32, 80, PIECES)
    picture = torch.linspace(-0.9, 0.9, 80).expand(1, 3, 32, 80)
    known = torch.zeros(1, 1, 32, 80, dtype=torch.bool)
    known[..., :24] = True
    painted = restored(pipeline, plan, Mask(known), picture * known)
    assert torch.allclose(painted[..., :24], picture[..., :24], atol=1e-5)
    assert not torch.allclose(painted[..., 40:], picture[..., 40:], atol=0.2)
    means = Separable((BlockMean(4, 2), BlockMean(4, 3)))
    small = torch.rand(1, 3, 8, 20) - 0.5
    large = restored(pipeline, plan, means, small)
    assert torch.allclose(means.apply(large), small, atol=1e-4)
    # Pixels that were cut off do not change the means either.
    cut = settle(large.clamp(-1, 1), means, small)
    assert cut.abs().max() <= 1
    assert torch.allclose(means.apply(cut), small, atol=1e-2)


def restored(pipeline: ImagePipeline, plan: object, observation: object, value: Tensor) -> Tensor:
    denoiser = pipeline.restoring(plan, pipeline.conditions(plan, None), SETTINGS, observation, value)  # type: ignore[arg-type,attr-defined]
    return pipeline.sample(denoiser, pipeline.noise(plan, SETTINGS), SETTINGS)  # type: ignore[arg-type]


def test_strength_decides_how_much_is_kept(pipeline: ImagePipeline) -> None:
    plan = plan_image(32, 48, PIECES)
    picture = torch.linspace(-0.8, 0.8, 48).expand(3, 32, 48)
    changes = []
    for strength in (0.1, 0.5, 0.95):
        made = pipeline.redo(plan, pipeline.conditions(plan, None), SETTINGS, picture, strength)
        changes.append(float((made - picture).abs().mean()))
    assert changes[0] < 0.02 < changes[1] < changes[2]
    for strength in (0.0, 1.5):
        with pytest.raises(ValueError, match="strength is"):
            pipeline.redo(plan, pipeline.conditions(plan, None), SETTINGS, picture, strength)


def test_training_learns_two_colours_and_resumes(tmp_path: Path) -> None:
    """Pictures of one colour per class: after a few steps the classes differ, and halves are served too."""
    red = torch.tensor([200, 30, 30], dtype=torch.uint8)[:, None, None].expand(3, 40, 60)
    blue = torch.tensor([30, 30, 200], dtype=torch.uint8)[:, None, None].expand(3, 40, 60)
    pictures = PictureFolder((Picture(red, 0, "a"), Picture(blue, 1, "b")), ("red", "blue"), {})
    config = ImageConfig(size=16, classes=("red", "blue"), channels=(16, 16, 16), width=8)
    chosen = ImageTraining(batch_size=8, crops=Crops(size=16))

    def trainer(steps: int, out: Path) -> Trainer:
        torch.manual_seed(0)
        network = ImageNetwork(config)
        settings = TrainingSettings(
            steps=steps, learning_rate=3e-3, warmup=5, ema_decay=0.9, precision="float32", decay=0.002
        )
        objective = ImageObjective(pictures, config, chosen)
        return Trainer(network, objective, settings, checkpoint=out / "checkpoint.pt", about="test")

    whole = trainer(STEPS, tmp_path / "whole")
    whole.run()
    first = trainer(STEPS, tmp_path / "halves")
    usual = first.settings
    first.settings = replace(usual, steps=STEPS // 2, decay=usual.decay * 2)
    first.run()
    halves = trainer(STEPS, tmp_path / "halves")
    assert halves.step == STEPS // 2
    halves.run()
    for a, b in zip(whole.average.parameters(), halves.average.parameters()):
        assert torch.equal(a, b)
    network = whole.average.eval()
    assert isinstance(network, ImageNetwork)
    pipeline = ImagePipeline(TrainedModel(network, "float32"), name="test")
    plan = plan_image(16, 40, PieceSettings(16, 8))
    for name, channel in (("red", 0), ("blue", 2)):
        conditions = pipeline.conditions(plan, along_chain([network.class_vector(name)]))
        made = pipeline.generate(plan, conditions, SETTINGS).mean(dim=(0, 2, 3))
        assert int(made.argmax()) == channel


def test_pixels_and_sites(pipeline: ImagePipeline) -> None:
    assert sites_of(64, pipeline.model, "width") == 64
    with pytest.raises(ValueError, match="width is 60 pixels; it must be a multiple of 8, such as 64"):
        sites_of(60, pipeline.model, "width")
    known = torch.ones(1, 1, 8, 16, dtype=torch.bool)
    known[..., 3, 9] = False
    # A latent is known where all its pixels are.
    assert whole_sites(known, 4).tolist() == [[[[True, True, False, True], [True, True, True, True]]]]
    assert torch.equal(whole_sites(known, 1), known)


def test_maps_are_cropped_to_the_nodes() -> None:
    torch.manual_seed(0)
    config = ImageConfig(size=32, channels=(16, 16, 16), width=8, labels=3)
    network = ImageNetwork(config).eval().requires_grad_(False)
    pipeline = ImagePipeline(TrainedModel(network, "float32"), name="toy")
    plan = plan_image(32, 80, PIECES)
    one = torch.zeros(32, 80, dtype=torch.int64)
    other = one.clone()
    other[:, 60:] = 2
    once = ImageSettings(2, 1, SamplerSettings("ddim", 2))
    made = [
        pipeline.compose(plan, pipeline.conditions(plan, None, m), once)(
            torch.ones(1, 3, 32, 80), ContinuousLevels().at(1.0)
        )
        for m in (one, other, None)
    ]
    changed = (made[0] - made[1]).abs().amax(dim=(0, 1, 2)) > 1e-6
    # Pieces start at 0, 16, 32 and 48: only the last two hold what changed.
    assert not bool(changed[:32].any())
    assert bool(changed[60:].all())
    assert not torch.allclose(made[0], made[2], atol=1e-4)
    with pytest.raises(
        ValueError, match=r"the map has \(32, 32\) pixels, the image \(32, 80\); make them alike"
    ):
        pipeline.conditions(plan, None, one[:, :32])
