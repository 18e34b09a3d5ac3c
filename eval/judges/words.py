"""Words for the official text encoder: GloVe vectors, a part-of-speech tag each, start, end and padding.

The release (`glove/`) is three files: `our_vab_data.npy` [V, 300], `our_vab_words.pkl` (V words) and
`our_vab_idx.pkl` (word -> row). A pickle is a program and may do anything when loaded, so they are read by an
unpickler that knows no function and no class: lists, dictionaries, strings and numbers need none, and
whatever else asks for one is refused.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from motioncollage.files import DAMAGE, check_file, load_numbers
from motioncollage.wording import reason

MAX_PICKLE_BYTES = 256 << 20
MAX_WORDS = 20
SEQUENCE_LENGTH = MAX_WORDS + 2  # with start and end
UNKNOWN, START, END = "unk/OTHER", "sos/OTHER", "eos/OTHER"
TAGS = (
    *("VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV"),
    *("Loc_VIP", "Body_VIP", "Obj_VIP", "Act_VIP", "Desc_VIP", "OTHER"),
)
# Words that matter in descriptions of motion have a tag of their own, whatever the sentence's grammar says.
_SPECIAL_WORDS = {
    "Loc_VIP": """left right clockwise counterclockwise anticlockwise forward back backward up down straight
        curve""",
    "Body_VIP": "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
    "Obj_VIP": "stair dumbbell chair window floor car ball handrail baseball basketball",
    "Act_VIP": """walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit
        lift lower raise wash stand kneel stroll rub bend balance flap jog shuffle lean rotate spin spread
        climb""",
    "Desc_VIP": "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
}
SPECIAL_WORDS: Mapping[str, tuple[str, ...]] = {
    tag: tuple(words.split()) for tag, words in _SPECIAL_WORDS.items()
}
_TAG_INDEX = {tag: index for index, tag in enumerate(TAGS)}
_SPECIAL_TAG = {word: tag for tag, words in SPECIAL_WORDS.items() for word in words}
VOCABULARY_FILES = {
    "our_vab_data.npy": "GloVe vectors, one row a word",
    "our_vab_words.pkl": "the list of words",
    "our_vab_idx.pkl": "the row of each word",
}


@dataclass(frozen=True)
class WordSequence:
    """A sentence: vectors [22, 300], one-hot tags [22, 15], length = index of the end token + 1."""

    vectors: npt.NDArray[np.float32]
    tags: npt.NDArray[np.float32]
    length: int


class WordVectoriser:
    """Tagged words -> vectors.

    Args:
        words: word -> row.
        vectors: [V, D].
    """

    def __init__(self, words: Mapping[str, int], vectors: npt.NDArray[np.floating[Any]]) -> None:
        if vectors.ndim != 2:
            raise ValueError(f"word vectors must be [V, D], they have shape {vectors.shape}")
        wrong = [word for word, row in words.items() if not 0 <= row < len(vectors)]
        if wrong:
            raise ValueError(
                f"{len(wrong)} words point outside the {len(vectors)} vectors, first {wrong[0]!r}"
            )
        missing = [word for word in ("unk", "sos", "eos") if word not in words]
        if missing:
            raise ValueError(f"the vocabulary lacks {', '.join(missing)}, which every sentence needs")
        self._words = dict(words)
        self._vectors = vectors.astype(np.float32)

    @property
    def width(self) -> int:
        return self._vectors.shape[1]

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def word(self, token: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """One token "word/TAG" -> vector [D] and one-hot tag [15].

        A word outside the vocabulary becomes "unk" and loses its tag; a word of `SPECIAL_WORDS` has that tag;
        a tag that the encoder does not know is OTHER.
        """
        word, slash, tag = token.rpartition("/")
        if not slash:
            raise ValueError(
                f"token {token!r} has no tag; the official evaluator reads tagged words as in "
                "HumanML3D's text files, e.g. 'walk/VERB'"
            )
        one_hot = np.zeros(len(TAGS), dtype=np.float32)
        row = self._words.get(word)
        if row is None:
            row, tag = self._words["unk"], "OTHER"
        one_hot[_TAG_INDEX.get(_SPECIAL_TAG.get(word, tag), _TAG_INDEX["OTHER"])] = 1.0
        return self._vectors[row], one_hot

    def sentence(self, tokens: Sequence[str]) -> WordSequence:
        """Tagged words -> a sequence of 22: start, at most 20 words, end, then padding with "unk".

        `length` ends at the end token. Using 22 for every sentence (MDM's issue 182) changes the scores.
        """
        framed = [START, *tokens[:MAX_WORDS], END]
        padded = framed + [UNKNOWN] * (SEQUENCE_LENGTH - len(framed))
        vectors, tags = zip(*(self.word(token) for token in padded))
        return WordSequence(np.stack(vectors), np.stack(tags), len(framed))

    @classmethod
    def load(cls, folder: Path) -> "WordVectoriser":
        """Read the official release.

        Args:
            folder: holds our_vab_data.npy, our_vab_words.pkl, our_vab_idx.pkl.
        """
        folder = Path(folder)
        for name, what in VOCABULARY_FILES.items():
            if not (folder / name).is_file():
                raise FileNotFoundError(
                    f"{folder / name} is missing: {what}. It belongs to the official evaluation files "
                    "(the folder glove/ of HumanML3D's release)"
                )
        vectors = load_numbers(folder / "our_vab_data.npy")
        words = load_plain_pickle(folder / "our_vab_words.pkl")
        rows = load_plain_pickle(folder / "our_vab_idx.pkl")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{folder / 'our_vab_words.pkl'} is not a list of words")
        if not isinstance(rows, dict) or not all(
            isinstance(k, str) and isinstance(v, int) for k, v in rows.items()
        ):
            raise ValueError(f"{folder / 'our_vab_idx.pkl'} is not a dictionary from words to row numbers")
        unknown = [word for word in words if word not in rows]
        if unknown:
            raise ValueError(
                f"{len(unknown)} words have no row in our_vab_idx.pkl, first {unknown[0]!r}: the "
                f"three files of {folder} do not belong together"
            )
        return cls({word: rows[word] for word in words}, vectors)


def load_plain_pickle(path: Path) -> object:
    """Read a pickle made of lists, tuples, sets, dictionaries, strings, bytes and numbers; refuse any other.

    Those types have opcodes of their own. Everything that can run code must first fetch a function or class
    by name, which is refused here whatever the name.
    """
    try:
        with open(check_file(path, most=MAX_PICKLE_BYTES), "rb") as file:
            return _PlainUnpickler(file).load()
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path}: {error}") from error
    except DAMAGE as error:
        # what a damaged pickle raises depends on where it is damaged
        raise ValueError(f"{path} is not a readable pickle ({reason(error)}); copy it again") from error


class _PlainUnpickler(pickle._Unpickler):
    """An unpickler without names: the one in Python, since that in C takes memory for numbers that a file makes up."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(
            f"asks for {module}.{name}; only plain lists, dictionaries, strings and numbers are read, "
            "because anything else could run code"
        )


def tagged_captions(path: Path, name: str) -> dict[str, str]:
    """Tagged words ("a/DET man/NOUN walk/VERB") of every caption of a clip in the HumanML3D layout that has them."""
    file = path / "texts" / f"{name}.txt"
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    parts = [line.strip().split("#") for line in lines]
    return {part[0].strip(): part[1] for part in parts if len(part) > 1 and part[1].strip()}
