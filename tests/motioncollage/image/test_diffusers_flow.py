"""Stable Diffusion 3 and FLUX as pieces: the same numbers as their own pipelines, levels, pieces, and what is refused."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers_folders import (
    copied,
    flux_network,
    noise,
    refuses,
    rewrite,
    sd3_network,
    t5_network,
    text_network,
    write_t5_tokenizer,
    write_tokenizer,
)
from torch import Tensor

from motioncollage import memory
from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.collage.guidance import Conditioned
from motioncollage.collage.layouts import chain, cycle, grid
from motioncollage.image.diffusers_flow import FlowDenoiser, Flux, StableDiffusion3, flow_levels
from motioncollage.image.diffusers_models import DiffusersModel, load_diffusers_model
from motioncollage.image.diffusers_texts import TextCondition, TextEncoder
from motioncollage.image.models import PretrainedModel, load_image_model
from motioncollage.image.pipelines import ImagePipeline, ImageSettings
from motioncollage.image.plans import PieceSettings, along_chain, plan_image
from motioncollage.sampling.flow import FlowLevels
from motioncollage.sampling.registry import SamplerSettings, sample

Downloaded = Callable[[str], Path]
STEPS = 6
START = noise(1, 16, 8, 8)


@pytest.fixture(scope="module")
def loaded(downloaded: Downloaded) -> Callable[[str], DiffusersModel]:
    made: dict[str, DiffusersModel] = {}

    def load(kind: str) -> DiffusersModel:
        if kind not in made:
            made[kind] = load_diffusers_model(downloaded(kind), precision="float32")
        return made[kind]

    return load


def ours(model: DiffusersModel, guidance: float) -> Tensor:
    """A piece alone, by Euler's method."""
    denoiser, left = PretrainedModel(model, torch.device("cpu")).guided(guidance)
    whole = Conditioned(denoiser, model.condition("a cat"), guidance=left)
    return sample(whole, START, model.levels, SamplerSettings("euler", STEPS), torch.Generator())


def agrees(made: Tensor, theirs: Tensor) -> bool:
    """Pure noise counts as noise with a signal of 1e-5 here, and guidance drives latents to 10."""
    return bool((made - theirs).abs().max() < 4e-5 * theirs.abs().max())


@pytest.mark.parametrize("guidance", [1.0, 4.0])
@pytest.mark.parametrize("kind", ["sd3", "sd3-without-t5", "sd3-dynamic"])
def test_a_piece_is_what_the_pipeline_of_stable_diffusion_3_makes(
    downloaded: Downloaded, loaded: Callable[[str], DiffusersModel], kind: str, guidance: float
) -> None:
    without = {"text_encoder_3": None, "tokenizer_3": None} if "without" in kind else {}
    theirs = diffusers.StableDiffusion3Pipeline.from_pretrained(
        downloaded(kind), low_cpu_mem_usage=False, **without
    )
    theirs.set_progress_bar_config(disable=True)
    run = lambda text: theirs(
        text, height=16, width=16, num_inference_steps=STEPS, guidance_scale=guidance, latents=START, output_type="latent"
    ).images  # fmt: skip
    model = loaded(kind)
    made = ours(model, guidance)
    assert agrees(made, run("a cat"))
    assert not agrees(made, run("a dog"))
    picture = theirs.vae.decode(made / 0.3 + 0.1).sample
    assert torch.allclose(model.decode(made), picture.clamp(-1, 1), atol=1e-4)


@pytest.mark.parametrize("guidance", [1.0, 3.5])
@pytest.mark.parametrize("kind", ["flux-dev", "flux-schnell"])
def test_a_piece_is_what_the_pipeline_of_flux_makes(
    downloaded: Downloaded, loaded: Callable[[str], DiffusersModel], kind: str, guidance: float
) -> None:
    theirs = diffusers.FluxPipeline.from_pretrained(downloaded(kind), low_cpu_mem_usage=False)
    theirs.set_progress_bar_config(disable=True)
    packed = theirs._pack_latents(START, 1, 16, 8, 8)
    how: dict[str, Any] = (
        {"guidance_scale": guidance}
        if kind == "flux-dev"
        else {"true_cfg_scale": guidance, "negative_prompt": "", "max_sequence_length": 256}
    )
    run = lambda text, **changes: theirs._unpack_latents(
        theirs(
            text, height=16, width=16, num_inference_steps=STEPS, latents=packed, output_type="latent",
            **{**how, **changes},
        ).images, 16, 16, 2,
    )  # fmt: skip
    made = ours(loaded(kind), guidance)
    assert agrees(made, run("a cat"))
    assert not agrees(made, run("a dog"))
    if kind == "flux-dev":
        assert not agrees(made, run("a cat", guidance_scale=2.0))


@pytest.mark.parametrize("sigma", [5e4, 20.0, 1.0, 0.01])
def test_a_velocity_becomes_the_picture(sigma: float) -> None:
    """Of data that are one picture x0 the velocity is n - x0; so it is of x0 with noise of sigma, divided by 1 + sigma."""
    picture, drawn = noise(1, 4, 6, 8), noise(1, 4, 6, 8, seed=1)

    class Known(FlowDenoiser):
        network, channels, multiple, square = torch.nn.Linear(1, 1), 4, 2, 8
        null = TextCondition(torch.zeros(1, 1), torch.zeros(1))

        def velocity(self, x: Tensor, noise: float, told: TextCondition) -> Tensor:
            assert noise == pytest.approx(sigma / (1 + sigma))
            return (x - (1 - noise) * picture) / noise - picture

    level = FlowLevels().at(sigma)
    assert level.sigma / level.alpha == pytest.approx(sigma)
    x = (picture + sigma * drawn) / (1 + sigma)
    assert torch.allclose(Known()(x, level, [None]), picture, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"shift": 3.0},
        {},
        {"use_dynamic_shifting": True, "shift": 3.0},
        {"use_dynamic_shifting": True, "time_shift_type": "linear"},
        {"use_dynamic_shifting": True, "base_shift": 0.3, "max_shift": 0.9, "max_image_seq_len": 1024},
    ],
)
def test_levels_are_those_of_the_scheduler(settings: dict[str, Any]) -> None:
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(**settings)
    for tokens in (64, 1024, 4096):
        config = scheduler.config
        shift = diffusers.pipelines.flux.pipeline_flux.calculate_shift(
            tokens, config.base_image_seq_len, config.max_image_seq_len, config.base_shift, config.max_shift
        )
        mu = {"mu": shift} if config.use_dynamic_shifting else {}
        for steps in (4, 28):
            scheduler.set_timesteps(steps, **mu)
            found = flow_levels(dict(config), tokens, even=False).levels(steps)
            assert [1 - level.timestep for level in found] == pytest.approx(
                scheduler.sigmas[:-1].tolist(), abs=1e-6
            )
            scheduler.set_timesteps(sigmas=[1 - i / steps for i in range(steps)], **mu)
            found = flow_levels(dict(config), tokens, even=True).levels(steps)
            assert [1 - level.timestep for level in found] == pytest.approx(
                scheduler.sigmas[:-1].tolist(), abs=1e-6
            )


def test_other_schedules_are_refused() -> None:
    plain = dict(diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0).config)
    for changes, words in (
        (
            {"_class_name": "DDIMScheduler"},
            "its scheduler is DDIMScheduler; write the settings of a FlowMatch",
        ),
        ({"use_karras_sigmas": True}, "use_karras_sigmas is True; only plain and shifted levels are known"),
        ({"shift_terminal": 0.02}, "shift_terminal is 0.02; only"),
        ({"invert_sigmas": True}, "invert_sigmas is True; only"),
        ({"shift": -1}, "the shift of the noise levels is -1"),
    ):
        refuses(words, flow_levels, {**plain, **changes}, 64, even=True)


def test_a_shift_follows_the_size_of_a_piece(loaded: Callable[[str], DiffusersModel]) -> None:
    levels = loaded("flux-dev").levels
    assert isinstance(levels, FlowLevels)
    # 4 x 4 tokens of 2 x 2 latents, of the line through 256 tokens at 0.5 and 4096 at 1.15.
    assert levels.shift == pytest.approx(torch.tensor(0.5 + (16 - 256) / 3840 * 0.65).exp().item())


class Watched:
    """Remembers what a network was asked."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.handle = network.register_forward_pre_hook(self.remember, with_kwargs=True)

    def remember(self, _: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.seen.append((arguments, named))

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.remove()


@pytest.mark.parametrize("kind", ["sd3", "flux-dev", "flux-schnell"])
def test_a_panorama_of_pieces(loaded: Callable[[str], DiffusersModel], kind: str) -> None:
    """Rolls with its texts, whichever piece comes first: a piece does not know where it lies."""
    model = loaded(kind)
    cover = grid(chain([8], []), cycle([8] * 5, [4] * 5))
    texts = [model.condition(text) for text in ("a lake", "a wood", "a hill", "sea", "sky")]
    level = model.levels.levels(4)[1]
    x = noise(2, 16, 8, 20)
    image_model = PretrainedModel(model, torch.device("cpu"))
    denoiser, left = image_model.guided(3.0)
    with Watched(model.denoiser.network) as watched:
        whole = CollageDenoiser(denoiser, cover, texts, axes=(2, 3), guidance=left)
        made = whole(x, level)
    turned = CollageDenoiser(denoiser, cover, texts[1:] + texts[:1], axes=(2, 3), guidance=left)
    assert torch.allclose(turned(x.roll(-4, dims=3), level), made.roll(-4, dims=3), atol=1e-3)
    assert model.decode(made, wrapped=True).shape == (2, 3, 16, 40)
    # Pieces with and without text, two samples of each, and overlaps of half the size without; at most four squares a call.
    evaluations = 2 * (5 * (1 if kind == "flux-dev" else 2) + 5)
    counts = [
        len(named["hidden_states"] if "hidden_states" in named else args[0]) for args, named in watched.seen
    ]
    assert sum(counts) == evaluations
    assert max(counts) == 8
    for args, named in watched.seen:
        if kind == "flux-dev":
            assert named["guidance"].tolist() == [3.0] * len(args[0])
        if kind == "flux-schnell":
            assert named["guidance"] is None
        if kind != "sd3":
            columns = args[0].shape[1] // 4
            assert named["img_ids"].tolist() == [
                [0, row, column] for row in range(4) for column in range(columns)
            ]
            assert not named["txt_ids"].any()


def test_memory_is_that_of_four_squares(loaded: Callable[[str], DiffusersModel]) -> None:
    model = loaded("flux-dev")
    x, level = noise(9, 16, 8, 8), model.levels.levels(4)[1]
    with Watched(model.denoiser.network) as watched:
        together = model.denoiser(x, level, [None] * 9)
        wide = model.denoiser(noise(2, 16, 8, 80), level, [None] * 2)
    assert [len(args[0]) for args, _ in watched.seen] == [4, 4, 1, 1, 1]
    assert wide.shape == (2, 16, 8, 80)
    alone = torch.cat([model.denoiser(one[None], level, [None]) for one in x])
    assert torch.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("kind", ["sd3", "flux-dev"])
def test_pictures_of_several_texts(downloaded: Downloaded, kind: str) -> None:
    """Any size, from one text to another, by the sampler of grids; all of it from the folder alone."""
    model = load_image_model(downloaded(kind), precision="float32")
    pipeline = ImagePipeline(model, name="tiny")
    assert (model.size, model.factor, model.channels, model.multiple, model.overlap) == (8, 2, 16, 2, 4)
    plan = plan_image(12, 16, PieceSettings(8, 4, multiple=2))
    along = along_chain([model.vector("a lake"), model.vector("a wood")])
    conditions = pipeline.conditions(plan, along)
    first = model.condition(model.vector("a lake"), None)
    assert torch.equal(first.tokens, model.model.denoiser.encode("a lake").tokens)
    assert torch.equal(first.pooled, model.model.denoiser.encode("a lake").pooled)
    assert not torch.equal(conditions[0].tokens, conditions[2].tokens)
    settings = ImageSettings(sampler=SamplerSettings("heun", 3, churn=10.0), guidance=2.0, samples=2)
    made = pipeline.generate(plan, conditions, settings)
    pictures = pipeline.decode(made, plan)
    assert pictures.shape == (2, 3, 24, 32)
    assert torch.isfinite(made).all()
    assert made.std() < 30
    given = model.encode(pictures[:1])
    apart = [
        (pipeline.redo(plan, conditions, settings, given[0], strength)[:1] - given).abs().mean() / given.std()
        for strength in (0.1, 0.9)
    ]
    assert apart[0] < 0.2
    assert apart[1] > 0.5


@pytest.mark.parametrize("kind", ["sd3", "flux-schnell"])
def test_half_the_memory_in_bfloat16(
    downloaded: Downloaded, loaded: Callable[[str], DiffusersModel], kind: str
) -> None:
    coarse, exact = load_diffusers_model(downloaded(kind), precision="bfloat16"), loaded(kind)
    text = coarse.denoiser.t5.network
    assert {one.dtype for part in (coarse.denoiser.network, text) for one in part.parameters()} == {
        torch.bfloat16
    }
    assert {one.dtype for one in coarse.autoencoder.network.parameters()} == {torch.float32}
    level = exact.levels.levels(4)[1]
    first, second = (model.denoiser(START, level, [model.condition("a cat")]) for model in (exact, coarse))
    assert second.dtype == torch.float32
    assert 0 < (first - second).abs().max() < 0.2 * first.std()


@pytest.mark.parametrize("kind", ["sd3", "flux-dev"])
def test_everything_lies_on_the_device(downloaded: Downloaded, kind: str) -> None:
    """On one that computes nothing, but refuses what lies elsewhere."""
    model = load_diffusers_model(downloaded(kind), device="meta")
    x = START.to("meta")
    made = model.denoiser(x, model.levels.levels(4)[1], [model.condition("a cat")])
    assert made.device.type == model.decode(made, wrapped=True).device.type == "meta"
    assert made.shape == x.shape


def test_texts_may_be_as_long_as_t5_reads(loaded: Callable[[str], DiffusersModel]) -> None:
    """CLIP reads the beginning of those; without T5 they are refused."""
    long = "a long text of more words than fit"
    for kind, length in (("sd3", 16 + 256), ("flux-dev", 512), ("flux-schnell", 256)):
        condition = loaded(kind).condition(long)
        assert isinstance(condition, TextCondition)
        assert condition.tokens.shape == (length, 24)
        refuses(
            f"tokens, the model reads {256 if kind != 'flux-dev' else 512}; shorten it",
            loaded(kind).condition,
            "a b " * 300,
        )
    refuses("has 29 tokens, the model reads 16; shorten it", loaded("sd3-without-t5").condition, long)
    condition = loaded("sd3-without-t5").condition("a cat")
    assert isinstance(condition, TextCondition)
    assert condition.tokens.shape == (16 + 256, 24)
    assert not condition.tokens[16:].any()


def test_pieces_and_conditions_that_do_not_fit(loaded: Callable[[str], DiffusersModel]) -> None:
    model = loaded("sd3")
    level = model.levels.levels(4)[1]
    refuses("give [batch, 16, height, width]", model.denoiser, START[:, :4], level, [None])
    refuses(
        "a piece is 8 x 7; its sides must be multiples of 2", model.denoiser, START[..., 1:], level, [None]
    )
    refuses("take levels of FlowLevels", model.denoiser, START, NoiseLevel(0.6, 0.8, 1.0), [None])
    refuses("a condition is a int; give what encode makes", model.denoiser, START, level, [1])
    other = loaded("flux-dev").condition("a cat")
    refuses("has shape (512, 24); this model reads (272, 24)", model.denoiser, START, level, [other])
    refuses("class 3 means nothing", model.condition, 3)


def test_networks_of_other_kinds_are_refused(tmp_path: Path) -> None:
    words, pieces = write_tokenizer(tmp_path / "words"), write_t5_tokenizer(tmp_path / "pieces")
    clip = TextEncoder(
        text_network("CLIPTextModelWithProjection", num_hidden_layers=2, projection_dim=10), words
    )
    t5, narrow = (TextEncoder(t5_network(**more), pieces) for more in ({}, {"d_model": 16}))
    plain = TextEncoder(text_network(), words)
    refuses("makes 16 channels of 33", StableDiffusion3, sd3_network(in_channels=33), (clip, clip), t5)
    refuses(
        "of width 24 and 20, the text encoders write 24 and 10", StableDiffusion3, sd3_network(), (clip,), t5
    )
    refuses("write 36 and 30", StableDiffusion3, sd3_network(), (clip, clip, clip), t5)
    refuses(
        "makes 64 channels of 128, as for", Flux, flux_network(in_channels=128, out_channels=64), plain, t5, 8
    )
    refuses("of width 24 and 12, the text encoders write 16 and 12", Flux, flux_network(), plain, narrow, 8)


@pytest.mark.parametrize("kind", ["sd3", "flux-dev"])
def test_nothing_is_fetched(downloaded: Downloaded, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    model = load_diffusers_model(downloaded(kind))
    assert (model.size, model.factor, model.channels, model.multiple) == (16, 2, 16, 2)
    assert not any(weights.requires_grad for weights in model.denoiser.network.parameters())


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("transformer", "has no transformer/config.json, the denoising network; put it there"),
        ("text_encoder_3", "has no text_encoder_3/config.json, the third text encoder"),
        ("text_encoder_3/model.safetensors", "has no model.safetensors, the third text encoder"),
        (
            "tokenizer_3/tokenizer.json",
            "has no tokenizer_3/tokenizer.json, the third text encoder's tokenizer",
        ),
    ],
)
def test_missing_files_are_named(downloaded: Downloaded, tmp_path: Path, lost: str, words: str) -> None:
    folder = copied(downloaded("sd3"), tmp_path)
    shutil.rmtree(folder / lost) if (folder / lost).is_dir() else (folder / lost).unlink()
    refuses(words, load_diffusers_model, folder)


def test_t5_is_left_out_by_the_index(
    downloaded: Downloaded, loaded: Callable[[str], DiffusersModel], tmp_path: Path
) -> None:
    """Where its folder is missing, that is how to say so."""
    folder = copied(downloaded("sd3"), tmp_path)
    shutil.rmtree(folder / "text_encoder_3")
    refuses(
        "or write [null, null] for text_encoder_3 and tokenizer_3 in model_index.json",
        load_diffusers_model,
        folder,
    )
    rewrite(folder / "model_index.json", text_encoder_3=[None, None], tokenizer_3=[None, None])
    found = load_diffusers_model(folder, precision="float32").condition("a cat")
    same = loaded("sd3-without-t5").condition("a cat")
    assert torch.equal(found.tokens, same.tokens)


def test_words_that_sentencepiece_would_have_to_read(
    downloaded: Downloaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(downloaded("flux-dev"), tmp_path)
    (folder / "tokenizer_2" / "tokenizer.json").rename(folder / "tokenizer_2" / "spiece.model")
    monkeypatch.setattr("motioncollage.image.diffusers_files.find_spec", lambda _: None)
    refuses(
        "has spiece.model alone; put tokenizer.json of the same model beside it", load_diffusers_model, folder
    )


def test_settings_that_make_no_sense(downloaded: Downloaded, tmp_path: Path) -> None:
    folder = copied(downloaded("flux-dev"), tmp_path)
    refuses("precision is 'float8'", load_diffusers_model, folder, precision="float8")
    rewrite(folder / "scheduler" / "scheduler_config.json", use_beta_sigmas=True)
    refuses("scheduler is no noise schedule (use_beta_sigmas is True", load_diffusers_model, folder)
    rewrite(folder / "scheduler" / "scheduler_config.json", use_beta_sigmas=False)
    config = folder / "vae" / "config.json"
    config.write_text(config.read_text().replace("sample_size", "another_size"))
    refuses("vae: config.json has no sample_size", load_diffusers_model, folder)
    rewrite(folder / "model_index.json", transformer=["diffusers", "Flux2Transformer2DModel"])
    refuses("holds a FluxPipeline; give a model of pixels", load_diffusers_model, folder)


def test_weights_that_memory_cannot_hold(downloaded: Downloaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 40_000)
    words = "would take about 0.1 MB of memory, 0.0 MB are free"
    refuses(words, load_diffusers_model, downloaded("flux-dev"))
