"""Embeddings in a file: there and back, adding to it, and files of strangers."""

import json
from pathlib import Path

import pytest
import torch
from kimodo_toys import ToyEncoder
from safetensors.torch import save_file

from mdm_adapter.models.kimodo.text import (
    CachedEncoder,
    embed_sentences,
    read_embeddings,
    write_embeddings,
)
from mdm_adapter.models.text.cached import FORMAT

PROMPTS = ("a man walks", "He waves.", "a man  walks", "")


def test_there_and_back(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    made = embed_sentences(PROMPTS, encoder, name="toy")
    assert encoder.asked == ["A man walks.", "He waves."]
    path = tmp_path / "sentences.safetensors"
    write_embeddings(path, made, force=False)
    found = read_embeddings(path)
    assert (found.encoder, found.width, len(found)) == ("toy", 8, 2)
    assert "He waves." in found
    texts = ["He waves.", "A man walks.", "He waves."]
    mine, theirs = found.encode(texts), encoder.encode(texts)
    assert torch.equal(mine.tokens, theirs.tokens)
    assert torch.equal(mine.padding, theirs.padding)
    assert found.encode([]).tokens.shape == (0, 1, 8)
    with pytest.raises(FileExistsError):
        write_embeddings(path, made, force=False)


def test_only_what_is_missing_is_embedded() -> None:
    encoder = ToyEncoder()
    known = embed_sentences(PROMPTS, encoder, name="toy")
    encoder.asked.clear()
    more = embed_sentences(["he bows", "a man walks"], encoder, name="toy", known=known)
    assert encoder.asked == ["He bows."]
    assert len(more) == 3
    with pytest.raises(ValueError, match=r"are of toy \(8 numbers\), not other \(8\); use another file"):
        embed_sentences(["he bows"], encoder, name="other", known=known)


def test_sentences_of_several_tokens(tmp_path: Path) -> None:
    rows = {"One.": torch.ones(1, 4), "Three.": torch.arange(12.0).reshape(3, 4)}
    path = tmp_path / "some.safetensors"
    write_embeddings(path, CachedEncoder(rows, encoder="e", width=4), force=False)
    found = read_embeddings(path).encode(["One.", "Three."])
    assert found.padding.tolist() == [[False, True, True], [False] * 3]
    assert torch.equal(found.tokens[0, 1:], torch.zeros(2, 4))
    assert torch.equal(found.tokens[1], rows["Three."])


def test_what_is_missing_is_said() -> None:
    made = embed_sentences(["a man walks forward"], ToyEncoder(), name="toy")
    with pytest.raises(
        ValueError, match=r"2 sentences have no embedding, such as 'A man walks backward.'; the nearest"
    ):
        made.encode(["A man walks backward.", "A man walks forward.", "Xyz."])
    with pytest.raises(ValueError, match="no sentences to write"):
        write_embeddings("nowhere", embed_sentences([""], ToyEncoder(), name="toy"), force=False)


GOOD = {"format": FORMAT, "version": "1", "encoder": "e", "sentences": json.dumps(["One.", "Two."])}


@pytest.mark.parametrize(
    ("about", "tensors", "message"),
    [
        ({"format": "other"}, {}, "holds no text embeddings of this version"),
        ({"version": "2"}, {}, "holds no text embeddings of this version"),
        ({"sentences": "["}, {}, "is damaged"),
        ({"sentences": "[1, 2]"}, {}, "has no list of sentences"),
        ({"sentences": '["One.", "One."]'}, {}, "or some twice"),
        ({"sentences": '["One."]'}, {}, "for its sentences"),
        ({}, {"tokens": torch.zeros(2, 3, 4)}, r"tokens of shape \[2, 3, 4\]"),
        ({}, {"lengths": torch.tensor([1, 2])}, "tokens that do not fit its sentences"),
        ({}, {"lengths": torch.tensor([2, 0])}, "no or too many tokens"),
        ({}, {"lengths": torch.tensor([1.0, 1.0])}, "no or too many tokens"),
        ({}, {"tokens": torch.full((2, 4), torch.inf)}, "tokens that do not fit"),
        ({}, {"extra": torch.zeros(1)}, "not tokens and lengths"),
    ],
)
def test_files_of_strangers(
    tmp_path: Path, about: dict[str, str], tensors: dict[str, torch.Tensor], message: str
) -> None:
    path = tmp_path / "wrong.safetensors"
    save_file(
        {"tokens": torch.zeros(2, 4), "lengths": torch.tensor([1, 1]), **tensors},
        path,
        metadata={**GOOD, **about},
    )
    with pytest.raises(ValueError, match=message) as caught:
        read_embeddings(path)
    assert str(path) in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing do not exist; make it again where the text encoder runs"):
        read_embeddings(tmp_path / "nothing")
    path = tmp_path / "wrong"
    path.write_bytes(b"\x80\x04\x95")
    with pytest.raises(ValueError, match="is damaged or no safetensors file"):
        read_embeddings(path)
    with open(path, "wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="more than 4,294,967,296"):
        read_embeddings(path)
