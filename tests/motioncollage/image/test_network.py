"""The image network: preconditioning, conditions, any sides, files."""

import itertools
import json
from pathlib import Path

import pytest
import torch

from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.image.denoiser import ImageDenoiser
from motioncollage.image.network import (
    ImageCondition,
    ImageConfig,
    ImageNetwork,
    load_network,
    save_network,
)


@pytest.fixture(scope="module")
def network() -> ImageNetwork:
    torch.manual_seed(0)
    config = ImageConfig(size=32, classes=("sea", "sky"), channels=(16, 16, 16), width=8)
    return ImageNetwork(config).eval().requires_grad_(False)


def test_nearly_clean_pictures_pass(network: ImageNetwork) -> None:
    """c_skip goes to 1 and c_out to 0 as the noise goes."""
    denoiser = ImageDenoiser(network, precision="float32")
    x = torch.randn(2, 3, 32, 16)
    assert torch.allclose(denoiser(x, NoiseLevel.exploding(1e-4), [None, None]), x, atol=1e-3)
    # Of pure noise little is kept.
    loud = denoiser(80 * x, NoiseLevel.exploding(80.0), [None, None])
    assert loud.abs().max() < 5


def test_scaled_levels_are_the_same_level(network: ImageNetwork) -> None:
    denoiser = ImageDenoiser(network, precision="float32")
    x = torch.randn(1, 3, 16, 16)
    plain = denoiser(x, NoiseLevel.exploding(0.7), [None])
    scaled = denoiser(0.5 * x, NoiseLevel(0.5, 0.35, 0.0), [None])
    assert torch.allclose(plain, scaled, atol=1e-5)


def test_conditions_are_heard_each_by_its_sample(network: ImageNetwork) -> None:
    denoiser = ImageDenoiser(network, precision="float32")
    x = torch.randn(1, 3, 32, 32).expand(4, -1, -1, -1)
    level = NoiseLevel.exploding(1.0)
    sea, sky = (ImageCondition(network.class_vector(name)) for name in ("sea", "sky"))
    conditions = [None, sea, sky, ImageCondition(sea.vector, (0.0, 0.5))]
    together = denoiser(x, level, conditions)
    for row, condition in enumerate(conditions):
        alone = denoiser(x[:1], level, [condition])
        assert torch.allclose(together[row], alone[0], atol=1e-5)
    for first, second in itertools.combinations(together, 2):
        assert float((first - second).abs().max()) > 1e-4
    with pytest.raises(ValueError, match="class 'land' is unknown; this model knows sea, sky"):
        network.class_vector("land")
    with pytest.raises(ValueError, match="a condition is a str; give ImageCondition or None"):
        denoiser(x[:1], level, ["sea"])
    with pytest.raises(ValueError, match="a piece has 30 x 32 pixels; sides must be multiples of 8"):
        denoiser(torch.zeros(1, 3, 30, 32), level, [None])


def test_saved_and_loaded_in_half_precision(network: ImageNetwork, tmp_path: Path) -> None:
    save_network(tmp_path / "model", network, {"steps": 1})
    again = load_network(tmp_path / "model")
    assert again.config == network.config
    for name, value in again.state_dict().items():
        assert torch.equal(value, network.state_dict()[name].half().float())


def test_foreign_files_are_refused(network: ImageNetwork, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(ValueError, match=r"has no model.safetensors; give the folder that train image wrote"):
        load_network(folder)
    save_network(folder, network, {})
    (folder / "model.safetensors").write_bytes(b"x" * 50)
    with pytest.raises(ValueError, match="is no image model of ours"):
        load_network(folder)
    save_network(folder, network, {})
    for broken in (
        "[]",
        "{",
        '{"size": 32}',
        json.dumps({"size": 7, "classes": [], "channels": [16, 16, 16]}),
    ):
        (folder / "config.json").write_text(broken)
        with pytest.raises(ValueError, match="is no image model of ours"):
            load_network(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 20}, "size is 20 pixels"),
        ({"channels": (16, 16)}, "give three multiples of 16"),
        ({"channels": (16, 16, 20)}, "give three multiples of 16"),
        ({"classes": ("a", "a")}, "a class is named twice"),
        ({"block": 3}, "block is 3 pixels; choose 2 or 4"),
        ({"block": 4, "guide": 2}, "guide is 2; choose 0"),
        ({"block": 4, "size": 24}, "choose a multiple of 16"),
    ],
)
def test_shapes_that_make_no_sense(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageConfig(**changes)  # type: ignore[arg-type]


def test_networks_of_detail_see_the_coarse_picture_and_nothing_else_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detail = ImageNetwork(ImageConfig(size=32, block=4, guide=4, channels=(16, 16, 16), width=8)).eval()
    save_network(tmp_path, detail, {})
    detail = load_network(tmp_path)
    x, sigma = torch.randn(2, 3, 16, 48), torch.ones(2)
    guides = torch.zeros(2, 3, 16, 48)
    conditions = [ImageCondition(guide=guide) for guide in guides]
    vectors, extents, labels, stacked = detail.stack(conditions, (16, 48))
    assert stacked is not None
    assert torch.equal(stacked, guides)
    plain = detail(x, sigma, vectors, extents, labels, guides)
    guides[1] = 0.5
    other = detail(x, sigma, vectors, extents, labels, guides)
    assert torch.allclose(other[0], plain[0], atol=1e-5)
    assert not torch.allclose(other[1], plain[1], atol=1e-3)
    with pytest.raises(ValueError, match="needs the coarse picture"):
        detail(x, sigma, vectors, extents, labels)
    with pytest.raises(
        ValueError, match="1 of 2 pieces have a coarse picture; a network of detail needs one each"
    ):
        detail.stack([conditions[0], None], (16, 48))
    with pytest.raises(ValueError, match="not as large as its piece"):
        detail.stack(conditions, (16, 32))
    usual = ImageNetwork(ImageConfig(size=32, channels=(16, 16, 16), width=8))
    with pytest.raises(ValueError, match="only networks of detail read"):
        usual.stack(conditions, (16, 48))
