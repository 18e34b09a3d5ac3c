"""The network against outputs of the published one, for every published form."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.models.mdm.network import MDM, NetworkConfig

VARIANTS = (
    "enc", "enc_maskframes", "enc_maskframes_avg", "dec_clip", "dec_clip_embtransdec", "dec_bert",
    "dec_bert_embtransdec", "dec_bert_nomaskframes", "dec_bert_prefix",
)  # fmt: skip
FULL_SIZE = ("humanml_trans_enc_512", "humanml_trans_dec_512_clip", "humanml_trans_dec_512_bert")


class Golden:
    """One variant: the network with its weights, the call's arguments in our layout, and the outputs."""

    def __init__(self, variant: str) -> None:
        args = json.loads(golden(f"mdm_{variant}.args.json").read_text(encoding="utf-8"))
        file, _, part = args["_weights"].partition(":")
        weights = torch.load(golden(file), map_location="cpu", weights_only=True)
        weights = weights[part] if part else weights
        self.network = MDM(NetworkConfig.from_args(args)).eval()
        kept = {key: value for key, value in weights.items() if not key.endswith(".pe")}
        self.network.load_state_dict(kept, strict=True)
        with np.load(golden(f"mdm_{variant}.npz")) as archive:
            self.arrays = {key: torch.from_numpy(archive[key]) for key in archive.files}
        self.call: dict[str, Any] = {
            "x": frames_last(self.arrays["x"]),
            "timesteps": self.arrays["timesteps"],
            "text": self.arrays["text_embed"].transpose(0, 1),
            "text_padding": self.arrays.get("text_mask"),
            "frame_mask": self.arrays["mask"][:, 0, 0],
        }
        if "prefix" in self.arrays:
            self.call["prefix"] = frames_last(self.arrays["prefix"])

    def run(self, **changes: Any) -> Tensor:
        with torch.inference_mode():
            return self.network(**{**self.call, **changes})

    def expect(self, key: str, ours: Tensor) -> None:
        theirs = frames_last(self.arrays[key])
        assert ours.shape == theirs.shape
        error = (ours - theirs).abs().max() / theirs.abs().max()
        assert error < 1e-4, f"{key} differs by {float(error):.2g} of its largest number"


def frames_last(published: Tensor) -> Tensor:
    """The published layout [batch, 263, 1, frames] as ours [batch, frames, 263]."""
    return published[:, :, 0].transpose(1, 2)


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.param)


def test_conditional_unconditional_and_guided_outputs(variant: Golden) -> None:
    batch = len(variant.call["x"])
    conditional = variant.run()
    unconditional = variant.run(text_dropped=torch.ones(batch, dtype=torch.bool))
    variant.expect("out_cond", conditional)
    variant.expect("out_uncond", unconditional)
    for key, scale in (("out_cfg", "scale"), ("out_cfg_mixed", "scale_mixed")):
        strength = variant.arrays[scale][:, None, None]
        variant.expect(key, unconditional + strength * (conditional - unconditional))


def test_both_passes_fit_in_one_batch(variant: Golden) -> None:
    batch = len(variant.call["x"])
    doubled = {
        key: None if value is None else torch.cat((value, value)) for key, value in variant.call.items()
    }
    dropped = torch.arange(2 * batch) >= batch
    both = variant.run(**doubled, text_dropped=dropped)
    variant.expect("out_cond", both[:batch])
    variant.expect("out_uncond", both[batch:])


@pytest.mark.parametrize("name", ["enc_maskframes", "enc_maskframes_avg"])
def test_mask_of_width_one_means_no_mask(name: str) -> None:
    checkpoint = Golden(name)
    checkpoint.expect("out_cond_mask1", checkpoint.run(frame_mask=None))


def test_masked_frames_change_nothing_but_themselves() -> None:
    checkpoint = Golden("enc_maskframes")
    mask = checkpoint.call["frame_mask"]
    assert not mask.all()
    spoilt = torch.where(mask[..., None], checkpoint.call["x"], 7.0)
    torch.testing.assert_close(checkpoint.run(x=spoilt)[mask], checkpoint.run()[mask], atol=1e-5, rtol=0)


def test_checkpoints_without_masking_ignore_the_mask() -> None:
    checkpoint = Golden("enc")
    assert torch.equal(checkpoint.run(), checkpoint.run(frame_mask=None))


def test_padded_text_tokens_change_nothing() -> None:
    checkpoint = Golden("dec_bert")
    padding = checkpoint.call["text_padding"]
    assert padding.any()
    spoilt = torch.where(padding[..., None], 7.0, checkpoint.call["text"])
    torch.testing.assert_close(checkpoint.run(text=spoilt), checkpoint.run(), atol=1e-5, rtol=0)


def test_every_dropout_is_off_in_evaluation_and_on_in_training() -> None:
    network = MDM(NetworkConfig(layers=1, latent_dim=16, text_encoder_type="static"), dropout=0.5)
    x, t, text = torch.zeros(1, 4, 263), torch.zeros(1, dtype=torch.int64), torch.zeros(1, 1, 192)
    torch.manual_seed(0)
    assert not torch.equal(network(x, t, text), network(x, t, text))
    network.eval()
    assert torch.equal(network(x, t, text), network(x, t, text))


@pytest.mark.parametrize("name", FULL_SIZE)
def test_full_size_names_and_shapes(name: str) -> None:
    published = json.loads(golden("mdm_fullsize_keys.json").read_text(encoding="utf-8"))[name]
    with torch.device("meta"):
        network = MDM(NetworkConfig.from_args(published["args"]))
    ours = {key: list(value.shape) for key, value in network.state_dict().items()}
    theirs = {key: shape for key, shape in published["state_dict"].items() if not key.endswith(".pe")}
    assert ours == theirs
    assert sum(p.numel() for p in network.parameters()) == published["n_params"]


def test_config_reads_args_json_and_ignores_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "args.json"
    path.write_text(
        json.dumps({"arch": "trans_dec", "latent_dim": 64, "lr": 1e-4, "seed": 10}), encoding="utf-8"
    )
    config = NetworkConfig.read(path)
    assert (config.arch, config.latent_dim, config.layers, config.features) == ("trans_dec", 64, 8, 263)
    assert [NetworkConfig(text_encoder_type=kind).text_width for kind in ("clip", "bert", "static")] == [
        512,
        768,
        192,
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": "gru"}, "arch is 'gru'; supported: trans_enc, trans_dec"),
        ({"text_encoder_type": "t5"}, "text_encoder_type is 't5'"),
        ({"layers": 0}, "layers is 0; expected a whole number between 1 and 64"),
        ({"latent_dim": 64.0}, "latent_dim is 64.0"),
        ({"latent_dim": 66}, "latent_dim is 66; it must divide by 4 heads"),
        ({"max_frames": 5000}, "max_frames is 5000; it must be below 5000"),
    ],
)
def test_config_refuses_what_cannot_be_built(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**change)
