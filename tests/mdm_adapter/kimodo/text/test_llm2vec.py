"""LLM2Vec on a tiny random Llama: both ways, averaged over the sentence, with adapters merged into it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from mdm_adapter.models.kimodo.text.llm2vec import (
    CHAT_MODEL,
    LLM2VecEncoder,
    Pooling,
    load_llm2vec,
    merge_adapter,
)

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

WORDS = (
    "<unk>", "<bos>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "user", "a", "person", "walks", "waves",
    "then", "and", ".",
)  # fmt: skip
PROJECTION = "layers.0.self_attn.q_proj"


def tokenizer() -> Any:
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.post_processor = tokenizers.processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 1)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="<unk>",
        bos_token="<bos>",
        additional_special_tokens=list(WORDS[2:5]),
    )


def llama() -> Any:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1,
    )  # fmt: skip
    return transformers.LlamaModel(config).eval()


def folder_of(path: Path, *, chat: bool = False) -> Path:
    """The three folders that people download."""
    llama().save_pretrained(path / "base")
    tokenizer().save_pretrained(path / "base")
    for number, name in enumerate(("mntp", "supervised")):
        write_adapter(path / name, seed=number)
    (path / "mntp" / "config.json").write_text(json.dumps({"_name_or_path": CHAT_MODEL if chat else "other"}))
    return path


def write_adapter(
    path: Path, *, seed: int = 0, prefix: str = "base_model.model.", **settings: Any
) -> torch.Tensor:
    """A low-rank change of one weight, and what it comes to."""
    path.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn(3, 16, generator=generator)
    up = torch.randn(16, 3, generator=generator)
    name = f"{prefix}{PROJECTION}"
    save_file(
        {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, path / "adapter_model.safetensors"
    )
    (path / "adapter_config.json").write_text(json.dumps({"r": 3, "lora_alpha": 6, **settings}))
    return up @ down


def test_every_word_sees_every_other() -> None:
    """A causal model's first word cannot know how the sentence ends."""
    encoder = LLM2VecEncoder(llama(), tokenizer(), chat=False)
    found = encoder.encode(["a person walks", "a person waves", "a person walks"])
    assert found.tokens.shape == (3, 1, 16)
    assert not found.padding.any()
    assert torch.equal(found.tokens[0], found.tokens[2])
    ids = torch.tensor([[1, 6, 7, 8]])
    everyone = torch.zeros(1, 1, 4, 4)
    with torch.inference_mode():
        both_ways = llama()(input_ids=ids, attention_mask=everyone).last_hidden_state[0]
        causal = llama()(input_ids=ids).last_hidden_state[0]
    assert torch.allclose(found.tokens[0, 0], both_ways[1:].mean(0), atol=1e-6)
    assert not torch.allclose(both_ways[1], causal[1], atol=1e-3)
    other = torch.tensor([[1, 6, 7, 9]])
    with torch.inference_mode():
        assert torch.allclose(llama()(input_ids=other).last_hidden_state[0, 1], causal[1], atol=1e-6)


def test_the_chat_around_a_sentence_is_seen_but_not_averaged() -> None:
    model, words = llama(), tokenizer()
    found = LLM2VecEncoder(model, words, chat=True).encode(["a person"]).tokens[0, 0]
    ids = words(["<|start_header_id|>user<|end_header_id|>\n\na person<|eot_id|>"])["input_ids"][0]
    count = len(words(["a person<|eot_id|>"], add_special_tokens=False)["input_ids"][0])
    with torch.inference_mode():
        states = model(
            input_ids=torch.tensor([ids]), attention_mask=torch.zeros(1, 1, len(ids), len(ids))
        ).last_hidden_state[0]
    assert torch.allclose(found, states[-count:].mean(0), atol=1e-6)
    assert 0 < count < len(ids) - 1


def test_long_sentences_are_cut_by_words() -> None:
    encoder = LLM2VecEncoder(llama(), tokenizer(), chat=False, pooling=Pooling(doc_max_length=8))
    long = "a person walks and waves then walks and waves then walks"
    assert torch.equal(encoder.encode([long]).tokens, encoder.encode([" ".join(long.split()[:8])]).tokens)


def test_poolings() -> None:
    states = torch.arange(6.0).reshape(3, 2)
    assert Pooling().pool(states).tolist() == [2.0, 3.0]
    weighted = Pooling("weighted_mean").pool(states)
    assert torch.allclose(weighted, (states * torch.tensor([1, 2, 3.0])[:, None]).sum(0) / 6)
    with pytest.raises(ValueError, match="pooling_mode is 'bos'; supported: mean, weighted_mean"):
        Pooling("bos")
    with pytest.raises(ValueError, match="max_length is 'long'"):
        Pooling(max_length="long")  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["base_model.model.", "base_model.model.model."])
def test_adapters_are_merged(tmp_path: Path, prefix: str) -> None:
    model = llama()
    before = model.get_submodule(PROJECTION).weight.clone()
    change = write_adapter(tmp_path / "adapter", prefix=prefix)
    merge_adapter(model, tmp_path / "adapter")
    assert torch.allclose(model.get_submodule(PROJECTION).weight, before + 2 * change, atol=1e-5)
    write_adapter(tmp_path / "adapter", use_rslora=True)
    merge_adapter(model, tmp_path / "adapter")
    wanted = before + (2 + 6 / math.sqrt(3)) * change
    assert torch.allclose(model.get_submodule(PROJECTION).weight, wanted, atol=1e-4)


@pytest.mark.parametrize("chat", [True, False])
def test_a_folder(tmp_path: Path, chat: bool) -> None:
    encoder = load_llm2vec(folder_of(tmp_path, chat=chat), dtype=torch.float32)
    assert encoder.chat is chat
    assert encoder.width == 16
    model = llama()
    for name in ("mntp", "supervised"):
        merge_adapter(model, tmp_path / name)
    by_hand = LLM2VecEncoder(model, tokenizer(), chat=chat)
    texts = ["a person walks .", "a person waves"]
    assert torch.allclose(encoder.encode(texts).tokens, by_hand.encode(texts).tokens, atol=1e-5)
    (tmp_path / "supervised" / "llm2vec_config.json").write_text(
        '{"pooling_mode": "weighted_mean", "other": 1}'
    )
    weighted = load_llm2vec(tmp_path, dtype=torch.float32)
    assert weighted.pooling == Pooling("weighted_mean")
    half = load_llm2vec(tmp_path)
    assert next(half.model.parameters()).dtype == torch.bfloat16
    assert half.encode(texts).tokens.dtype == torch.float32


def test_a_bare_model_is_a_folder_too(tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "plain")
    tokenizer().save_pretrained(tmp_path / "plain")
    encoder = load_llm2vec(tmp_path / "plain", dtype=torch.float32)
    texts = ["a person walks"]
    by_hand = LLM2VecEncoder(llama(), tokenizer(), chat=False)
    assert torch.allclose(encoder.encode(texts).tokens, by_hand.encode(texts).tokens, atol=1e-6)


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"has no model; download meta-llama/Meta-Llama-3-8B-Instruct to FOLDER/base"
    ):
        load_llm2vec(tmp_path)
    folder = folder_of(tmp_path / "whole")

    def refused(message: str) -> None:
        with pytest.raises(ValueError, match=message) as caught:
            load_llm2vec(folder, dtype=torch.float32)
        assert "\n" not in str(caught.value)

    (folder / "supervised" / "adapter_model.safetensors").unlink()
    refused("adapter_model.safetensors is missing")
    write_adapter(folder / "supervised", r=4)
    refused("does not fit")
    write_adapter(folder / "supervised", r="three")
    refused("has rank 'three'")
    write_adapter(folder / "supervised", prefix="other.")
    save_file({"odd": torch.zeros(1)}, folder / "supervised" / "adapter_model.safetensors")
    refused("holds 'odd'")
    write_adapter(folder / "supervised")
    (folder / "supervised" / "llm2vec_config.json").write_text('{"pooling_mode": "bos_token"}')
    refused("pooling_mode is 'bos_token'")
    (folder / "supervised" / "llm2vec_config.json").write_text("[]")
    refused("holds no object")
    (folder / "supervised" / "llm2vec_config.json").unlink()
    (folder / "base" / "model.safetensors").write_bytes(b"nothing")
    refused("cannot be loaded")
