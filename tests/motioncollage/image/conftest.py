"""Tiny models of every kind that is read, each written once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from diffusers_folders import (
    write_flux_model,
    write_large_model,
    write_latent_model,
    write_pixel_model,
    write_sd3_model,
)

WRITERS: dict[str, Callable[[Path], None]] = {
    "pixels": write_pixel_model,
    "latents": write_latent_model,
    "xl": write_large_model,
    "sd3": write_sd3_model,
    "sd3-without-t5": partial(write_sd3_model, t5=False),
    "sd3-dynamic": partial(write_sd3_model, use_dynamic_shifting=True),
    "flux-dev": write_flux_model,
    "flux-schnell": partial(write_flux_model, dev=False),
}


@pytest.fixture(scope="session")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model by its kind; tests that change one copy it."""
    home, made = tmp_path_factory.mktemp("downloads"), set[str]()

    def folder(kind: str) -> Path:
        if kind not in made:
            WRITERS[kind](home / kind)
            made.add(kind)
        return home / kind

    return folder


@pytest.fixture(scope="session")
def pixel_folder(downloaded: Callable[[str], Path]) -> Path:
    return downloaded("pixels")


@pytest.fixture(scope="session")
def latent_folder(downloaded: Callable[[str], Path]) -> Path:
    return downloaded("latents")
