"""Sentences for clips as training tells them, and their embeddings, in memory or in a mapped file."""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.data.cache import Part, Progress, RowCache, Source, digest_of
from mdm_adapter.data.datasets import Clip
from mdm_adapter.models.text import TextEncoder

TEXTS_TOGETHER = 1024
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


def clip_texts(clips: Sequence[Clip], variants: int) -> list[list[str]]:
    """Sentences for each clip: its captions, `variants` other wordings of each, and its label as somebody would type it."""
    texts = [[v for c in clip.captions for v in caption_variants(c, count=variants)] for clip in clips]
    if not variants:
        return texts
    return [
        [*group, label_sentence(clip.action)] if clip.action else group
        for group, clip in zip(texts, clips, strict=True)
    ]


# Embeds texts: their tokens one behind the other [all, width], and how many each has [texts].
TextEmbedder = Callable[[TextEncoder, list[str]], tuple[Tensor, Tensor]]


def embed_texts(encoder: TextEncoder, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Tokens of all texts [all, width] and how many each has [texts]: padded together they would take many times the room."""
    tokens, counts = [], []
    for first in range(0, len(texts), TEXTS_TOGETHER):
        embedding = encoder.encode(texts[first : first + TEXTS_TOGETHER])
        present = ~embedding.padding
        tokens.append(embedding.tokens[present])
        counts.append(present.sum(dim=1))
    return torch.cat(tokens), torch.cat(counts)


def kept_texts(cache: Path, name: str, kind: str, progress: Progress | None = None) -> TextEmbedder:
    """`embed_texts` in a mapped file of a cache.

    Args:
        kind: of the encoder.
        progress: called with portions of texts done and their number.
    """

    def embed(encoder: TextEncoder, texts: list[str]) -> tuple[Tensor, Tensor]:
        # An encoder is known by what it says.
        probe = encoder.encode(texts[:1]).tokens.double().mul(100).round().tolist()

        def source(some: list[str]) -> Source:
            def make() -> tuple[list[Part], dict[str, str]]:
                tokens, counts = embed_texts(encoder, some)
                return [Part(tokens, {"counts": counts.tolist()})], {}

            return Source(lambda: digest_of(kind, probe, some), make)

        sources = [
            source(texts[first : first + TEXTS_TOGETHER]) for first in range(0, len(texts), TEXTS_TOGETHER)
        ]
        kept, mapped = RowCache(cache, name, encoder.width).fill(sources, progress)
        return mapped.rows, torch.tensor([count for one in kept for count in one.parts[0].about["counts"]])

    return embed
