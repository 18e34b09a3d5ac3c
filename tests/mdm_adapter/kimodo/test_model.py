"""The model's door: from texts to joints, in one piece, in many, and round a loop."""

from pathlib import Path

import pytest
import torch
from kimodo_toys import ToyEncoder, clip, sentence, toy_folder
from torch import Tensor

from mdm_adapter.models.kimodo import KimodoModel, read_licence
from mdm_adapter.models.kimodo.constraints import GroundPath
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.retarget import to_smpl
from mdm_adapter.models.kimodo.skeletons import SOMA30
from mdm_adapter.models.kimodo.text import embed_sentences
from motioncollage.collage.layouts import chain, cycle
from motioncollage.sampling.registry import SamplerSettings, sample

pytest.importorskip("yaml")
QUICK = SamplerSettings("ddim", 3)


@pytest.fixture
def model(tmp_path: Path) -> KimodoModel:
    return KimodoModel.load(toy_folder(tmp_path / "toy"), ToyEncoder())


def made(model: KimodoModel, denoiser: object, frames: int, rows: int = 2) -> Tensor:
    start = torch.stack([model.noise(frames, 3, number) for number in range(rows)])
    start = start.to(next(model.network.parameters()).dtype)
    generator = torch.Generator().manual_seed(0)
    return sample(denoiser, start, model.levels(), QUICK, generator)  # type: ignore[arg-type]


def test_what_it_says_of_itself(model: KimodoModel) -> None:
    assert (model.name, model.fps, model.width, model.max_frames) == ("toy", 30.0, 369, 300)
    assert model.guidance == KimodoGuidance("separated", 2.0, 2.0)
    assert (model.sampler.name, model.sampler.steps) == ("ddim", 100)
    assert model.overlap < model.piece <= model.max_frames
    assert len(model.levels().levels(100)) == 100


def test_texts_become_conditions(model: KimodoModel) -> None:
    found = model.conditions(["a man walks", "", "A man  walks."])
    assert found[1] is None
    assert found[0] is not None
    assert found[0] is found[2]
    assert torch.equal(found[0].tokens, sentence("A man walks.").tokens)
    assert isinstance(model.encoder, ToyEncoder)
    assert model.encoder.asked == ["A man walks."]
    assert model.conditions(["", " "]) == [None, None]
    # Embeddings of a file take the encoder's place.
    kept = embed_sentences(["a man walks"], ToyEncoder(), name="toy")
    other = KimodoModel(model.loaded, kept, name="toy")
    again = other.conditions(["a man walks"])[0]
    assert again is not None
    assert torch.equal(again.tokens, found[0].tokens)
    with pytest.raises(ValueError, match=r"1 sentences have no embedding, such as 'A man bows\.'"):
        other.conditions(["a man bows"])
    with pytest.raises(ValueError, match="the text encoder embeds in 5 numbers and toy reads 8"):
        KimodoModel(model.loaded, ToyEncoder(5), name="toy")


def test_a_long_motion(model: KimodoModel) -> None:
    graph = chain([40, 40, 40], [8, 8])
    collage = model.compose(graph, model.conditions(["walk", "turn", "wave"]))
    normalised = made(model, collage, 104)
    features = model.denormalise(normalised)
    assert torch.allclose(model.normalise(features), normalised, atol=1e-5)
    joints = model.to_joints(features)
    assert joints.shape == (2, 104, 22, 3)
    assert torch.equal(joints, to_smpl(model.pose(features).joints, SOMA30))
    # A sample is the same whatever stands beside it (a random network magnifies rounding, so with many digits).
    model.network.double()
    start = torch.stack([model.noise(104, 3, number) for number in range(2)]).double()
    both, one = (
        sample(collage, noise, model.levels(), QUICK, torch.Generator()) for noise in (start, start[:1])
    )
    assert torch.allclose(both[:1], one, atol=1e-6)


def test_constraints_change_a_motion_and_guidance_of_them_matters(model: KimodoModel) -> None:
    model.network.double()  # a random network magnifies rounding, more on some processors
    frames = 40
    path = GroundPath(torch.tensor([0, 20]), torch.tensor([[0.0, 0.0], [1.0, 2.0]]))
    observed = model.observe([[path], []], frames)
    graph, texts = chain([frames], []), model.conditions(["walk"])
    free = made(model, model.compose(graph, texts), frames)
    led = made(model, model.compose(graph, texts, observed=observed), frames)
    assert not torch.allclose(free[0], led[0], atol=1e-3)
    assert torch.allclose(free[1], led[1], atol=1e-3)
    stronger = KimodoGuidance(constraint=5.0)
    more = made(model, model.compose(graph, texts, observed=observed, guidance=stronger), frames)
    assert not torch.allclose(more[0], led[0], atol=1e-3)


def test_a_loop(model: KimodoModel) -> None:
    loop = model.compose_loop(cycle([40] * 3, [8] * 3), model.conditions(["walk"] * 3))
    features, way = loop.unrolled(made(model, loop, 96))
    assert features.shape == (2, 96, 369)
    assert way.shape == (2, 2)
    assert features[:, 0, [0, 2]].abs().max() < 1e-5


def test_real_motion_there_and_back(model: KimodoModel) -> None:
    local, root = clip(30, 1)
    joints = to_smpl(SOMA30.forward_kinematics(local, root)[1], SOMA30)
    features = model.from_joints(joints)
    found = model.to_joints(features)
    head = 15
    assert (found - joints).abs()[:, [j for j in range(22) if j != head]].max() < 1e-6
    assert len(model.from_joints(joints.float(), fps=15.0)) == 59


def test_licences(tmp_path: Path) -> None:
    assert read_licence(tmp_path) is None
    card = tmp_path / "README.md"
    card.write_text(
        "---\nlicense: other\nlicense_name: nvidia-open-model-license\ntags: [a]\n---\nlicense: mine\n"
    )
    assert read_licence(tmp_path) == "nvidia-open-model-license, other"
    card.write_text("# a card that does not say\n")
    assert read_licence(tmp_path) is None
