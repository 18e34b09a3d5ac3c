"""Tiny random models in the folders that `diffusers` writes."""

import json
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers


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


def text_network(**changes: Any) -> Any:
    torch.manual_seed(4)
    sizes = {"vocab_size": 60, "hidden_size": 12, "intermediate_size": 16, "max_position_embeddings": 16}
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPTextConfig(**{**sizes, **layers, **changes})
    return transformers.CLIPTextModel(config).eval().requires_grad_(False)


def large_text_networks() -> tuple[Any, Any]:
    """The two encoders of SDXL, the second with a projection."""
    torch.manual_seed(5)
    sizes = {"vocab_size": 60, "intermediate_size": 16, "max_position_embeddings": 16}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "projection_dim": 10}
    first = transformers.CLIPTextConfig(hidden_size=12, **sizes, **layers)
    second = transformers.CLIPTextConfig(hidden_size=8, **sizes, **layers)
    made = transformers.CLIPTextModel(first), transformers.CLIPTextModelWithProjection(second)
    return made[0].eval().requires_grad_(False), made[1].eval().requires_grad_(False)


def write_tokenizer(folder: Path) -> Any:
    """Letters, alone or at the end of a word, and no merges: what published models have, but tiny."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    about = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)


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
