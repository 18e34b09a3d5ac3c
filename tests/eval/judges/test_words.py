import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from paths import golden

from eval.judges.words import SPECIAL_WORDS, TAGS, WordVectoriser, load_plain_pickle

WORDS = ["unk", "sos", "eos", "a", "man", "walk", "left"]


def vectoriser() -> WordVectoriser:
    return WordVectoriser({w: i for i, w in enumerate(WORDS)}, np.arange(7.0)[:, None] * np.ones(300))


def write_release(folder: Path, words: object, rows: object) -> None:
    np.save(folder / "our_vab_data.npy", np.arange(7.0)[:, None] * np.ones(300))
    (folder / "our_vab_words.pkl").write_bytes(pickle.dumps(words))
    (folder / "our_vab_idx.pkl").write_bytes(pickle.dumps(rows))


def test_tags_and_special_words_are_the_official_ones() -> None:
    published = json.loads(golden("t2m_eval_fullsize_keys.json").read_text())
    assert {tag: i for i, tag in enumerate(TAGS)} == published["POS_enumerator"]
    assert {k: set(v) for k, v in SPECIAL_WORDS.items()} == {
        k: set(v) for k, v in published["VIP_dict"].items()
    }
    assert list(SPECIAL_WORDS) == list(published["VIP_dict"])


def test_a_sentence_is_framed_padded_and_measured() -> None:
    sentence = vectoriser().sentence(["a/DET", "man/NOUN", "walk/VERB", "left/ADJ"])
    assert sentence.vectors.shape == (22, 300)
    assert sentence.vectors[:, 0].tolist() == [1, 3, 4, 5, 6, 2] + [0] * 16
    tags = [TAGS[i] for i in sentence.tags.argmax(axis=1)]
    assert tags[:6] == ["OTHER", "DET", "NOUN", "Act_VIP", "Loc_VIP", "OTHER"]
    assert (sentence.tags.sum(axis=1) == 1).all()
    assert sentence.length == 6  # index of the end token + 1, not 22 (MDM issue 182)


def test_long_sentences_are_cut_at_twenty_words() -> None:
    sentence = vectoriser().sentence(["a/DET"] * 30)
    assert sentence.length == 22
    assert sentence.vectors[21, 0] == 2.0  # still ends with the end token


def test_unknown_words_and_tags() -> None:
    vector, tag = vectoriser().word("zebra/NOUN")
    assert vector[0] == 0.0
    assert TAGS[tag.argmax()] == "OTHER"
    assert TAGS[vectoriser().word("man/WHATEVER")[1].argmax()] == "OTHER"
    assert TAGS[vectoriser().word("and/or/NOUN")[1].argmax()] == "OTHER"  # a slash in the word
    with pytest.raises(ValueError, match="has no tag"):
        vectoriser().word("walk")


def test_the_release_is_read(tmp_path) -> None:
    write_release(tmp_path, WORDS, {w: i for i, w in enumerate(WORDS)})
    loaded = WordVectoriser.load(tmp_path)
    assert loaded.width == 300
    assert "walk" in loaded
    assert loaded.word("walk/VERB")[0][0] == 5.0


def test_missing_files_are_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"our_vab_data.npy is missing: GloVe vectors"):
        WordVectoriser.load(tmp_path)


def test_wrong_content_is_refused(tmp_path) -> None:
    rows = {w: i for i, w in enumerate(WORDS)}
    for words, idx, message in (
        ({"a": 1}, rows, "not a list of words"),
        (WORDS, WORDS, "not a dictionary"),
        ([*WORDS, "dog"], rows, "no row"),
        (WORDS, {**rows, "walk": 99}, "outside"),
        (["a"], rows, "lacks unk"),
    ):
        write_release(tmp_path, words, idx)
        with pytest.raises(ValueError, match=message):
            WordVectoriser.load(tmp_path)


class Attack:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_runs_code_is_refused(tmp_path) -> None:
    target = tmp_path / "made_by_the_pickle"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "evil.pkl").write_bytes(pickle.dumps([Attack(target)], protocol))
        with pytest.raises(ValueError, match="could run code"):
            load_plain_pickle(tmp_path / "evil.pkl")
        assert not target.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_survive(tmp_path, protocol) -> None:
    value = {"words": ["a", "b"], "rows": {"a": 1, "b": 2**40}, "more": (1.5, None, True)}
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(value, protocol))
    assert load_plain_pickle(tmp_path / "plain.pkl") == value


def test_damaged_pickles_are_refused(tmp_path) -> None:
    good = pickle.dumps({w: i for i, w in enumerate(WORDS)})
    for content in (b"", good[: len(good) // 2], b"not a pickle", b"\x80\x04K\x01"):
        (tmp_path / "bad.pkl").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad\.pkl"):
            load_plain_pickle(tmp_path / "bad.pkl")
