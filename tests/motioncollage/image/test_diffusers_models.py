"""Models of diffusers as denoisers, against diffusers itself, on tiny random networks."""

import math
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers_folders import (
    PLAIN,
    SD_BETAS,
    autoencoder_network,
    copied,
    latent_network,
    noise,
    pixel_network,
    refuses,
    rewrite,
    text_network,
    write_tokenizer,
)
from torch import Tensor

from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.collage.guidance import Conditioned
from motioncollage.collage.layouts import chain, cycle, grid
from motioncollage.image import diffusers_files
from motioncollage.image.diffusers_denoisers import LatentDenoiser, PixelDenoiser, schedule_of
from motioncollage.image.diffusers_models import load_diffusers_model
from motioncollage.image.diffusers_texts import TextCondition, TextEncoder
from motioncollage.image.tiles import Autoencoder, in_tiles
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.registry import SamplerSettings, sample

LEVEL = NoiseLevel(0.6, 0.8, 37.0)
PREDICTIONS = ("epsilon", "v_prediction", "sample")


def expected_clean(raw: Tensor, x: Tensor, prediction: str) -> Tensor:
    """x0 of x = alpha x0 + sigma eps, written out."""
    if prediction == "epsilon":
        return (x - 0.8 * raw) / 0.6
    return 0.6 * x - 0.8 * raw if prediction == "v_prediction" else raw


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_clean_prediction_of_pixels(prediction: str) -> None:
    network = pixel_network(num_class_embeds=4)
    denoiser = PixelDenoiser(network, prediction, null_class=3, precision="float32")
    x = noise(3, 3, 16, 24)
    raw = network(x, 37, class_labels=torch.tensor([2, 3, 0])).sample
    assert torch.allclose(denoiser(x, LEVEL, [2, None, 0]), expected_clean(raw, x, prediction), atol=1e-5)
    clipped = PixelDenoiser(network, prediction, clip=0.5, null_class=3, precision="float32")
    assert clipped(x, LEVEL, [2, None, 0]).abs().max() == 0.5


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_clean_prediction_of_latents(prediction: str, tmp_path: Path) -> None:
    network, encoder, tokenizer = latent_network(), text_network(), write_tokenizer(tmp_path)
    denoiser = LatentDenoiser(network, TextEncoder(encoder, tokenizer), prediction, precision="float32")
    x, cat = noise(2, 4, 6, 10), denoiser.encode("a cat")
    ids = [tokenizer(t, padding="max_length", max_length=16)["input_ids"] for t in ("a cat", "")]
    states = encoder(torch.tensor(ids))[0]
    assert torch.allclose(cat.tokens, states[0], atol=1e-6)
    raw = network(x, 37, encoder_hidden_states=states).sample
    assert torch.allclose(denoiser(x, LEVEL, [cat, None]), expected_clean(raw, x, prediction), atol=1e-5)


def test_learned_variance_is_left_out() -> None:
    network = pixel_network(out_channels=6)
    x = noise(1, 3, 16, 16)
    clean = PixelDenoiser(network, "sample", precision="float32")(x, LEVEL, [None])
    assert torch.allclose(clean, network(x, 37).sample[:, :3], atol=1e-6)


def test_bfloat16_is_near() -> None:
    network, x = pixel_network(), noise(1, 3, 16, 16)
    exact, coarse = (
        PixelDenoiser(network, "sample", precision=name)(x, LEVEL, [None]) for name in ("float32", "bfloat16")
    )
    assert coarse.dtype == torch.float32
    assert 0 < (exact - coarse).abs().max() < 0.1


@pytest.mark.parametrize(
    "settings",
    [
        {"beta_schedule": "linear"},
        {"num_train_timesteps": 300, "beta_schedule": "linear", "beta_end": 0.05},
        SD_BETAS,
        {"beta_schedule": "squaredcos_cap_v2"},
        {"num_train_timesteps": 3, "trained_betas": [0.1, 0.2, 0.5]},
        {**SD_BETAS, "rescale_betas_zero_snr": True},
    ],
    ids=["linear", "shorter", "scaled", "cosine", "trained", "zero"],
)
@pytest.mark.parametrize("kind", ["DDIMScheduler", "DDPMScheduler", "EulerDiscreteScheduler"])
def test_schedules_of_diffusers(settings: dict[str, Any], kind: str) -> None:
    scheduler = getattr(diffusers, kind)(**settings)
    schedule = schedule_of(dict(scheduler.config))
    assert schedule.betas.dtype == torch.float64
    assert schedule.timesteps.tolist() == list(range(len(scheduler.alphas_cumprod)))
    assert (schedule.alphas_cumprod - scheduler.alphas_cumprod.double()).abs().max() < 1e-6
    # The noisiest level must have a finite ratio: samplers take its logarithm.
    assert math.isfinite(
        DiscreteLevels(schedule).levels(1)[0].sigma / DiscreteLevels(schedule).levels(1)[0].alpha
    )


def loop_of_diffusers(
    scheduler: Any, steps: int, x: Tensor, network: Callable[[Tensor, Any], Tensor], **changes: Any
) -> Tensor:
    scheduler.set_timesteps(steps)
    for timestep in scheduler.timesteps:
        x = scheduler.step(network(x, timestep), timestep, x, **changes).prev_sample
    return x


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("clip", [False, True])
def test_ddim_of_pixels_agrees_with_diffusers(
    pixel_folder: Path, tmp_path: Path, prediction: str, clip: bool
) -> None:
    folder = copied(pixel_folder, tmp_path)
    config = folder / "scheduler" / "scheduler_config.json"
    rewrite(config, prediction_type=prediction, clip_sample=clip)
    model = load_diffusers_model(folder, precision="float32", null_class=4)
    start = noise(2, 3, 16, 16)
    ours = sample(
        Conditioned(model.denoiser, model.condition(2)), start, model.levels,
        SamplerSettings("ddim", 10), torch.Generator(),
    )  # fmt: skip
    network = diffusers.UNet2DModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).eval()
    scheduler = diffusers.DDIMScheduler.from_pretrained(folder / "scheduler")
    with torch.no_grad():
        theirs = loop_of_diffusers(
            scheduler, 10, start, lambda x, t: network(x, t, class_labels=torch.tensor([2, 2])).sample,
            use_clipped_model_output=clip,
        )  # fmt: skip
    assert (ours - theirs).abs().max() < 1e-4


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_guided_ddim_of_latents_agrees_with_diffusers(latent_folder: Path) -> None:
    model = load_diffusers_model(latent_folder, precision="float32")
    start = noise(1, 4, 8, 12)
    ours = sample(
        Conditioned(model.denoiser, model.condition("a cat"), guidance=3.0), start, model.levels,
        SamplerSettings("ddim", 20), torch.Generator(),
    )  # fmt: skip
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(latent_folder, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    # The pipeline moves all steps by one, whatever its scheduler says; ours are those of DDIM itself.
    pipeline.scheduler = diffusers.DDIMScheduler(**SD_BETAS, **PLAIN)
    theirs = pipeline(
        "a cat", height=16, width=24, num_inference_steps=20, guidance_scale=3.0, latents=start, output_type="latent"
    ).images  # fmt: skip
    assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()  # which guidance drives to 50
    picture = pipeline.image_processor.postprocess(
        pipeline.vae.decode(theirs / 0.3).sample.detach(), output_type="pt"
    )
    assert (model.decode(ours) / 2 + 0.5 - picture).abs().max() < 1e-3


def test_loaded_models_say_what_they_are(
    pixel_folder: Path, latent_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    pixels, latents = load_diffusers_model(pixel_folder), load_diffusers_model(latent_folder)
    assert (pixels.size, pixels.factor, pixels.channels, pixels.multiple) == (16, 1, 3, 2)
    assert (latents.size, latents.factor, latents.channels, latents.multiple) == (16, 2, 4, 1)
    assert (pixels.levels.most, latents.levels.most) == (100, 1000)
    assert pixels.condition("3") == pixels.condition(3) == 3
    assert pixels.condition(None) is latents.condition(None) is None
    assert latents.condition("a dog").tokens.shape == (16, 12)
    assert latents.autoencoder is not None
    assert latents.autoencoder.tile == 16
    picture = noise(1, 3, 16, 32).clamp(-1, 1)
    assert torch.equal(pixels.encode(picture), picture)
    assert pixels.decode(2 * picture).abs().max() == 1
    for value in (*pixels.denoiser.network.parameters(), *latents.autoencoder.network.parameters()):
        assert not value.requires_grad


def test_half_precision_and_flat_folders(pixel_folder: Path, tmp_path: Path) -> None:
    """Published models come as fp16 alone, and the oldest without folders for their parts."""
    folder, flat = copied(pixel_folder, tmp_path), tmp_path / "flat"
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    network = diffusers.UNet2DModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False)
    weights.unlink()
    network.half().save_pretrained(folder / "unet", variant="fp16")
    flat.mkdir()
    for file in (*folder.glob("unet/*"), *folder.glob("scheduler/*"), *folder.glob("*.json")):
        shutil.copy(file, flat)
    for place in (folder, flat):
        loaded = load_diffusers_model(place).denoiser.network
        assert loaded.dtype == torch.float32
        for ours, theirs in zip(loaded.parameters(), network.parameters()):
            assert torch.equal(ours, theirs.float())


def test_half_precision_of_a_text_encoder(latent_folder: Path, tmp_path: Path) -> None:
    """Its library keeps half precision, unlike the other parts'."""
    folder = copied(latent_folder, tmp_path)
    (folder / "text_encoder" / "model.safetensors").unlink()
    text_network().half().save_pretrained(folder / "text_encoder", variant="fp16")
    tokens = load_diffusers_model(folder).condition("a cat").tokens
    exact = load_diffusers_model(latent_folder).condition("a cat").tokens
    assert tokens.dtype == torch.float32
    assert (tokens - exact).abs().max() < 0.01


def test_tokenizer_of_words_and_merges_alone(latent_folder: Path, tmp_path: Path) -> None:
    folder = copied(latent_folder, tmp_path)
    before = load_diffusers_model(folder).condition("a cat")
    shutil.rmtree(folder / "tokenizer")
    write_tokenizer(folder / "tokenizer")
    assert torch.equal(load_diffusers_model(folder).condition("a cat").tokens, before.tokens)


@pytest.mark.parametrize("kind", ["pixels", "latents"])
def test_a_wrapped_collage_of_each_kind(pixel_folder: Path, latent_folder: Path, kind: str) -> None:
    pixels = kind == "pixels"
    model = load_diffusers_model(pixel_folder if pixels else latent_folder, null_class=4 if pixels else None)
    side = model.size // model.factor
    graph = grid(chain([side], []), cycle([side] * 3, [side // 2] * 3))
    conditions = [model.condition(text) for text in (("0", "1", "2") if pixels else ("a cat", "dog", "sea"))]
    denoiser = CollageDenoiser(model.denoiser, graph, conditions, axes=(2, 3), guidance=2.0)
    start = noise(2, model.channels, side, side * 3 // 2)
    made = sample(denoiser, start, model.levels, SamplerSettings("dpm++", 4), torch.Generator())
    pictures = model.decode(made, wrapped=True)
    assert pictures.shape == (2, 3, 16, 24)
    assert torch.isfinite(pictures).all()


class Watched:
    """Counts how large a piece a network sees."""

    def __init__(self, network: Any) -> None:
        self.network, self.config, self.seen = network, network.config, []

    def decode(self, z: Tensor) -> Any:
        self.seen.append(tuple(z.shape))
        return self.network.decode(z)

    def encode(self, x: Tensor) -> Any:
        self.seen.append(tuple(x.shape))
        return self.network.encode(x)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("size", [(5, 7), (16, 16), (17, 41), (30, 96)])
def test_the_autoencoder_never_sees_more_than_a_tile(size: tuple[int, int], wrapped: bool) -> None:
    watched = Watched(autoencoder_network())
    autoencoder = Autoencoder(watched, tile=16)
    assert autoencoder.decode(noise(2, 4, *size), wrapped=wrapped).shape == (2, 3, 2 * size[0], 2 * size[1])
    assert all(s[0] == 1 and max(s[2:]) <= 16 for s in watched.seen)
    watched.seen.clear()
    assert autoencoder.encode(noise(2, 3, 2 * size[0], 2 * size[1]), wrapped=wrapped).shape == (2, 4, *size)
    assert all(s[0] == 1 and max(s[2:]) <= 32 for s in watched.seen)


def test_one_tile_is_the_autoencoder_itself() -> None:
    network = autoencoder_network(shift_factor=0.2)
    autoencoder, z = Autoencoder(network, tile=16), noise(2, 4, 16, 12)
    assert torch.allclose(autoencoder.decode(z), network.decode(z / 0.3 + 0.2).sample, atol=1e-5)
    picture = noise(2, 3, 32, 24)
    expected = (network.encode(picture).latent_dist.mean - 0.2) * 0.3
    assert torch.allclose(autoencoder.encode(picture), expected, atol=1e-5)


@pytest.mark.parametrize("wrapped", [False, True])
def test_tiles_of_a_local_network_are_exact(wrapped: bool) -> None:
    """A network that sees one latent round about: tiles change nothing, for what they cut counts nothing.

    In float32 the shares of a tile sum to 1 within 1e-7, values are below 10: 1e-5 is ample.
    """
    kernel = noise(3, 4, 3, 3) / 6

    def network(z: Tensor) -> Tensor:
        return (
            torch.nn.functional.conv2d(z, kernel, padding=1).repeat_interleave(2, -1).repeat_interleave(2, -2)
        )

    for width in (4, 13, 16, 29, 70):
        z = noise(1, 4, 21, width)
        whole = network(torch.cat((z[..., -1:], z, z[..., :1]), -1))[..., 2:-2] if wrapped else network(z)
        made = in_tiles(z, network, 16, made=2, wrapped=wrapped)
        assert (made - whole).abs().max() < 1e-5
        for shift in (1, 5, 12):
            rolled = in_tiles(z.roll(shift, -1), network, 16, made=2, wrapped=wrapped)
            apart = (rolled - made.roll(2 * shift, -1)).abs().max()
            assert apart < 1e-5 if wrapped else width == shift or shift % width == 0 or apart > 0.1


@pytest.mark.parametrize("width", [12, 24, 48])
def test_wrapped_decoding_commutes_with_rolling(width: int) -> None:
    """Exactly, up to the order of float32 sums, by whole strides of tiles, here 12 latents.

    The autoencoder normalises over a tile and attends to all of it, and random weights make much of that; other
    rolls change what shares a tile, and the picture by a fraction of its contrast.
    """
    autoencoder, z = Autoencoder(autoencoder_network(), tile=16), noise(1, 4, 20, width)
    for wrapped in (True, False):
        whole = autoencoder.decode(z, wrapped=wrapped)
        by_stride = autoencoder.decode(z.roll(36 if width == 24 else 12, -1), wrapped=wrapped)
        by_stride = (by_stride - whole.roll(24, -1)).abs()
        by_five = autoencoder.decode(z.roll(5, -1), wrapped=wrapped) - whole.roll(10, -1)
        if wrapped:
            assert by_stride.max() < 1e-5
            assert by_five.abs().mean() < 0.35 * whole.std()
        elif width > 12:
            assert by_stride.max() > 0.5
        else:  # once round
            assert by_five.abs().max() > 0.5


def test_encoding_and_decoding_wrap_alike() -> None:
    autoencoder, picture = Autoencoder(autoencoder_network(), tile=8), noise(1, 3, 16, 48)
    latents = autoencoder.encode(picture, wrapped=True)
    rolled = autoencoder.encode(picture.roll(12, -1), wrapped=True)
    assert (rolled - latents.roll(6, -1)).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("model_index.json", "has no model_index.json, the list of the model's parts; put it there"),
        ("unet", "has no unet/config.json, the denoising network; put it there"),
        (
            "unet/diffusion_pytorch_model.safetensors",
            "has no diffusion_pytorch_model.safetensors, the denoising",
        ),
        ("vae", "has no vae/config.json, the autoencoder"),
        ("text_encoder", "has no text_encoder/config.json, the text encoder;"),
        ("text_encoder/model.safetensors", "text_encoder has no model.safetensors, the text encoder;"),
        ("tokenizer", "has no tokenizer/vocab.json, the text encoder's tokenizer"),
        ("scheduler", "has no scheduler/scheduler_config.json, the noise schedule"),
    ],
)
def test_missing_files_are_named(latent_folder: Path, tmp_path: Path, lost: str, words: str) -> None:
    folder = copied(latent_folder, tmp_path)
    if (folder / lost).is_dir():
        shutil.rmtree(folder / lost)
    else:
        (folder / lost).unlink()
    refuses(words, load_diffusers_model, folder)


def test_pickled_weights_are_refused(pixel_folder: Path, tmp_path: Path) -> None:
    folder = copied(pixel_folder, tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    refuses("diffusion_pytorch_model.bin, which is pickled", load_diffusers_model, folder)
    refuses("save_pretrained(FOLDER, safe_serialization=True)", load_diffusers_model, folder)


def test_damaged_files_are_refused(pixel_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = copied(pixel_folder, tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    values = load_file(weights)
    save_file({name: value for name, value in values.items() if name != "conv_in.weight"}, weights)
    refuses("lacks the weights conv_in.weight and 0 more", load_diffusers_model, folder)
    save_file({**values, "conv_in.weight": torch.zeros(2)}, weights)
    refuses("unet is no UNet2DModel (", load_diffusers_model, folder)
    weights.write_bytes(b"nothing of the kind")
    refuses("unet is no UNet2DModel (", load_diffusers_model, folder)
    (folder / "unet" / "config.json").write_text("{")
    refuses("unet is no UNet2DModel (", load_diffusers_model, folder)
    for text in ("[1]", "{", "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "[" * 100_000):
        (folder / "model_index.json").write_text(text)
        refuses("model_index.json is no JSON object (", load_diffusers_model, folder)


def test_sizes_are_bounded(pixel_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_files, "MAX_WEIGHTS", 1000)
    refuses("exceed 0 GiB", load_diffusers_model, pixel_folder)
    monkeypatch.setattr(diffusers_files, "MAX_JSON", 100)
    refuses("is larger than 0 MiB", load_diffusers_model, pixel_folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]},
        {"unet": ["diffusers", "UNetMotionModel"]},
        {"unet": ["diffusers", "UNet2DModel"]},
        {"tokenizer": [None, None]},
        {"vae": ["diffusers", "VQModel"]},
    ],
)
def test_other_kinds_of_models_are_refused(
    latent_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    folder = copied(latent_folder, tmp_path)
    rewrite(folder / "model_index.json", **changes)
    refuses("holds a StableDiffusionPipeline; give a model of pixels", load_diffusers_model, folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "beta_schedule is None; only linear"),
        ({"beta_schedule": "sigmoid"}, "beta_schedule is 'sigmoid'"),
        ({"beta_schedule": "linear", "num_train_timesteps": 0}, "num_train_timesteps is 0"),
        ({"beta_schedule": "linear", "num_train_timesteps": 1 << 40}, "num_train_timesteps is"),
        ({"beta_schedule": "linear", "beta_end": 1.5}, "between 0 and 1"),
        ({"trained_betas": []}, "between 0 and 1"),
        ({"trained_betas": [[0.1]]}, "between 0 and 1"),
        ({"trained_betas": [0.1], "rescale_betas_zero_snr": True}, "between 0 and 1"),
    ],
)
def test_schedules_that_make_no_sense(settings: dict[str, Any], words: str) -> None:
    refuses(words, schedule_of, settings)


def test_settings_that_make_no_sense(pixel_folder: Path, tmp_path: Path) -> None:
    folder = copied(pixel_folder, tmp_path)
    config = folder / "scheduler" / "scheduler_config.json"
    rewrite(config, prediction_type="flow")
    refuses("prediction type 'flow' is unknown", load_diffusers_model, folder)
    rewrite(config, prediction_type="epsilon", beta_start="a")
    refuses("scheduler is no noise schedule (", load_diffusers_model, folder)
    rewrite(config, beta_start=0.1, beta_end=0.2)
    rewrite(folder / "unet" / "config.json", sample_size=None)
    refuses("config.json has no sample_size", load_diffusers_model, folder)
    refuses("precision is 'float8'", PixelDenoiser, pixel_network(), precision="float8")
    refuses("class 5 is unknown; give a number from 0 to 4", load_diffusers_model, pixel_folder, null_class=5)


def test_networks_of_other_kinds_are_refused(tmp_path: Path) -> None:
    encoder = TextEncoder(text_network(), write_tokenizer(tmp_path))
    refuses("makes 4 channels of 3", PixelDenoiser, pixel_network(out_channels=4))
    timed = pixel_network(class_embed_type="timestep")
    refuses("takes classes of type 'timestep'", PixelDenoiser, timed)
    refuses("in-painting", LatentDenoiser, latent_network(in_channels=9), encoder)
    refuses("in-painting", LatentDenoiser, latent_network(time_cond_proj_dim=8), encoder)
    refuses(
        "texts of width 16, the text encoder writes 12",
        LatentDenoiser,
        latent_network(cross_attention_dim=16),
        encoder,
    )
    small = text_network(vocab_size=20)
    refuses("knows 54 tokens, the text encoder 20", TextEncoder, small, encoder.tokenizer)


def test_parts_of_different_models_are_refused(latent_folder: Path, tmp_path: Path) -> None:
    folder = copied(latent_folder, tmp_path)
    autoencoder_network(latent_channels=3).save_pretrained(folder / "vae")
    refuses("the VAE has 3 channels, the network reads 4", load_diffusers_model, folder)


def test_pieces_and_conditions_that_do_not_fit(latent_folder: Path) -> None:
    plain = PixelDenoiser(pixel_network())
    classes = PixelDenoiser(pixel_network(num_class_embeds=4))
    x = noise(1, 3, 16, 16)
    refuses("give [batch, 3, height, width]", plain, x[:, :2], LEVEL, [None])
    refuses("a piece is 15 x 16; its sides must be multiples of 2", plain, x[..., 1:, :], LEVEL, [None])
    refuses("take levels of DiscreteLevels", plain, x, NoiseLevel.exploding(3.0), [None])
    refuses("knows no classes; leave out 1", plain, x, LEVEL, [1])
    refuses("no null class; give every node", classes, x, LEVEL, [None])
    refuses("class -1 is unknown; give a number from 0 to 3", classes, x, LEVEL, [-1])
    refuses("class 'cat' is unknown", classes.condition, "cat")
    refuses("a condition is a TextCondition", classes, x, LEVEL, [TextCondition(noise(16, 12))])
    model = load_diffusers_model(latent_folder)
    z = noise(1, 4, 8, 8)
    refuses("class 3 means nothing", model.condition, 3)
    refuses("has 18 tokens, the model reads 16; shorten it", model.condition, "abcdefghijklmnop")
    refuses("a condition is a int", model.denoiser, z, LEVEL, [1])
    refuses(
        "has shape (16, 10); this model reads (16, 12)",
        model.denoiser,
        z,
        LEVEL,
        [TextCondition(noise(16, 10))],
    )
    refuses("a picture has 16 x 17 pixels; sides must be multiples of 2", model.encode, noise(1, 3, 16, 17))
    refuses("tile is 4 latents; choose at least 8", Autoencoder, autoencoder_network(), 4)


@pytest.mark.parametrize("name", ["diffusers", "transformers"])
def test_packages_that_are_missing_are_named(
    latent_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"needs {name}: pip install 'motioncollage"):
        load_diffusers_model(latent_folder)
