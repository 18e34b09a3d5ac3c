"""The bundled model's network: padding, lengths, the skip, dropout."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mdm_adapter.models.mdm.checkpoint import load_checkpoint, save_model
from mdm_adapter.models.mdm.dit import DiT
from mdm_adapter.models.mdm.network import NetworkConfig
from motioncollage.sampling.schedules import VPSchedule

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
CONFIG = NetworkConfig(
    arch="dit", text_encoder_type="static", layers=2, latent_dim=64, fine_dim=64, feed_forward=96, patch=2,
    mask_frames=True, diffusion_steps=50, pos_embed_max_len=256, max_frames=196,
)  # fmt: skip


def network(config: NetworkConfig = CONFIG, *, dropout: float = 0.0) -> DiT:
    """With random numbers also where a fresh one has zeros."""
    torch.manual_seed(0)
    made = DiT(config, dropout=dropout)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return made


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 30, 263, generator=generator)
    return x, torch.tensor([3, 25, 49]), torch.randn(3, 1, CONFIG.text_width, generator=generator)


def test_a_fresh_network_predicts_the_mean_pose(inputs: Inputs) -> None:
    x, steps, text = inputs
    assert torch.equal(DiT(CONFIG)(x, steps, text), torch.zeros_like(x))


def test_what_lies_behind_a_motion_changes_nothing(inputs: Inputs) -> None:
    x, steps, text = inputs
    model = network().eval()
    mask = torch.ones(3, 40, dtype=torch.bool)
    mask[:, 30:] = False
    padded = torch.cat((x, torch.full((3, 10, 263), 7.0)), dim=1)
    with torch.no_grad():
        torch.testing.assert_close(
            model(padded, steps, text, frame_mask=mask)[:, :30], model(x, steps, text), rtol=1e-4, atol=1e-5
        )


def test_with_a_skip_the_layers_predict_what_the_noisy_motion_lacks(inputs: Inputs) -> None:
    x, steps, text = inputs
    plain, skipping = network().eval(), network(replace(CONFIG, skip=True)).eval()
    alpha, sigma = VPSchedule.named("cosine", 50).alpha_sigma(steps)
    with torch.no_grad():
        wanted = alpha[:, None, None].float() * x + sigma[:, None, None].float() * plain(x, steps, text)
        torch.testing.assert_close(skipping(x, steps, text), wanted)


def test_a_network_with_a_skip_is_written_and_read(tmp_path: Path, inputs: Inputs) -> None:
    x, steps, text = inputs
    model = network(replace(CONFIG, skip=True)).eval()
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    save_model(tmp_path, model, None, {})
    loaded = load_checkpoint(tmp_path, device="cpu").network
    with torch.no_grad():
        assert torch.equal(loaded(x, steps, text), model(x, steps, text))


def test_dropout_leaves_out_in_training_only(inputs: Inputs) -> None:
    x, steps, text = inputs
    model, plain = network(dropout=0.5), network()
    with torch.no_grad():
        assert torch.equal(model.eval()(x, steps, text), plain.eval()(x, steps, text))
        model.train()
        torch.manual_seed(1)
        first = model(x, steps, text)
        torch.manual_seed(2)
        assert not torch.equal(first, model(x, steps, text))
