"""The network: names and sizes of the published checkpoint, and who looks at whom."""

import torch
from hymotion_toys import SIZES, toy_network
from torch import Tensor

from mdm_adapter.models.hymotion.network import HYMotionNetwork, NetworkConfig, Text, published

# Of `latest.ckpt` of HY-Motion-1.0, as third parties count them, with the vectors that stand beside the network.
TENSORS, NUMBERS = 428, 1_042_878_811


def text(count: int, tokens: int = 4, seed: int = 3) -> Text:
    generator = torch.Generator().manual_seed(seed)
    return Text(
        torch.randn(1, tokens, 12, generator=generator), torch.arange(tokens)[None] < count,
        torch.randn(1, 8, generator=generator),
    )  # fmt: skip


def noisy(frames: int, seed: int = 5) -> Tensor:
    return torch.randn(1, frames, 201, generator=torch.Generator().manual_seed(seed))


def test_the_published_sizes() -> None:
    with torch.device("meta"):
        state = HYMotionNetwork(NetworkConfig()).state_dict()
    beside = [768, 4096, 768, 4096, 201, 201]
    assert len(state) + len(beside) == TENSORS
    assert sum(value.numel() for value in state.values()) + sum(beside) == NUMBERS


def test_published_names() -> None:
    names = {published(name) for name in toy_network().state_dict()}
    assert {
        "double_blocks.0.motion_mod.linear.weight", "double_blocks.0.text_qkv.bias",
        "double_blocks.0.motion_q_norm.weight", "double_blocks.0.text_mlp.fc1.weight",
        "double_blocks.0.motion_out_proj.weight", "single_blocks.1.linear1.weight",
        "single_blocks.0.modulation.linear.weight", "single_blocks.0.k_norm.weight",
        "text_refiner.individual_token_refiner.blocks.1.self_attn_q_norm.bias",
        "text_refiner.individual_token_refiner.blocks.0.adaLN_modulation.linear.weight",
        "text_refiner.context_encoder.linears.2.weight", "text_refiner.timestep_encoder.blocks.0.weight",
        "text_refiner.input_embedder.weight", "vtxt_encoder.linears.0.weight", "timestep_encoder.blocks.2.bias",
        "final_layer.adaLN_modulation.linear.weight", "final_layer.linear.weight", "input_encoder.weight",
        "ctxt_encoder.bias",
    } <= names  # fmt: skip


def test_tokens_that_are_not_there_count_nothing() -> None:
    network, x, time = toy_network(), noisy(20), torch.tensor([0.4])
    whole = text(2)
    short = Text(whole.tokens[:, :2], whole.there[:, :2], whole.sentence)
    changed = Text(whole.tokens + 5.0 * ~whole.there[..., None], whole.there, whole.sentence)
    made = network(x, time, whole)
    assert torch.allclose(network(x, time, short), made, atol=1e-5)
    assert torch.allclose(network(x, time, changed), made, atol=1e-5)
    assert not torch.allclose(network(x, time, text(3)), made, atol=1e-3)


def test_frames_look_two_seconds_far() -> None:
    network, time = toy_network(), torch.tensor([0.4])
    reach = 60 * 3  # in three blocks
    x = noisy(reach + 30)
    other = x.clone()
    other[:, 0] += 3.0
    change = (network(x, time, text(2)) - network(other, time, text(2))).abs().amax(dim=(0, 2))
    assert float(change[reach + 1 :].max()) < 1e-5
    assert float(change[1:60].min()) > 1e-5


def test_time_sentence_and_tokens_matter() -> None:
    network, x = toy_network(), noisy(10)
    made = network(x, torch.tensor([0.4]), text(2))
    assert made.shape == x.shape
    assert not torch.allclose(network(x, torch.tensor([0.6]), text(2)), made, atol=1e-3)
    other = text(2)
    said = Text(other.tokens, other.there, other.sentence + 1)
    assert not torch.allclose(network(x, torch.tensor([0.4]), said), made, atol=1e-3)
    assert SIZES.band == 60
