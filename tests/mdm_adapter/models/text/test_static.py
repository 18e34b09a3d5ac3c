"""The bundled text encoder, and the choice between encoders."""

from pathlib import Path

import pytest
import torch

from mdm_adapter.models.mdm.network import TEXT_WIDTHS
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.text.protocol import sentence_embedding
from mdm_adapter.models.text.static import StaticTextEncoder


@pytest.fixture(scope="module")
def encoder() -> StaticTextEncoder:
    return StaticTextEncoder.bundled()


def cosine(encoder: StaticTextEncoder, a: str, b: str) -> float:
    tokens = encoder.encode([a, b]).tokens[:, 0]
    return float(torch.nn.functional.cosine_similarity(tokens[0], tokens[1], dim=0))


def test_one_token_of_fixed_length_per_sentence(encoder: StaticTextEncoder) -> None:
    assert encoder.width == TEXT_WIDTHS["static"]
    embedding = encoder.encode(["a person walks.", "someone waves the left hand"])
    assert embedding.tokens.shape == (2, 1, encoder.width)
    assert embedding.tokens.dtype == torch.float32
    assert embedding.padding.shape == (2, 1)
    assert not embedding.padding.any()
    torch.testing.assert_close(embedding.tokens.norm(dim=-1), torch.full((2, 1), encoder.width**0.5))


def test_a_sentence_does_not_depend_on_its_company_or_case(encoder: StaticTextEncoder) -> None:
    alone = encoder.encode(["a person bows."]).tokens[0]
    among = encoder.encode(
        ["x", "A Person BOWS.", "a very much longer sentence about something else"]
    ).tokens[1]
    assert torch.equal(alone, among)


def test_sides_and_actions_are_told_apart(encoder: StaticTextEncoder) -> None:
    sides = cosine(encoder, "a person raises the left hand", "a person raises the right hand")
    subjects = cosine(encoder, "a person raises the left hand", "someone raises the left hand")
    assert sides < 0.8 < subjects
    assert cosine(encoder, "a person walks", "a person is walking") > cosine(
        encoder, "a person walks", "a man punches"
    )


def test_text_without_known_words_is_finite(encoder: StaticTextEncoder) -> None:
    assert torch.isfinite(encoder.encode(["", " ", "\U0001f57a", "行く"]).tokens).all()


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no static text model in .*; expected model\.safetensors"):
        StaticTextEncoder(tmp_path)


def test_a_sentence_is_one_token() -> None:
    embedding = sentence_embedding(torch.arange(6.0).reshape(3, 2))
    assert torch.equal(embedding.tokens, torch.arange(6.0).reshape(3, 1, 2))
    assert not embedding.padding.any()


def test_encoders_by_name() -> None:
    assert isinstance(load_text_encoder("static"), StaticTextEncoder)
    with pytest.raises(
        ValueError, match="'t5' is unknown; choose one of bert, clip, llm2vec, ordered, static"
    ):
        load_text_encoder("t5")
