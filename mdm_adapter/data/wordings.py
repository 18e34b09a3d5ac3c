"""Other wordings of captions: who does it, and a label as a sentence."""

import random
import re

_SUBJECT = re.compile(r"^(a|the) (person|man|human|figure|woman)\b(?!')|^someone\b(?!')", re.IGNORECASE)
_SUBJECTS = ("a person", "someone", "a man", "a woman", "the character", "he", "she", "the person")


def caption_variants(caption: str, *, count: int, seed: int = 0) -> list[str]:
    """The caption and up to `count` others that differ in subject and possessive only."""
    chooser = random.Random(f"{seed}:{caption}")
    variants = [caption]
    for _ in range(count):
        subject = chooser.choice(_SUBJECTS)
        variant = _SUBJECT.sub(subject, caption, count=1)
        owner = "her" if subject in ("a woman", "she") else chooser.choice(("his", "their", "the"))
        variants.append(re.sub(r"\bthe (left|right)\b(?= (hand|arm|leg|foot))", rf"{owner} \1", variant))
    return list(dict.fromkeys(variants))


def label_sentence(action: str) -> str:
    """A label as somebody would type it: "kick-front" becomes "a person kicks front", "jumping-jacks" "... does jumping jacks".

    Recordings of a rare action come with one or two wordings; "a person crawls forward" was none of them, and walked.
    """
    from lemminflect import getAllLemmas, getInflection  # large, and only labels need it

    first, *others = action.split("-")
    if first not in getAllLemmas(first).get("VERB", ()):
        return " ".join(("a person does", first, *others)) + "."
    return " ".join(("a person", *getInflection(first, "VBZ")[:1], *others)) + "."
