"""Tiny random models in the folders that `diffusers` writes, and what their tests share."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import diffusers
import pytest
import torch
import transformers
from torch import Tensor


def pixel_network(**changes: Any) -> Any:
    torch.manual_seed(1)
    sizes = {"sample_size": 16, "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
    return diffusers.UNet2DModel(**{**sizes, **blocks, **changes}).eval().requires_grad_(False)


def latent_network(**changes: Any) -> Any:
    torch.manual_seed(2)
    blocks = {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    sizes = {"sample_size": 8, "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
    widths = {"cross_attention_dim": 12, "attention_head_dim": 2}
    network = diffusers.UNet2DConditionModel(**{**sizes, **widths, **blocks, **changes})
    return network.eval().requires_grad_(False)


def autoencoder_network(**changes: Any) -> Any:
    torch.manual_seed(3)
    blocks = {
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }
    sizes = {"sample_size": 32, "block_out_channels": (8, 8), "norm_num_groups": 4, "scaling_factor": 0.3}
    return diffusers.AutoencoderKL(**{**sizes, **blocks, **changes}).eval().requires_grad_(False)


def text_network(kind: str = "CLIPTextModel", seed: int = 4, **changes: Any) -> Any:
    torch.manual_seed(seed)
    sizes = {"vocab_size": 60, "hidden_size": 12, "intermediate_size": 16, "max_position_embeddings": 16}
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2, "eos_token_id": 53}
    config = transformers.CLIPTextConfig(**{**sizes, **layers, **changes})
    return getattr(transformers, kind)(config).eval().requires_grad_(False)


def large_text_networks() -> tuple[Any, Any]:
    """The two encoders of SDXL, the second with a projection."""
    layers = {"num_hidden_layers": 2, "projection_dim": 10}
    second = text_network("CLIPTextModelWithProjection", 6, hidden_size=8, **layers)
    return text_network(seed=5, **layers), second


def t5_network(**changes: Any) -> Any:
    torch.manual_seed(7)
    sizes = {"vocab_size": 60, "d_model": 24, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    network = transformers.T5EncoderModel(transformers.T5Config(**{**sizes, **changes}))
    return network.eval().requires_grad_(False)


def write_tokenizer(folder: Path) -> Any:
    """Letters, alone or at the end of a word, and no merges: what published models have, but tiny."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [
        *ascii_lowercase,
        *(f"{letter}</w>" for letter in ascii_lowercase),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    about = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def write_t5_tokenizer(folder: Path) -> Any:
    """Letters, and the mark of a word's beginning."""
    words = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        ("\u2581", -2.0),
        *((letter, -3.0) for letter in ascii_lowercase),
    ]
    tokenizer = transformers.T5Tokenizer(vocab=words, extra_ids=0, model_max_length=512)
    tokenizer.save_pretrained(folder)
    return tokenizer


SD_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
PLAIN = {"clip_sample": False, "set_alpha_to_one": True, "steps_offset": 0, "timestep_spacing": "leading"}


def write_pixel_model(folder: Path) -> None:
    """With five classes, the last of them the null class."""
    scheduler = diffusers.DDIMScheduler(num_train_timesteps=100, **PLAIN)
    network = pixel_network(num_class_embeds=5)
    diffusers.DDIMPipeline(network, scheduler).save_pretrained(folder)


def write_latent_model(folder: Path) -> None:
    pipeline = diffusers.StableDiffusionPipeline(
        vae=autoencoder_network(), text_encoder=text_network(), unet=latent_network(),
        tokenizer=write_tokenizer(folder / "words"), safety_checker=None, feature_extractor=None,
        scheduler=diffusers.DDIMScheduler(**SD_BETAS, **PLAIN), requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder)


def write_large_model(folder: Path) -> None:
    """As SDXL is made, but tiny."""
    first, second = large_text_networks()
    sizes = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 4,
        "projection_class_embeddings_input_dim": 10 + 6 * 4,
    }
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=autoencoder_network(), text_encoder=first, text_encoder_2=second,
        unet=latent_network(cross_attention_dim=20, **sizes), tokenizer=write_tokenizer(folder / "words"),
        tokenizer_2=write_tokenizer(folder / "words"), scheduler=diffusers.DDIMScheduler(**SD_BETAS, **PLAIN),
        add_watermarker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder)


def flow_autoencoder() -> Any:
    return autoencoder_network(latent_channels=16, shift_factor=0.1, sample_size=16)


def loud(network: Any) -> Any:
    """Weights large enough that texts, places and times count, as in trained networks."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(1.5)
    return network.eval().requires_grad_(False)


def sd3_network(**changes: Any) -> Any:
    torch.manual_seed(8)
    sizes = {
        "sample_size": 8,
        "num_layers": 2,
        "attention_head_dim": 8,
        "num_attention_heads": 2,
        "pos_embed_max_size": 24,
    }
    widths = {"joint_attention_dim": 24, "caption_projection_dim": 16, "pooled_projection_dim": 20}
    # As Stable Diffusion 3.5: normalised queries, some blocks with two attentions.
    more = {"qk_norm": "rms_norm", "dual_attention_layers": (0,)}
    return loud(diffusers.SD3Transformer2DModel(**{**sizes, **widths, **more, **changes}))


def write_sd3_model(folder: Path, *, t5: bool = True, **schedule: Any) -> None:
    """As Stable Diffusion 3.5 is made, but tiny."""
    clips = [
        text_network(
            "CLIPTextModelWithProjection", seed, hidden_size=width, num_hidden_layers=2, projection_dim=10
        )
        for seed, width in ((5, 12), (6, 8))
    ]
    pipeline = diffusers.StableDiffusion3Pipeline(
        transformer=sd3_network(), vae=flow_autoencoder(), text_encoder=clips[0], text_encoder_2=clips[1],
        text_encoder_3=t5_network() if t5 else None, tokenizer=write_tokenizer(folder / "words"),
        tokenizer_2=write_tokenizer(folder / "words"),
        tokenizer_3=write_t5_tokenizer(folder / "pieces") if t5 else None,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(**{"shift": 3.0, **schedule}),
    )  # fmt: skip
    pipeline.save_pretrained(folder)


def flux_network(**changes: Any) -> Any:
    torch.manual_seed(9)
    sizes = {
        "in_channels": 64,
        "num_layers": 1,
        "num_single_layers": 1,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
    }
    widths = {"joint_attention_dim": 24, "pooled_projection_dim": 12, "axes_dims_rope": (4, 6, 6)}
    return loud(diffusers.FluxTransformer2DModel(**{**sizes, **widths, **changes}))


def write_flux_model(folder: Path, *, dev: bool = True) -> None:
    """As FLUX.1 is made, `dev` or `schnell`, but tiny."""
    shifts = {"shift": 3.0, "use_dynamic_shifting": True} if dev else {"shift": 1.0}
    pipeline = diffusers.FluxPipeline(
        transformer=flux_network(guidance_embeds=dev), vae=flow_autoencoder(), text_encoder=text_network(),
        text_encoder_2=t5_network(), tokenizer=write_tokenizer(folder / "words"),
        tokenizer_2=write_t5_tokenizer(folder / "pieces"),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(**shifts),
    )  # fmt: skip
    pipeline.save_pretrained(folder)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def rewrite(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def refuses(words: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """A ValueError of one line that holds these words."""
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        call(*arguments, **named)
    assert words in str(caught.value), str(caught.value)
