"""The DistilBERT encoder on a small random model: padding, limits, and the errors of loading."""

import builtins
from pathlib import Path
from typing import Any

import pytest
import torch

from mdm_adapter.models.text import bert
from mdm_adapter.models.text.bert import DistilBertTextEncoder, load_distilbert

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "a",
    "person",
    "walks",
    "to",
    "the",
    "left",
    "right",
    "and",
    "waves",
)


def small_tokenizer() -> Any:
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def small_model(width: int = 16) -> Any:
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=len(WORDS), dim=width, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=12
    )
    return transformers.DistilBertModel(config)


@pytest.fixture(scope="module")
def encoder() -> DistilBertTextEncoder:
    return DistilBertTextEncoder(small_model().half(), small_tokenizer())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bert")
    small_model().save_pretrained(path)
    small_tokenizer().save_pretrained(path)
    return path


def test_tokens_are_the_last_hidden_state(encoder: DistilBertTextEncoder) -> None:
    embedding = encoder.encode(["a person walks", "a person waves to the left"])
    assert encoder.width == 16
    assert embedding.tokens.shape == (2, 8, 16)
    assert embedding.padding.tolist() == [[False] * 5 + [True] * 3, [False] * 8]
    with torch.no_grad():
        by_hand = encoder.model(input_ids=torch.tensor([[2, 4, 5, 6, 3]])).last_hidden_state
    torch.testing.assert_close(embedding.tokens[:1, :5], by_hand)
    assert embedding.tokens[0, 5:].abs().max() == 0


def test_a_sentence_does_not_depend_on_its_company(
    encoder: DistilBertTextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["a person walks", "a person walks to the left and waves", "waves", "", "a person"]
    together = encoder.encode(texts)
    monkeypatch.setattr(bert, "BATCH", 2)
    in_batches = encoder.encode(texts)
    torch.testing.assert_close(in_batches.tokens, together.tokens)
    assert torch.equal(in_batches.padding, together.padding)
    for row, text in enumerate(texts):
        alone = encoder.encode([text])
        torch.testing.assert_close(together.tokens[row][~together.padding[row]], alone.tokens[0])


def test_long_sentences_stop_where_the_positions_end(encoder: DistilBertTextEncoder) -> None:
    embedding = encoder.encode(["a person walks and " * 10])
    assert embedding.tokens.shape == (1, 12, 16)
    assert not embedding.padding.any()
    assert encoder.encode([]).tokens.shape == (0, 1, 16)


def test_embeddings_are_float32_of_a_frozen_model_and_may_meet_gradients(
    encoder: DistilBertTextEncoder,
) -> None:
    assert not encoder.model.training
    assert not any(p.requires_grad for p in encoder.model.parameters())
    tokens = encoder.encode(["a person"]).tokens
    assert tokens.dtype == torch.float32
    assert not tokens.is_inference()


def test_local_folder_is_loaded_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bert, "WIDTH", 16)
    loaded = load_distilbert(folder)
    by_hand = DistilBertTextEncoder(small_model(), small_tokenizer())
    texts = ["a person waves", "walks"]
    torch.testing.assert_close(loaded.encode(texts).tokens, by_hand.encode(texts).tokens)


def test_model_of_another_width_is_refused(folder: Path) -> None:
    with pytest.raises(
        ValueError, match="embeds in 16 numbers, not 768; give a distilbert/distilbert-base-uncased folder"
    ):
        load_distilbert(folder)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_incomplete_folders_are_named(folder: Path, tmp_path: Path, missing: str) -> None:
    for file in folder.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match=rf"^text model folder .* has no {missing}; .*hf download[^\n]*$"):
        load_distilbert(tmp_path)
    with pytest.raises(ValueError, match=r"does not exist; .*hf download"):
        load_distilbert(tmp_path / "nowhere")


def test_damaged_or_foreign_weights_are_refused_in_a_line(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=r"^text model .* cannot be loaded \([^\n]*\); [^\n]*$"):
        load_distilbert(tmp_path)
    transformers.BertModel(
        transformers.BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=12,
        )
    ).save_pretrained(tmp_path)
    small_model().config.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"^text model .* lacks [^\n]*$"):
        load_distilbert(tmp_path)


def test_missing_package_names_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "transformers":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"^text encoder 'bert' needs .*pip install 'motioncollage\[bert\]'$"
    ):
        load_distilbert(folder)
