"""Stable Diffusion XL as pieces: the same numbers as its own pipeline, and parts that do not fit."""

from collections.abc import Callable
from pathlib import Path

import diffusers
import pytest
import torch
from diffusers_folders import large_text_networks, latent_network, write_tokenizer

from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.layouts import chain, cycle, grid
from motioncollage.image.diffusers_models import DiffusersModel, load_diffusers_model
from motioncollage.image.diffusers_texts import TextCondition, TextEncoder
from motioncollage.image.diffusers_xl import LargeLatentDenoiser


@pytest.fixture(scope="module")
def folder(downloaded: Callable[[str], Path]) -> Path:
    return downloaded("xl")


@pytest.fixture(scope="module")
def model(folder: Path) -> DiffusersModel:
    return load_diffusers_model(folder, precision="float32")


def test_guided_predictions_are_those_of_its_own_pipeline(folder: Path, model: DiffusersModel) -> None:
    theirs = diffusers.StableDiffusionXLPipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    text, empty, pooled, empty_pooled = theirs.encode_prompt("a lake", do_classifier_free_guidance=True)
    ours = model.condition("a lake")
    assert isinstance(ours, TextCondition)
    assert ours.pooled is not None
    assert torch.allclose(ours.tokens, text[0], atol=1e-5)
    assert torch.allclose(ours.pooled, pooled[0], atol=1e-5)
    level = model.levels.levels(4)[1]
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    sizes = theirs._get_add_time_ids((16, 16), (0, 0), (16, 16), text.dtype, text_encoder_projection_dim=10)
    raw = theirs.unet(
        x.expand(2, -1, -1, -1), round(level.timestep), encoder_hidden_states=torch.cat((text, empty)),
        added_cond_kwargs={"text_embeds": torch.cat((pooled, empty_pooled)), "time_ids": sizes.expand(2, -1)},
    ).sample  # fmt: skip
    noise = raw[1:] + 5 * (raw[:1] - raw[1:])
    expected = (x - level.sigma * noise) / level.alpha
    whole = CollageDenoiser(
        model.denoiser, grid(chain([8], []), chain([8], [])), [ours], axes=(2, 3), guidance=5.0
    )
    assert model.size == 16
    assert torch.allclose(whole(x, level), expected, atol=1e-3)


def test_a_panorama_of_its_pieces(model: DiffusersModel) -> None:
    cover = grid(chain([8], []), cycle([8, 8, 8], [4, 4, 4]))
    texts = [model.condition(text) for text in ("a lake", "a wood", "a hill")]
    whole = CollageDenoiser(model.denoiser, cover, texts, axes=(2, 3))
    level = model.levels.levels(4)[1]
    x = torch.randn(2, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    made = whole(x, level)
    turned = CollageDenoiser(model.denoiser, cover, texts[1:] + texts[:1], axes=(2, 3))
    assert torch.allclose(turned(x.roll(-4, dims=3), level), made.roll(-4, dims=3), atol=1e-4)
    assert model.decode(made, wrapped=True).shape == (2, 3, 16, 24)


def test_parts_of_other_models_are_refused(tmp_path: Path, model: DiffusersModel) -> None:
    tokenizer = write_tokenizer(tmp_path)
    encoders = [TextEncoder(network, tokenizer) for network in large_text_networks()]
    with pytest.raises(ValueError, match="use a plain StableDiffusionXLPipeline"):
        LargeLatentDenoiser(latent_network(), encoders, 16)
    sizes = {"addition_embed_type": "text_time", "addition_time_embed_dim": 4}
    network = latent_network(cross_attention_dim=20, projection_class_embeddings_input_dim=30, **sizes)
    with pytest.raises(ValueError, match="reads texts of width 20 and 6, the text encoders write 20 and 10"):
        LargeLatentDenoiser(network, encoders, 16)
    level = model.levels.levels(4)[1]
    with pytest.raises(ValueError, match="a condition is a TextCondition; give what encode makes"):
        model.denoiser(torch.zeros(1, 4, 8, 8), level, [TextCondition(torch.zeros(16, 20))])
    with pytest.raises(ValueError, match="class 3 means nothing to this model"):
        model.condition(3)
    with pytest.raises(ValueError, match="has 22 tokens, the model reads 16"):
        model.condition("a b c d e f g h i j k l m n o p q r s t")
