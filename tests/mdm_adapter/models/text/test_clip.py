"""The CLIP encoders on small random models: 20 tokens, zero padding, projection, errors of loading."""

import builtins
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mdm_adapter.models.text import clip as module
from mdm_adapter.models.text.clip import OpenAIClipEncoder, TransformersClipEncoder, load_clip

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

# As in CLIP, start and end have the largest numbers; 0 is an ordinary word and also the padding.
WORDS = ("!", "a", "person", "walks", "to", "the", "left", "right", "and", "waves", "<start>", "<end>")
START, END = 10, 11


def small_tokenizer() -> Any:
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="!"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", START), ("<end>", END)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<end>", bos_token="<start>", eos_token="<end>", unk_token="!"
    )


def small_model() -> Any:
    torch.manual_seed(0)
    config = transformers.CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=8, bos_token_id=START, eos_token_id=END, pad_token_id=END,
    )  # fmt: skip
    return transformers.CLIPTextModelWithProjection(config)


class OpenAIClip(nn.Module):
    """The part of the `clip` package's model that is used, on the other implementation's weights."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        self.text_projection = nn.Parameter(tower.text_projection.weight.detach().T.clone())

    def encode_text(self, tokens: Tensor) -> Tensor:
        states = self.tower(input_ids=tokens).last_hidden_state
        return states[torch.arange(len(tokens)), tokens.argmax(dim=-1)] @ self.text_projection


def tokenize(texts: list[str], context_length: int, truncate: bool) -> Tensor:
    """What `clip.tokenize` does."""
    assert truncate
    out = torch.zeros(len(texts), context_length, dtype=torch.int32)
    for row, text in enumerate(texts):
        ids = [START, *(WORDS.index(word) if word in WORDS else 0 for word in text.split()), END]
        if len(ids) > context_length:
            ids = [*ids[: context_length - 1], END]
        out[row, : len(ids)] = torch.tensor(ids)
    return out


@pytest.fixture(scope="module")
def encoder() -> TransformersClipEncoder:
    return TransformersClipEncoder(small_model().half(), small_tokenizer())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip")
    small_model().save_pretrained(path)
    small_tokenizer().save_pretrained(path)
    return path


LONG = "a person walks to the left and waves and walks to the right and waves and walks to the left and waves"
TEXTS = ["a person walks", LONG, "", "waves ! to the right"]


def test_at_most_twenty_tokens_between_start_and_end_then_zeros(encoder: TransformersClipEncoder) -> None:
    ids = encoder.token_ids(TEXTS)
    assert ids.shape == (4, 77)
    assert ids[0].tolist() == [START, 1, 2, 3, END] + [0] * 72
    words = [WORDS.index(word) for word in LONG.split()]
    assert len(words) == 22
    assert ids[1].tolist() == [START, *words[:20], END] + [0] * 55
    assert ids[2, :3].tolist() == [START, END, 0]


def test_embedding_is_the_projected_state_of_the_end_token(encoder: TransformersClipEncoder) -> None:
    embedding = encoder.encode(TEXTS)
    assert embedding.tokens.shape == (4, 1, encoder.width) == (4, 1, 8)
    assert not embedding.padding.any()
    model = encoder.model
    for row, text in enumerate(TEXTS):
        # By hand, without padding: what comes after the end token must not matter.
        words = [WORDS.index(word) for word in text.split()][:20]
        with torch.no_grad():
            states = model(input_ids=torch.tensor([[START, *words, END]])).last_hidden_state
            expected = states[0, -1] @ model.text_projection.weight.T
        torch.testing.assert_close(embedding.tokens[row, 0], expected, atol=1e-5, rtol=1e-5)


def test_both_packages_give_the_same(encoder: TransformersClipEncoder) -> None:
    openai = OpenAIClipEncoder(OpenAIClip(encoder.model), tokenize)
    assert openai.width == encoder.width
    assert torch.equal(openai.token_ids(TEXTS), encoder.token_ids(TEXTS))
    torch.testing.assert_close(openai.encode(TEXTS).tokens, encoder.encode(TEXTS).tokens)


def test_a_sentence_does_not_depend_on_its_company(
    encoder: TransformersClipEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = encoder.encode(TEXTS).tokens
    monkeypatch.setattr(module, "BATCH", 3)
    torch.testing.assert_close(encoder.encode(TEXTS).tokens, together)
    for row, text in enumerate(TEXTS):
        torch.testing.assert_close(encoder.encode([text]).tokens[0], together[row])
    assert encoder.encode([]).tokens.shape == (0, 1, 8)


def test_embeddings_are_float32_of_a_frozen_model_and_may_meet_gradients(
    encoder: TransformersClipEncoder,
) -> None:
    assert not encoder.model.training
    assert not any(p.requires_grad for p in encoder.model.parameters())
    tokens = encoder.encode(["a person"]).tokens
    assert tokens.dtype == torch.float32
    assert not tokens.is_inference()


def fake_package(load: Any) -> types.ModuleType:
    package = types.ModuleType("clip")
    package.__dict__.update(load=load, tokenize=tokenize)
    return package


def test_clip_package_comes_first_and_reads_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def load(name: str, **options: Any) -> tuple[nn.Module, None]:
        asked.append((name, options))
        return OpenAIClip(small_model()), None

    monkeypatch.setattr(module, "WIDTH", 8)
    monkeypatch.setitem(sys.modules, "clip", fake_package(load))
    weights = tmp_path / "ViT-B-32.pt"
    weights.touch()
    monkeypatch.setattr(module, "OPENAI_FILE", weights)  # fetched already
    assert isinstance(load_clip(), OpenAIClipEncoder)
    assert isinstance(load_clip(weights), OpenAIClipEncoder)
    usual = {"device": "cpu", "jit": False}
    assert asked == [("ViT-B/32", usual), (str(weights), usual)]
    assert isinstance(load_clip(folder), TransformersClipEncoder)


def test_failures_of_the_clip_package_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **options: Any) -> tuple[nn.Module, None]:
        raise RuntimeError("no network\nat all")

    monkeypatch.setitem(sys.modules, "clip", fake_package(load))
    monkeypatch.setattr(module, "OPENAI_FILE", tmp_path / "ViT-B-32.pt")
    monkeypatch.setattr(module, "answers", lambda url: False)
    with pytest.raises(
        ValueError, match=r"cannot be reached; give a folder of [^\n]*: --text-encoder FOLDER$"
    ):
        load_clip()
    monkeypatch.setattr(module, "answers", lambda url: True)
    with pytest.raises(
        ValueError, match=r"^CLIP ViT-B/32 cannot be loaded \(no network at all\); give [^\n]*$"
    ):
        load_clip()


def test_another_package_called_clip_is_not_mistaken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clip", types.ModuleType("clip"))
    weights = tmp_path / "ViT-B-32.pt"
    weights.touch()
    with pytest.raises(ImportError, match=r"is for OpenAI.s package: pip install git"):
        load_clip(weights)


def test_local_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="embeds in 8 numbers, not 512"):
        load_clip(folder)
    with pytest.raises(
        ValueError, match=r"folder .* does not exist; .*hf download openai/clip-vit-base-patch32"
    ):
        load_clip(tmp_path / "nowhere")
    monkeypatch.setattr(module, "WIDTH", 8)
    expected = TransformersClipEncoder(small_model(), small_tokenizer()).encode(TEXTS)
    torch.testing.assert_close(load_clip(folder).encode(TEXTS).tokens, expected.tokens)


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("transformers", "clip"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"^text encoder 'clip' needs .*pip install 'motioncollage\[clip\]'$"
    ):
        load_clip()
