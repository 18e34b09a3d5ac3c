"""The network against outputs of the published one, in all its forms."""

import json

import pytest
import torch
from kimodo_toys import VARIANTS, arrays, golden_network, published_config, toy_network
from paths import golden
from torch import Tensor

from mdm_adapter.models.kimodo.network import KimodoNetwork, NetworkConfig, Text, sinusoids
from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30
from mdm_adapter.models.kimodo.statistics import Statistics

CASES = {
    "out_full": {},
    "out_full_long_text": {"long_text": True},
    "out_no_constraint": {"constraint": False},
    "out_no_text": {"text": False},
    "out_text_only": {"constraint": False},
    "out_uncond": {"text": False, "constraint": False},
}


@torch.inference_mode()
def run(
    network: KimodoNetwork,
    data: dict[str, Tensor],
    *,
    long_text: bool = False,
    text: bool = True,
    constraint: bool = True,
) -> Tensor:
    suffix = "_long" if long_text else ""
    tokens, there = data[f"text_feat{suffix}"], data[f"text_pad_mask{suffix}"].bool()
    known = {"observed": data["observed_motion"], "mask": data["motion_mask"]} if constraint else {}
    return network(
        data["x"],
        data["timesteps"],
        Text(tokens, ~there, torch.full((len(tokens),), not text)),
        data["first_heading_angle"],
        valid=data["x_pad_mask"].bool(),
        **known,
    )


def difference(found: Tensor, data: dict[str, Tensor], wanted: Tensor) -> float:
    return float(((found - wanted).abs() * data["x_pad_mask"][..., None]).max())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_published_outputs(variant: str, case: str) -> None:
    network, data = golden_network(variant)
    assert difference(run(network, data, **CASES[case]), data, data[case]) < 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_bridge_between_the_stages(variant: str) -> None:
    network, data = golden_network(variant)
    root = run(network, data)[..., :5]
    assert difference(root, data, data["inner_root_pred"]) < 1e-4
    local = network._local_root(root, data["x_pad_mask"].sum(-1))
    assert difference(local, data, data["inner_local_root_normalized"]) < 1e-4


@pytest.mark.parametrize(
    ("name", "changes", "call"),
    [
        ("use_text_mask", {"use_text_mask": True}, {}),
        ("use_text_mask_uncond", {"use_text_mask": True}, {"text": False, "constraint": False}),
        ("norm_first", {"norm_first": True}, {}),
        ("relu", {"activation": "relu"}, {}),
        ("no_heading", {"first_heading": False}, {}),
        ("no_override", {"text_tokens": 3}, {}),
    ],
)
def test_published_options(name: str, changes: dict[str, object], call: dict[str, bool]) -> None:
    network, data = golden_network("smplx22", **changes)
    wanted = arrays("kimodo_network_options.npz")[f"out_{name}"]
    assert difference(run(network, data, long_text=True, **call), data, wanted) < 1e-4


def test_the_fixture_is_of_the_sizes_that_we_take_it_for() -> None:
    config = published_config("soma30")
    network, _ = golden_network("soma30")
    assert config["motion_rep_dim"] == network.representation.width == 369
    assert (config["num_layers"], config["latent_dim"]) == (
        network.config.num_layers,
        network.config.latent_dim,
    )


def test_full_size_names_and_shapes() -> None:
    listed = json.loads(golden("kimodo_fullsize_keys.json").read_text(encoding="utf-8"))
    with torch.device("meta"):
        network = KimodoNetwork(NetworkConfig(), Representation(SOMA30), Statistics.identity(369))
    state = network.state_dict()
    assert {name: list(value.shape) for name, value in state.items()} == listed["keys"]
    assert sum(value.numel() for value in state.values()) == listed["n_parameters"] == 283_281_777


def call(network: KimodoNetwork, x: Tensor, **changes: object) -> Tensor:
    rows = len(x)
    text = Text(torch.ones(rows, 1, 8).to(x), torch.zeros(rows, 1).bool(), torch.zeros(rows).bool())
    given = {"text": text, "heading": torch.zeros(rows), **changes}
    return network(x, torch.full((rows,), 500), given.pop("text"), given.pop("heading"), **given)  # type: ignore[arg-type]


def test_padding_never_reaches_frames_that_count() -> None:
    network = toy_network().double()
    x = torch.randn(2, 14, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    valid = torch.arange(14) < torch.tensor([14, 9])[:, None]
    other = torch.where(valid[..., None], x, torch.full_like(x, 50.0))
    here, there = call(network, x, valid=valid)[valid], call(network, other, valid=valid)[valid]
    assert torch.allclose(here, there, atol=1e-9)
    alone = call(network, x[1:, :9])
    assert torch.allclose(call(network, x, valid=valid)[1:, :9], alone, atol=1e-9)


def test_heading_text_time_and_constraints_are_read() -> None:
    network = toy_network()
    x = torch.randn(1, 12, 369, generator=torch.Generator().manual_seed(0))
    plain = call(network, x)
    assert not torch.allclose(plain, call(network, x, heading=torch.ones(1)), atol=1e-3)
    other = Text(2 * torch.ones(1, 1, 8), torch.zeros(1, 1).bool(), torch.zeros(1).bool())
    assert not torch.allclose(plain, call(network, x, text=other), atol=1e-3)
    zeros = torch.zeros_like(x)
    # No constraint is an empty one; a full one replaces the noisy motion.
    assert torch.equal(plain, call(network, x, observed=torch.ones_like(x), mask=zeros))
    full = {"observed": torch.ones_like(x), "mask": torch.ones_like(x)}
    assert torch.equal(call(network, x, **full), call(network, zeros, **full))
    blind = toy_network(motion_mask_mode="none")
    assert torch.equal(call(blind, x), call(blind, x, **full))


def test_more_text_than_places_is_cut() -> None:
    network = toy_network()
    x = torch.randn(1, 6, 369, generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(1))
    long = Text(tokens, torch.zeros(1, 5).bool(), torch.zeros(1).bool())
    cut = Text(tokens[:, :3], torch.zeros(1, 3).bool(), torch.zeros(1).bool())
    assert torch.equal(call(network, x, text=long), call(network, x, text=cut))


def test_positions_are_sines_and_cosines_in_turn() -> None:
    table = sinusoids(torch.tensor([0, 3]), 4)
    wanted = torch.tensor([[0.0, 1.0, 0.0, 1.0], [3.0, 3.0, 0.03, 0.03]])
    wanted[1] = torch.tensor([wanted[1, 0].sin(), wanted[1, 1].cos(), wanted[1, 2].sin(), wanted[1, 3].cos()])
    assert torch.allclose(table, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_dim": 15}, "latent_dim is 15; it must be even and divide by 8 heads"),
        ({"num_layers": 0}, "num_layers is 0; expected a whole number between 1 and 128"),
        ({"num_layers": True}, "num_layers is True"),
        ({"latent_dim": 10**9}, "between 1 and 8192"),
        ({"activation": "tanh"}, "activation is 'tanh'; supported: gelu, relu"),
        ({"use_text_mask": "false"}, "use_text_mask is 'false'; expected true or false"),
        ({"motion_mask_mode": "add"}, "motion_mask_mode is 'add'"),
    ],
)
def test_sizes_that_make_no_network(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**changes)  # type: ignore[arg-type]


def test_statistics_of_another_body() -> None:
    with pytest.raises(ValueError, match="statistics have 273 channels and features of soma30 369"):
        KimodoNetwork(NetworkConfig(num_layers=1), Representation(SOMA30), Statistics.identity(273))
