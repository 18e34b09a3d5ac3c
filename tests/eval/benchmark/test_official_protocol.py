"""The official protocol: its draws, what it makes, the order in which it looks, and its figures by the published formulas."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import linalg

from eval.benchmark.making import Motions
from eval.benchmark.protocol import Bench, Texts, measure, protocol
from eval.benchmark.protocols.official import Pass
from eval.benchmark.reference import Entry, Reference, item_crops
from eval.benchmark.settings import BenchmarkSettings
from eval.judges.official import OfficialDims, OfficialEvaluator
from eval.judges.probes import embed_motions
from eval.judges.words import WordVectoriser

OFFICIAL = protocol("official")
SETTINGS = BenchmarkSettings(
    protocol="official", texts=None, repetitions=2, answer_texts=6, answers=4, answer_pairs=3, batch=8
)
WORDS = ("unk", "sos", "eos", "a", "man", "walk", "run", "jump")


@pytest.fixture(scope="module")
def judge() -> OfficialEvaluator:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    vectoriser = WordVectoriser({word: i for i, word in enumerate(WORDS)}, vectors)
    dims = OfficialDims(263, 8, 8, 8, 8, 5, 6, 15)
    return OfficialEvaluator(dims, np.full(263, 0.1), np.full(263, 0.5), vectoriser)


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Seventy items, of which two pools are used; every item has two captions."""
    rng = np.random.default_rng(1)
    motions = [
        torch.from_numpy(rng.normal(size=(n, 263)).astype(np.float32)) for n in rng.integers(40, 200, 70)
    ]
    texts = ("a/DET man/NOUN walk/VERB", "man/NOUN run/VERB", "jump/VERB")
    entries = tuple(
        Entry(f"{i}", (f"{i} first", f"{i} second"), (texts[i % 3], texts[(i + 1) % 3]), f"{i}", len(motion))
        for i, motion in enumerate(motions)
    )
    nothing = np.zeros((2, 5))
    return Reference(entries, np.zeros((70, 5)), nothing, np.zeros((2, 57)), {}, "test", tuple(motions))


class Numbers:
    fps, width = 20.0, 263

    def to_joints(self, features: torch.Tensor) -> torch.Tensor:
        return features[..., :66].reshape(*features.shape[:-1], 22, 3)


def bench(judge: OfficialEvaluator, reference: Reference, settings: BenchmarkSettings = SETTINGS) -> Bench:
    return Bench(settings, reference, Texts(reference, judge), judge, Numbers(), ())


def made(settings: BenchmarkSettings, reference: Reference, method: str = "short") -> list[Motions]:
    """Units as a model would leave them: noise of a motion's own seed."""
    drawn = OFFICIAL.draw(reference, settings, 0)
    found = []
    for unit in OFFICIAL.units(method, 0, drawn, reference, settings):
        motions = [
            noise(seed, min(sum(script.frames) + (4 if unit.window else 0), 196))
            for script, seed in zip(unit.scripts, unit.seeds)
        ]
        found.append(Motions(tuple(motions), (), 0.1))
    return found


def noise(seed: int, frames: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(196, 263)).astype(np.float32)[:frames]


def test_lengths_starts_and_captions_are_drawn_as_published() -> None:
    rng = np.random.default_rng(0)
    frames = np.repeat([40, 61, 199], 4000)
    lengths, starts = item_crops(frames, rng)
    for count, whole in ((40, 40), (61, 60), (199, 196)):
        of = lengths[frames == count]
        assert set(of) == {whole, whole - 4}
        assert (of == whole - 4).mean() == pytest.approx(1 / 3, abs=0.03)
    assert (starts >= 0).all()
    assert (starts + lengths <= frames).all()
    assert set(starts[(frames == 61) & (lengths == 60)]) == {0, 1}
    assert set(starts[(frames == 61) & (lengths == 56)]) == set(range(6))


def test_a_draw_is_whole_pools_and_depends_on_seed_and_repetition(reference: Reference) -> None:
    first, again, other = (OFFICIAL.draw(reference, SETTINGS, r) for r in (0, 0, 1))
    for part in (first.real, first.statistics, first.asked):
        assert len(part.items) == len(set(part.items)) == 64
        assert set(part.captions) == {0, 1}
    assert np.array_equal(first.asked.items, again.asked.items)
    assert not np.array_equal(first.asked.items, other.asked.items)
    assert not np.array_equal(first.real.items, first.statistics.items)
    assert len(set(first.again)) == 6
    fewer = OFFICIAL.draw(reference, replace(SETTINGS, texts=63), 0)
    assert len(fewer.asked.items) == 32
    assert len(fewer.real.items) == 64


def test_what_is_made(reference: Reference) -> None:
    drawn = OFFICIAL.draw(reference, SETTINGS, 0)
    for method, tail, window in (("short", "kept", 196), ("short", "zero", 0), ("collage", "kept", 0)):
        settings = replace(SETTINGS, tail=tail)
        units = OFFICIAL.units(method, 0, drawn, reference, settings)
        assert {unit.window for unit in units} == {window}
        assert max(len(unit.scripts) for unit in units) <= 8
        seeds = [seed for unit in units for seed in unit.seeds]
        assert len(seeds) == len(set(seeds)) == 64 + 6 * 3
        frames = {seed: script.frames[0] for unit in units for script, seed in zip(unit.scripts, unit.seeds)}
        longer = 4 if method == "collage" else 0
        for place, length in enumerate(drawn.asked.lengths):
            assert frames[place] == min(length + longer, 196)
        if not window:
            assert all(len({script.frames for script in unit.scripts}) == 1 for unit in units)
    assert OFFICIAL.units("real", 0, drawn, reference, SETTINGS) == []


def published(
    text: np.ndarray,
    motion: np.ndarray,
    real: np.ndarray,
    answers: np.ndarray | None,
    rng: np.random.Generator,
) -> dict[str, float]:
    """The published figures, by the formulas as published."""
    hits, trace = np.zeros(3), 0.0
    for first in range(0, len(text), 32):
        t, m = text[first : first + 32], motion[first : first + 32]
        distances = np.sqrt(np.maximum((t**2).sum(1)[:, None] + (m**2).sum(1)[None] - 2 * t @ m.T, 0))
        trace += distances.trace()
        ranks = np.argsort(distances, axis=1) == np.arange(32)[:, None]
        hits += [ranks[:, :k].any(axis=1).sum() for k in (1, 2, 3)]
    found = {f"r_precision_top{k}": hits[k - 1] / len(text) for k in (1, 2, 3)}
    found["multimodal_distance"] = trace / len(text)
    root = linalg.sqrtm(np.cov(real, rowvar=False) @ np.cov(motion, rowvar=False)).real
    spread = (
        np.trace(np.cov(real, rowvar=False)) + np.trace(np.cov(motion, rowvar=False)) - 2 * np.trace(root)
    )
    found["fid"] = ((real.mean(0) - motion.mean(0)) ** 2).sum() + spread
    pairs = min(300, len(motion))
    a, b = (rng.choice(len(motion), pairs, replace=False) for _ in range(2))
    found["diversity"] = linalg.norm(motion[a] - motion[b], axis=1).mean()
    if answers is not None:
        a, b = (rng.choice(answers.shape[1], SETTINGS.answer_pairs, replace=False) for _ in range(2))
        found["multimodality"] = linalg.norm(answers[:, a] - answers[:, b], axis=2).mean()
    return found


def crops(part: Pass, reference: Reference) -> list[torch.Tensor]:
    assert reference.motions is not None
    return [
        reference.motions[i][start : start + length]
        for i, start, length in zip(part.items, part.starts, part.lengths)
    ]


def words(part: Pass, reference: Reference, judge: OfficialEvaluator) -> np.ndarray:
    texts = [reference.entries[i].texts[k] for i, k in zip(part.items, part.captions)]
    return judge.embed_text(texts).double().numpy()


def test_the_real_row_is_the_published_one(judge: OfficialEvaluator, reference: Reference) -> None:
    drawn = OFFICIAL.draw(reference, SETTINGS, 0)
    found = {
        m.name: m.value
        for m in measure(OFFICIAL, OFFICIAL.evidence("real", [], drawn, bench(judge, reference)))
    }
    expected = published(
        words(drawn.real, reference, judge),
        embed_motions(judge, crops(drawn.real, reference)),
        embed_motions(judge, crops(drawn.statistics, reference)),
        None,
        np.random.default_rng([SETTINGS.seed, 7]),
    )
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("tail", ["kept", "zero"])
@pytest.mark.parametrize("method", ["short", "collage"])
def test_made_rows_are_measured_in_the_order_asked(
    judge: OfficialEvaluator, reference: Reference, method: str, tail: str
) -> None:
    settings = replace(SETTINGS, tail=tail)
    drawn = OFFICIAL.draw(reference, settings, 0)
    units = made(settings, reference, method)
    evidence = OFFICIAL.evidence(method, units, drawn, bench(judge, reference, settings))
    found = {m.name: m.value for m in measure(OFFICIAL, evidence)}
    lengths = drawn.asked.lengths
    several = [[row, *range(64 + 3 * i, 64 + 3 * i + 3)] for i, row in enumerate(drawn.again)]

    def seen(seeds: Sequence[int], counted: Sequence[int]) -> np.ndarray:
        """As published: the whole window normalised, then the encoder with the length."""
        result = []
        for seed, length in zip(seeds, counted):
            left = min(length + 4, 196) if tail == "kept" else length
            window = torch.zeros(1, 196, 263)
            window[0, :left] = (torch.from_numpy(noise(int(seed), left)) - judge.mean) / judge.std
            movements = judge.movement_encoder(window[..., :-4])
            result.append(judge.motion_encoder(movements, torch.tensor([length // 4])))
        return torch.cat(result).double().numpy()

    embedded = seen(range(64), lengths)
    answers = np.stack([seen(row, [lengths[row[0]]] * 4) for row in several])
    expected = published(
        words(drawn.asked, reference, judge), embedded, embed_motions(judge, crops(drawn.statistics, reference)),
        answers, np.random.default_rng([SETTINGS.seed, 7]),
    )  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-5)
    assert [len(motion) for motion in evidence.motions] == lengths.tolist()


def test_what_lies_behind_a_sample_is_seen_for_three_frames(judge: OfficialEvaluator) -> None:
    generator = torch.Generator().manual_seed(0)
    features, lengths = torch.randn(1, 80, 263, generator=generator), torch.tensor([60])
    plain = judge.embed_motion(features, lengths)
    for given, other in ((60, False), (61, True), (63, True)):
        embedded = judge.embed_left(features, lengths, torch.tensor([given]))
        assert torch.equal(embedded, plain) != other
    three, all_ = (judge.embed_left(features, lengths, torch.tensor([n])) for n in (63, 80))
    torch.testing.assert_close(three, all_, rtol=0, atol=0)


def test_bad_settings_are_refused(reference: Reference) -> None:
    with pytest.raises(ValueError, match="give 32 or more, or none for the whole test set"):
        OFFICIAL.check(replace(SETTINGS, texts=31))
    with pytest.raises(ValueError, match="tail is 'cut'"):
        replace(SETTINGS, tail="cut")
    with pytest.raises(ValueError, match="5 pairs of 4 answers"):
        replace(SETTINGS, answer_pairs=5)
    with pytest.raises(ValueError, match="needs the recordings: --benchmark humanml3d"):
        OFFICIAL.draw(replace(reference, motions=None), SETTINGS, 0)
    few = replace(reference, entries=reference.entries[:31])
    with pytest.raises(ValueError, match="31 usable items; a retrieval pool needs 32"):
        OFFICIAL.draw(few, SETTINGS, 0)


@pytest.mark.parametrize("name", ["long", "composition"])
def test_other_protocols_use_the_items_and_count_real_ones_once(
    judge: OfficialEvaluator, reference: Reference, name: str
) -> None:
    chosen, settings = protocol(name), BenchmarkSettings(protocol=name, texts=32, actions=3, crops=4)
    drawn = chosen.draw(reference, settings, 0)
    frames = np.array([[reference.entries[i].frames for i in row] for row in drawn.matches])
    assert set(np.unique(frames // 4 * 4 - drawn.crop_lengths)) == {0, 4}
    assert set(drawn.captions.flatten()) == {0, 1}
    embedded = replace(reference, embeddings=np.random.default_rng(0).normal(size=(70, 5)))
    evidence = chosen.evidence("real", [], drawn, bench(judge, embedded, settings))
    assert (
        len(np.unique(evidence.embedded, axis=0)) == len(evidence.embedded) == len(np.unique(drawn.matches))
    )
    assert {len(pool) for pool in evidence.pools} == {32}
