"""Folders in the layout of the official downloads, with small random networks in them, and motion that moves."""

import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from paths import golden

from eval.judges.official import OfficialDims, OfficialEvaluator
from mdm_adapter.models.mdm.network import MDM, NetworkConfig

# What a published args.json says of a model of texts; the network's own fields are added.
PUBLISHED = {
    "save_dir": "", "overwrite": False, "cuda": True, "device": 0, "seed": 10, "batch_size": 64, "dataset": "humanml",
    "data_dir": "", "cond_mask_prob": 0.1, "lambda_rcxyz": 0.0, "lambda_vel": 0.0, "lambda_fc": 0.0,
    "unconstrained": False, "multi_target_cond": False, "use_ema": False, "context_len": 0, "pred_len": 0,
    "sigma_small": True, "lr": 0.0001, "num_steps": 600000, "num_frames": 60,
}  # fmt: skip
SENTENCES = (
    ("a man walks forward.", "a/DET man/NOUN walk/VERB forward/ADV"),
    ("a person waves.", "a/DET person/NOUN wave/VERB"),
    ("he runs in a circle.", "he/PRON run/VERB in/ADP a/DET circle/NOUN"),
)
WORDS = ("unk", "sos", "eos", "a", "man", "person", "he", "walk", "wave", "run", "in", "circle", "forward")


@dataclass(frozen=True)
class Official:
    """Where the folders are."""

    root: Path

    @property
    def model(self) -> Path:
        return self.root / "humanml_trans_dec_512_bert"

    @property
    def encoder(self) -> Path:
        return self.root / "distilbert"

    @property
    def data(self) -> Path:
        return self.root / "HumanML3D"

    @property
    def t2m(self) -> Path:
        return self.root / "t2m"

    @property
    def glove(self) -> Path:
        return self.root / "glove"

    def eval(self, protocol: str = "official") -> tuple[object, ...]:
        """The command of docs/evaluation.md."""
        return (
            "eval", "--protocol", protocol, "--benchmark", "humanml3d", "--data", self.data, "--evaluator", self.t2m,
            "--glove", self.glove, "--model", self.model, "--text-encoder", self.encoder,
        )  # fmt: skip


def make_official(root: Path, *, clips: int) -> Official:
    """All folders.

    Args:
        clips: of the test split; a fifth of it each in the other two.
    """
    made = Official(root)
    write_model(made.model)
    write_bert(made.encoder)
    write_evaluator(made.t2m)
    write_glove(made.glove)
    write_humanml3d(made.data, clips)
    for name in ("Mean.npy", "Std.npy"):
        shutil.copy(made.data / name, made.model / name)
    return made


def write_model(folder: Path, **changes: object) -> None:
    """`args.json` and `model000600343.pt` as published: a flat state dict with both position tables."""
    torch.manual_seed(0)
    own = {
        "arch": "trans_dec",
        "text_encoder_type": "bert",
        "layers": 1,
        "latent_dim": 16,
        "mask_frames": True,
    }
    args = {**PUBLISHED, **own, "diffusion_steps": 50, "noise_schedule": "cosine", **changes}
    network = MDM(NetworkConfig.from_args(args))
    tables = {
        f"{name}.pe": network.sequence_pos_encoder.pe
        for name in ("sequence_pos_encoder", "embed_timestep.sequence_pos_encoder")
    }
    folder.mkdir(parents=True)
    torch.save({**network.state_dict(), **tables}, folder / "model000600343.pt")
    (folder / "args.json").write_text(json.dumps(args))


def write_bert(folder: Path, width: int = 768) -> Path:
    """A DistilBERT of one layer that knows a few words, as `save_pretrained` writes it."""
    transformers, tokenizers = pytest.importorskip("transformers"), pytest.importorskip("tokenizers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "walks", "waves", "runs"]
    whole = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]")
    )
    whole.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=whole, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    config = transformers.DistilBertConfig(
        vocab_size=len(words), dim=width, n_layers=1, n_heads=2, hidden_dim=8, max_position_embeddings=32
    )
    transformers.DistilBertModel(config).save_pretrained(folder)
    return folder


def write_evaluator(t2m: Path, *, width: int = 263) -> None:
    """The evaluator's weights and statistics, in its folders."""
    torch.manual_seed(0)
    networks = OfficialEvaluator(OfficialDims(width, 8, 8, 8, 8, 8, 300, 15), np.zeros(width), np.ones(width))
    parts = ("text_encoder", "motion_encoder", "movement_encoder")
    for folder in (t2m / "text_mot_match" / "model", t2m / "Comp_v6_KLD01" / "meta"):
        folder.mkdir(parents=True, exist_ok=True)
    torch.save(
        {name: getattr(networks, name).state_dict() for name in parts},
        t2m / "text_mot_match" / "model" / "finest.tar",
    )
    for name, value in (("mean", 0.0), ("std", 1.0)):
        np.save(t2m / "Comp_v6_KLD01" / "meta" / f"{name}.npy", np.full(width, value))


def write_glove(glove: Path) -> None:
    """The word vectors' three files."""
    glove.mkdir(parents=True)
    np.save(glove / "our_vab_data.npy", np.random.default_rng(0).normal(size=(len(WORDS), 300)))
    (glove / "our_vab_words.pkl").write_bytes(pickle.dumps(list(WORDS)))
    (glove / "our_vab_idx.pkl").write_bytes(pickle.dumps({word: i for i, word in enumerate(WORDS)}))


def write_humanml3d(data: Path, clips: int) -> None:
    """Real walking, cut anew for every clip, with tagged captions; the three splits; the official statistics."""
    with np.load(golden("hml_clip_walk.npz")) as archive:
        walk = archive["features"].astype(np.float32)
    rng = np.random.default_rng(0)
    for name in ("new_joint_vecs", "texts"):
        (data / name).mkdir(parents=True)
    splits = {"test": clips, "train": -(-clips // 5), "val": -(-clips // 5)}
    number = 0
    for split, count in splits.items():
        names = [f"{number + i:06d}" for i in range(count)]
        number += count
        (data / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
        for i, name in enumerate(names):
            length = int(rng.integers(60, 150))
            first = int(rng.integers(0, len(walk) - length + 1))
            np.save(data / "new_joint_vecs" / f"{name}.npy", walk[first : first + length])
            text, tagged = SENTENCES[i % len(SENTENCES)]
            (data / "texts" / f"{name}.txt").write_text(f"{text}#{tagged}#0.0#0.0\n")
    with np.load(golden("hml_norm.npz")) as archive:
        for name in ("Mean", "Std"):
            np.save(data / f"{name}.npy", archive[name])
