"""Pictures in stages: the scene first, then pieces that keep to it, then detail that keeps to them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from motioncollage.collage.conditioning import BlockMean, Replacement, Separable
from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.image.models import TrainedModel
from motioncollage.image.network import ImageConfig, ImageNetwork
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import CubePlan, ImagePlan, PieceSettings, along_chain, plan_cube, plan_image
from motioncollage.image.stages import add_detail, detail_pieces, make_whole
from motioncollage.image.surface import Cube, Sheet, Surface, Torus
from motioncollage.image.training import DETAIL
from motioncollage.sampling.registry import SamplerSettings

PIECES = PieceSettings(64, 8)
SETTINGS = ImageSettings(seed=3, sampler=SamplerSettings("dpm++", 2))


@pytest.fixture(scope="module")
def pipeline() -> ImagePipeline:
    torch.manual_seed(0)
    small: dict[str, object] = {"channels": (16, 16, 16), "width": 8}
    network = ImageNetwork(ImageConfig(classes=("sea", "sky"), scenes=True, **small))  # type: ignore[arg-type]
    detail = ImageNetwork(ImageConfig(size=32, classes=("sea",), **{**DETAIL, **small}))  # type: ignore[arg-type]
    with torch.no_grad():
        for made in (network, detail):
            made.inner.conv_out.weight.mul_(5)
    quiet = [made.eval().requires_grad_(False) for made in (network, detail)]
    return ImagePipeline(TrainedModel(quiet[0], "float32", detail=quiet[1]), name="toy")


class Recorder:
    """Samples nothing: notes what is asked, and makes grey pictures."""

    def __init__(self) -> None:
        self.asked: list[tuple[Composed, ImagePlan | CubePlan]] = []
        self.begun: list[Tensor | None] = []
        self.draws: list[int] = []

    def __call__(
        self, denoiser: Composed, plan: ImagePlan | CubePlan, begun: Tensor | None = None, *, draw: int = 0
    ) -> Tensor:
        self.asked.append((denoiser, plan))
        self.begun.append(begun)
        self.draws.append(draw)
        return torch.full((1, 3, *plan.graph.site_shape), 0.1 * len(self.asked))


@pytest.mark.parametrize(
    ("size", "made"),
    [
        (Sheet(64, 256), [(32, 128), (64, 256)]),
        (Sheet(64, 64), [(64, 64)]),  # one piece is a scene already
        (Sheet(128, 512, wrapped=True), [(32, 128), (64, 256), (128, 512)]),
        (Sheet(64, 168), [(64, 168)]),  # half of it could not be cut
        (Sheet(128, 128), [(64, 64), (128, 128)]),
        (Torus(128, 256), [(64, 128), (128, 256)]),
        (Torus(128, 96), [(128, 96)]),
    ],
)
def test_sizes_double_from_a_scene(
    pipeline: ImagePipeline, size: Surface, made: list[tuple[int, int]]
) -> None:
    seen = Recorder()
    whole = make_whole(pipeline, size, PIECES, None, SETTINGS, seen)
    assert [plan.graph.site_shape for _, plan in seen.asked] == made
    assert whole.shape[2:] == made[-1]
    assert seen.begun[0] is None
    for number, begun in enumerate(seen.begun[1:], start=1):  # each begins as smooth as the one before it
        assert begun is not None
        assert begun.shape[2:] == made[number]
        assert float(begun.max()) == pytest.approx(0.1 * number)
    assert len(set(seen.draws)) == len(made)
    first, *later = [denoiser for denoiser, _ in seen.asked]
    assert not isinstance(first, Replacement)
    for number, denoiser in enumerate(later, start=1):
        assert isinstance(denoiser, Replacement)
        assert float(denoiser.value.max()) == pytest.approx(0.1 * number)


def test_pieces_keep_to_the_scene_while_there_is_noise(pipeline: ImagePipeline) -> None:
    seen = Recorder()
    make_whole(pipeline, Sheet(64, 128), PIECES, None, SETTINGS, seen)
    denoiser, _ = seen.asked[-1]
    x = torch.randn(1, 3, 64, 128, generator=torch.Generator().manual_seed(0))
    means = Separable((BlockMean(2, 2), BlockMean(2, 3)))
    held = means.apply(denoiser(x, NoiseLevel.exploding(1.0)))
    assert torch.allclose(held, torch.full_like(held, 0.1), atol=1e-5)
    free = means.apply(denoiser(x, NoiseLevel.exploding(0.1)))
    assert float((free - 0.1).abs().max()) > 0.05


def test_a_cube_begins_with_faces_of_a_piece(pipeline: ImagePipeline) -> None:
    seen = Recorder()
    made = make_whole(pipeline, Cube(128), PIECES, None, SETTINGS, seen)
    assert [plan.graph.site_shape for _, plan in seen.asked] == [(6, 64, 64), (6, 128, 128)]
    assert made.shape == (1, 3, 6, 128, 128)


def test_detail_is_large_and_that_of_each_picture_is_its_own(pipeline: ImagePipeline) -> None:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(2, 3, 16, 32, generator=generator) - 0.5
    plan = plan_image(64, 128, detail_pieces(pipeline.detail))
    along = along_chain([pipeline.detail.class_vector("sea")])
    both = replace(SETTINGS, samples=2)
    made = add_detail(pipeline, coarse, plan, along, both, 2)
    assert made.shape == (2, 3, 64, 128)
    other = add_detail(pipeline, torch.cat((coarse[:1], -coarse[1:])), plan, along, both, 2)
    assert torch.allclose(made[0], other[0], atol=1e-5)
    assert float((made[1] - other[1]).abs().mean()) > 0.05


def test_detail_of_a_panorama_turns_with_it(pipeline: ImagePipeline) -> None:
    """By one piece's stride, with its noise: the coarse picture goes round as the pieces do."""
    coarse = torch.rand(1, 3, 16, 60, generator=torch.Generator().manual_seed(2)) - 0.5
    plan = plan_image(64, 240, detail_pieces(pipeline.detail), wrapped=True)
    stride = 48
    assert plan.graph.factors == 240 // stride
    noise = pipeline.noise_of((3, 64, 240), SETTINGS, draw=7)
    made = add_detail(pipeline, coarse, plan, None, SETTINGS, 2)
    turned = _Turned(pipeline, noise.roll(stride, dims=3))
    rolled = add_detail(turned, coarse.roll(stride // 4, dims=3), plan, None, SETTINGS, 2)
    assert torch.allclose(rolled, made.roll(stride, dims=3), atol=1e-4)


class _Turned(ImagePipeline):
    """A pipeline whose noise is given."""

    def __init__(self, other: ImagePipeline, noise: Tensor) -> None:
        super().__init__(other.model, name=other.name)
        self.given = noise

    def noise_of(self, shape: tuple[int, ...], settings: ImageSettings, *, draw: int = 0) -> Tensor:
        return self.given


def test_detail_of_a_cube(pipeline: ImagePipeline) -> None:
    plan = plan_cube(64, detail_pieces(pipeline.detail))
    made = add_detail(pipeline, torch.zeros(1, 3, 6, 16, 16), plan, None, SETTINGS, 2)
    assert made.shape == (1, 3, 6, 64, 64)


def test_plans_of_another_size_and_models_without_detail_are_refused(pipeline: ImagePipeline) -> None:
    plan = plan_image(64, 128, detail_pieces(pipeline.detail))
    with pytest.raises(ValueError, match=r"a plan of \(64, 128\) for a picture of \(64, 64\)"):
        add_detail(pipeline, torch.zeros(1, 3, 16, 16), plan, None, SETTINGS)
    assert isinstance(pipeline.model, TrainedModel)
    plain = ImagePipeline(replace(pipeline.model, detail=None), name="plain")
    with pytest.raises(ValueError, match="'plain' has no network of detail; leave --detail away"):
        add_detail(plain, torch.zeros(1, 3, 16, 32), plan, None, SETTINGS)
