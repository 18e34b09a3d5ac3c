"""Learning one photo at two scales: what is cut, what is led, what is kept."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.image.data import Picture
from motioncollage.image.likeness import (
    DETAIL,
    LED,
    WHOLE,
    Coarse,
    ExactCrops,
    Led,
    Likeness,
    Recipe,
    TwoScales,
    coarse_factor,
    learn,
    middle,
    shrunk,
    texture_factor,
)
from motioncollage.image.models import load_image_model
from motioncollage.image.network import ImageConfig, ImageNetwork, load_network, save_network
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.sampling.registry import SamplerSettings
from motioncollage.training import step_generator

SMALL = Recipe(steps=4, batch_size=2)
SHAPE = ImageConfig(size=16, classes=("sea", "sky", "sand"), channels=(16, 16, 16), width=8)
FEW = ImageSettings(sampler=SamplerSettings("dpm++", 4))


def waves(height: int, width: int) -> Tensor:
    """A photo of colours that go up and down, [3, height, width]."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([(rows / 5).sin(), (columns / 7).cos(), ((rows + columns) / 9).sin()]) * 0.7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("learnt") / "model"
    torch.manual_seed(0)
    learn(waves(64, 72), place, ImageNetwork(SHAPE), SMALL, about={"photo": "waves.png"})
    return place


@pytest.fixture(scope="module")
def likeness(folder: Path) -> Likeness:
    return Likeness(ImagePipeline(load_image_model(folder), name="waves"), 4)


def test_squares_are_cut_as_they_are() -> None:
    photo = waves(40, 48)
    cut, _, _ = ExactCrops(size=16).draw(
        Picture((photo + 1) * 127.5, 0, "a"), torch.Generator().manual_seed(3)
    )
    places = photo.unfold(1, 16, 1).unfold(2, 16, 1).permute(1, 2, 0, 3, 4)
    assert float((places - cut).abs().amax(dim=(2, 3, 4)).min()) < 1e-5


def test_scales_are_learnt_in_turn() -> None:
    config = ImageConfig(size=16, classes=(WHOLE, DETAIL), channels=(16, 16, 16))
    objective = TwoScales(waves(64, 64), config, Recipe(share=0.25))
    seen: list[str] = []
    for name, scale in objective.of.items():
        scale.training_terms = lambda *_, name=name: seen.append(name) or {}  # type: ignore[method-assign, assignment, misc]
    for step in range(8):
        objective.training_terms(torch.nn.Identity(), step, step_generator(0, step))
    assert seen == [DETAIL, DETAIL, DETAIL, WHOLE] * 2
    shapes = {tuple(of.pictures.pictures[0].pixels.shape) for of in objective.of.values()}
    assert shapes == {(3, 64, 64), (3, 16, 16)}


def test_learning_lowers_the_error_of_both_scales() -> None:
    config = ImageConfig(size=16, classes=(WHOLE, DETAIL), channels=(16, 16, 16))
    objective = TwoScales(waves(64, 64), config, SMALL)
    torch.manual_seed(0)
    network = ImageNetwork(config)
    before = objective.validation_loss(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for step in range(12):
        optimizer.zero_grad()
        torch.stack(
            list(objective.training_terms(network, step, step_generator(1, step)).values())
        ).sum().backward()
        optimizer.step()
    assert objective.validation_loss(network) < 0.9 * before


def test_coarse_of_enlarged_is_the_coarse_and_goes_round() -> None:
    observation = Coarse((8, 12), (32, 48))
    smooth = waves(8, 12)[None]
    again = observation.apply(observation.pseudo_inverse(smooth))
    assert float((again - smooth).abs().mean()) < 0.1 * float(smooth.abs().mean())
    large = observation.pseudo_inverse(smooth)
    assert large.shape == (1, 3, 32, 48)
    # Rolled by whole blocks, the enlarged texture is rolled: nothing is special at the edges.
    turned = observation.pseudo_inverse(smooth.roll((3, 5), (2, 3)))
    assert torch.allclose(turned, large.roll((12, 20), (2, 3)), atol=1e-5)


def test_predictions_are_led_only_while_there_is_noise() -> None:
    observation = Coarse((4, 4), (16, 16))
    value = torch.full((1, 3, 4, 4), 0.5)
    led = Led(lambda x, level: torch.zeros_like(x), observation, value)
    x = torch.zeros(1, 3, 16, 16)
    free, wholly = LED
    for sigma, share in ((free / 2, 0.0), ((free + wholly) / 2, 0.5), (2 * wholly, 1.0)):
        assert torch.allclose(led(x, NoiseLevel.exploding(sigma)), torch.full_like(x, 0.5 * share), atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (72, 40), (16, 16)])
def test_textures_of_any_size(likeness: Likeness, height: int, width: int) -> None:
    seen: list[tuple[int, int]] = []
    made = likeness.make(height, width, FEW, on_step=lambda done, total: seen.append((done, total)))
    assert made.shape == (1, 3, height, width)
    assert bool(torch.isfinite(made).all())
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert torch.equal(made, likeness.make(height, width, FEW))


def test_samples_do_not_depend_on_each_other(likeness: Likeness) -> None:
    two = likeness.make(32, 32, ImageSettings(samples=2, sampler=FEW.sampler))
    assert not torch.allclose(two[0], two[1], atol=0.05)
    assert torch.allclose(two[:1], likeness.make(32, 32, FEW), atol=1e-3)


def test_what_is_known_is_kept(likeness: Likeness) -> None:
    photo, known = waves(64, 72)[None], middle(64, 72, 16)
    made = likeness.make(64, 72, FEW, photo=photo, known=known)
    assert torch.equal(made[..., 16:-16, 16:-16], photo[..., 16:-16, 16:-16])
    assert float((made - photo)[~known.expand_as(made)].abs().mean()) > 0.01


def test_a_kept_model_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    assert texture_factor(folder) == 4
    about = json.loads((folder / "config.json").read_text())["about"]
    assert about == {"photo": "waves.png", "texture": {"factor": 4, "steps": 4}}
    save_network(tmp_path, ImageNetwork(ImageConfig(size=16, channels=(16, 16, 16))), {})
    assert texture_factor(tmp_path) is None
    assert texture_factor(tmp_path / "nothing") is None


def test_both_scales_begin_as_pictures_of_no_class(tmp_path: Path) -> None:
    start = ImageNetwork(SHAPE)
    torch.nn.init.normal_(start.null)
    learn(waves(64, 64), tmp_path, start, Recipe(steps=1, batch_size=1, learning_rate=1e-12), about={})
    found = load_network(tmp_path)
    assert found.config.classes == (WHOLE, DETAIL)
    for name in found.config.classes:
        assert torch.allclose(found.class_vector(name), start.null, atol=2e-3)
    assert torch.allclose(found.inner.conv_in.weight, start.inner.conv_in.weight, atol=2e-3)
    # A model that has learnt a photo goes on with its scales as they are.
    with torch.no_grad():
        found.classes.weight.copy_(torch.arange(16.0).reshape(2, 8))
    learn(waves(64, 64), tmp_path, found, Recipe(steps=1, batch_size=1, learning_rate=1e-12), about={})
    assert torch.allclose(load_network(tmp_path).classes.weight, found.classes.weight, atol=2e-3)


def test_small_photos_are_refused_or_learnt_nearer() -> None:
    assert coarse_factor(waves(256, 300), 64) == 4
    assert coarse_factor(waves(200, 300), 64) == 2
    with pytest.raises(
        ValueError, match="the photo has 300 x 100 pixels; a texture needs one of at least 128"
    ):
        coarse_factor(waves(100, 300), 64)


@pytest.mark.parametrize("border", [0, 32, 40])
def test_a_border_leaves_a_middle(border: int) -> None:
    with pytest.raises(ValueError, match=f"--border is {border} pixels of 80 x 64"):
        middle(64, 80, border)


def test_photos_are_made_smaller_not_larger() -> None:
    assert shrunk(waves(64, 80), 128).shape == (3, 64, 80)
    assert shrunk(waves(64, 80), 32).shape == (3, 32, 40)
