"""The eta family against MDM's loops."""

import json

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.levels import DiscreteLevels, levels_of
from motioncollage.sampling.noise import gaussian
from motioncollage.sampling.registry import SamplerSettings, sample
from motioncollage.sampling.schedules import VPSchedule

LOOPS = ("ddim_ddimN", "ddim_plainN", "ddimeta_ddimN", "ddpm_plainN", "ddpm_secN", "ddpm_inpaint")


def frames_first(array: np.ndarray) -> Tensor:
    """[batch, 263, 1, frames] -> [batch, frames, 263]."""
    return torch.tensor(array)[:, :, 0].transpose(1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_published_loops(name: str) -> None:
    network = MDM(NetworkConfig.from_args(json.loads(golden("mdm_enc.args.json").read_text()))).eval()
    weights = torch.load(golden("mdm_enc.pt"), weights_only=True)
    network.load_state_dict({key: value for key, value in weights.items() if not key.endswith(".pe")})
    d = np.load(golden(f"diffusion_{name}.npz"))
    noise = iter(
        torch.tensor(np.load(golden("diffusion_noise_seq.npz"))["noise"])[:, :, :, 0].transpose(2, 3)
    )
    steps = int(d["n_steps"])
    if name.endswith(("plainN", "inpaint")):
        schedule = VPSchedule.named("cosine", steps)
    else:
        schedule = VPSchedule.named("cosine", 1000).respaced(
            f"ddim{steps}" if "ddimN" in name else str(steps)
        )
    levels = levels_of(schedule)
    assert [level.timestep for level in levels] == d["net_timesteps"].tolist()
    text = torch.tensor(d["text_embed"]).transpose(0, 1)
    scale = torch.tensor(d["scale"])[:, None, None]

    def denoise(x: Tensor, level: NoiseLevel) -> Tensor:
        t = torch.full((len(x),), int(level.timestep))
        null = network(x, t, text, text_dropped=torch.ones(len(x), dtype=torch.bool))
        clean = null + scale * (network(x, t, text) - null)
        if "inpaint" in name:
            known = frames_first(d["inpainting_mask"])
            clean = torch.where(known, frames_first(d["inpainted_motion"]), clean)
        return clean

    eta = 1.0 if "ddpm" in name else float(d["eta"])
    out = sample_eta(denoise, frames_first(d["x_T"]), levels, eta=eta, noise=lambda like: next(noise))
    assert (out - frames_first(d["final"])).abs().max() < 1e-3


@pytest.mark.parametrize("name", ["ddim", "ddpm", "heun"])
def test_samplers_by_name_are_reproducible_and_finish_at_the_data(name: str) -> None:
    levels = DiscreteLevels(VPSchedule.named("cosine", 1000))

    def denoise(x: Tensor, level: NoiseLevel) -> Tensor:
        # Posterior mean of a Gaussian of variance 1/4 around 3.
        gain = level.alpha * 0.25 / (level.alpha**2 * 0.25 + level.sigma**2)
        return 3 + gain * (x - level.alpha * 3)

    def run(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(4000, 1, generator=generator)
        return sample(denoise, start, levels, SamplerSettings(name=name, steps=50), gaussian(generator))

    first = run(0)
    assert torch.equal(first, run(0))
    assert not torch.equal(first, run(1))
    assert abs(float(first.mean()) - 3) < 0.05
    assert abs(float(first.std()) - 0.5) < 0.06


def test_unknown_names_and_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="choose one of ddim"):
        SamplerSettings(name="magic")
    with pytest.raises(ValueError, match="steps is 0"):
        SamplerSettings(steps=0)
    with pytest.raises(ValueError, match="eta"):
        sample_eta(lambda x, level: x, torch.zeros(1), [NoiseLevel.exploding(1.0)], eta=0.5)
