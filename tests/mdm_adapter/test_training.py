"""The denoiser's batches and losses, on clips that are formulas and a network of one layer."""

import copy
import math
import signal
import zlib
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from mdm_adapter.data.datasets import Clip, Dataset
from mdm_adapter.data.passages import Transition
from mdm_adapter.data.sentences import caption_variants, label_sentence
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text.protocol import TextEmbedding, sentence_embedding
from mdm_adapter.representation import features as representation
from mdm_adapter.representation.normalisation import Normalisation
from mdm_adapter.training import (
    BUCKETS,
    ClipBatches,
    DenoiserObjective,
    DenoiserTraining,
    prepare,
)
from motioncollage.sampling.schedules import VPSchedule
from motioncollage.training import Trainer, TrainingSettings, step_generator

CPU = torch.device("cpu")
CONFIG = NetworkConfig(
    text_encoder_type="static",
    layers=1,
    latent_dim=16,
    mask_frames=True,
    diffusion_steps=50,
    pos_embed_max_len=256,
)
SETTINGS = DenoiserTraining(batch_size=6)


class HashEncoder:
    """A random vector for every sentence, always the same."""

    width = 192

    def encode(self, texts: list[str]) -> TextEmbedding:
        seeds = [zlib.crc32(text.encode()) for text in texts]
        rows = [torch.randn(self.width, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return sentence_embedding(torch.stack(rows))


@pytest.fixture(scope="module")
def clips() -> tuple[Clip, ...]:
    """Three walks, a run and a kick of 181 to 44 frames."""
    motions = {}
    for name in ("walk", "run", "cmu06"):
        with np.load(golden(f"hml_clip_{name}.npz")) as archive:
            motions[name] = torch.from_numpy(archive["features"])
    walks = [
        Clip(f"walk{i}", motions["walk"][i:], ("a person walks.", "he walks."), "walk") for i in range(3)
    ]
    return (
        *walks,
        Clip("run", motions["run"], ("a man runs.",), "run"),
        Clip("kick", motions["cmu06"], ("a kick.",)),
    )


@pytest.fixture(scope="module")
def normalisation(clips: tuple[Clip, ...]) -> Normalisation:
    return Normalisation.measure([clip.features for clip in clips])


@pytest.fixture(scope="module")
def batches(clips: tuple[Clip, ...], normalisation: Normalisation) -> ClipBatches:
    return ClipBatches(clips, normalisation, HashEncoder(), SETTINGS, device=CPU)


@pytest.fixture(scope="module")
def objective(
    batches: ClipBatches, clips: tuple[Clip, ...], normalisation: Normalisation
) -> DenoiserObjective:
    held_out = ClipBatches(clips[3:], normalisation, HashEncoder(), SETTINGS, device=CPU, variants=0)
    return DenoiserObjective(CONFIG, batches, held_out, normalisation, SETTINGS, seed=0, device=CPU)


def test_caption_variants_change_the_subject_only() -> None:
    caption = "a person raises the left hand and lowers the right leg over the box."
    variants = caption_variants(caption, count=40, seed=3)
    assert variants[0] == caption
    assert variants == caption_variants(caption, count=40, seed=3)
    assert 5 < len(variants) == len(set(variants)) <= 41
    for variant in variants[1:]:
        subject, _, rest = variant.partition(" raises ")
        assert subject in (
            "a person",
            "someone",
            "a man",
            "a woman",
            "the character",
            "he",
            "she",
            "the person",
        )
        owner = rest.split()[0]
        assert rest == f"{owner} left hand and lowers {owner} right leg over the box."
        assert owner == "her" if subject in ("a woman", "she") else owner in ("his", "their", "the")


def test_caption_variants_leave_other_beginnings_alone() -> None:
    assert caption_variants("walking in circles", count=5) == ["walking in circles"]
    assert caption_variants("a man walks", count=0) == ["a man walks"]
    assert caption_variants("the person's left arm goes up", count=5) == ["the person's left arm goes up"]
    assert all(
        v.endswith(" walks to a woman") for v in caption_variants("the figure walks to a woman", count=9)
    )


def test_batches_are_drawn_by_step_and_seed_alone(batches: ClipBatches) -> None:
    first = batches.batch(13, seed=4)
    batches.batch(2, seed=9)
    torch.manual_seed(123)
    assert batches.batch(13, seed=4) == first
    assert batches.batch(14, seed=4) != first
    assert batches.batch(13, seed=5) != first
    assert batches.batch(13 + BUCKETS, seed=4) != first


def test_batches_share_out_one_draw_sorted_by_length(batches: ClipBatches) -> None:
    together = [batches.batch(step, seed=0) for step in range(BUCKETS)]
    assert all(len(crops) == SETTINGS.batch_size for crops in together)
    ranges = sorted((crops[0][2], crops[-1][2]) for crops in together)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))
    assert together != sorted(together, key=lambda crops: crops[0][2]), "batches must not come shortest first"


def test_crops_stay_inside_their_clips_and_keep_their_kinds(
    batches: ClipBatches, clips: tuple[Clip, ...]
) -> None:
    crops = batches.draw(20_000, torch.Generator().manual_seed(0))
    for clip, start, frames, caption, _ in crops:
        assert 0 <= start <= start + frames <= clips[clip].frames
        assert 8 <= frames <= 196
        assert caption in batches.captions[clip]
    walks = [crop for crop in crops if crop[0] < 3]
    # From 40 frames on a crop of these clips is a long one: at least 60 % of the clip.
    long = [crop for crop in walks if crop[2] > 40]
    short = [crop for crop in walks if crop[2] <= 40]
    assert min(crop[2] for crop in long) >= int(0.6 * 179)
    assert len(short) / len(walks) == pytest.approx(SETTINGS.short_crops, abs=0.02)
    for part, chance in ((short, SETTINGS.drop_text_short), (long, SETTINGS.drop_text_long)):
        assert sum(crop[4] for crop in part) / len(part) == pytest.approx(chance, abs=0.02)


def test_actions_are_balanced(batches: ClipBatches) -> None:
    drawn = Counter(crop[0] for crop in batches.draw(20_000, torch.Generator().manual_seed(1)))
    walk = sum(drawn[i] for i in range(3)) / drawn.total()
    # Three clips of walking count 3 ** 0.6, one clip of another action 1.
    assert walk == pytest.approx(3**SETTINGS.balance / (3**SETTINGS.balance + 2), abs=0.02)


def test_gather_crops_normalised_frames_and_pads_with_zeros(
    batches: ClipBatches, clips: tuple[Clip, ...], normalisation: Normalisation
) -> None:
    last = clips[4].frames - 8
    motion, mask = batches.gather([(1, 30, 12, 0, False), (4, last, 8, 0, True)])
    assert motion.shape == (2, 12, 263)
    assert mask.sum(dim=1).tolist() == [12, 8]
    torch.testing.assert_close(motion[0], normalisation.apply(clips[1].features[30:42]))
    torch.testing.assert_close(motion[1, :8], normalisation.apply(clips[4].features[last:]))
    assert motion[1, 8:].abs().max() == 0


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("crawl-forward", "a person crawls forward."),
        ("kick-roundhouse-left", "a person kicks roundhouse left."),
        ("jumping-jacks", "a person does jumping jacks."),
        ("carry-box", "a person carries box."),
    ],
)
def test_labels_are_wordings_too(action: str, sentence: str) -> None:
    assert label_sentence(action) == sentence


def crop_pair(batches: ClipBatches) -> tuple[Tensor, Tensor]:
    return batches.gather([(0, 10, 30, 0, False), (3, 0, 20, 0, False)])


def test_perfect_prediction_costs_only_sliding_feet(
    objective: DenoiserObjective, batches: ClipBatches
) -> None:
    clean, mask = crop_pair(batches)
    losses = objective._losses(clean, clean, mask)
    assert {name: float(value) for name, value in losses.items() if name != "contact"} == {
        "clean": 0.0, "difference": 0.0, "joint_velocity": 0.0, "heading": 0.0, "path": 0.0,
    }  # fmt: skip
    assert 0 <= float(losses["contact"]) < 0.5


def test_losses_ignore_padding(objective: DenoiserObjective, batches: ClipBatches) -> None:
    clean, mask = crop_pair(batches)
    predicted = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    spoilt = torch.where(mask[..., None], predicted, 50.0)
    for name, value in objective._losses(predicted, clean, mask).items():
        torch.testing.assert_close(value, objective._losses(spoilt, clean, mask)[name], msg=name)


def test_losses_are_the_means_that_a_loop_computes(
    objective: DenoiserObjective, batches: ClipBatches, normalisation: Normalisation
) -> None:
    clean, mask = crop_pair(batches)
    predicted = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(263)
    weight[:4], weight[67:193] = SETTINGS.root_weight, SETTINGS.rotation_weight
    weight = weight / weight.mean()
    scale = normalisation.std[193:259].mean()
    sums = dict.fromkeys(("clean", "difference", "joint_velocity", "contact"), 0.0)
    pairs = 0
    for sample, length in enumerate(mask.sum(dim=1).tolist()):
        p, c = predicted[sample, :length], clean[sample, :length]
        raw_p, raw_c = normalisation.undo(p), normalisation.undo(c)
        ours, theirs = (
            representation.joint_velocities(raw_p) / scale,
            representation.joint_velocities(raw_c) / scale,
        )
        pairs += length - 1
        sums["clean"] += float(((p - c).square() * weight).sum()) / 263
        sums["difference"] += float((((p - c)[1:] - (p - c)[:-1]).square() * weight).sum()) / 263
        sums["joint_velocity"] += float((ours - theirs).square().sum()) / 66
        still = raw_c[:-1, 259:] > 0.5
        sums["contact"] += float((ours[:, [7, 10, 8, 11]].square().sum(-1) * still).sum()) / 4
    losses = objective._losses(predicted, clean, mask)
    assert float(losses["clean"]) == pytest.approx(sums["clean"] / int(mask.sum()), rel=1e-4)
    assert float(losses["difference"]) == pytest.approx(
        SETTINGS.difference_weight * sums["difference"] / pairs, rel=1e-4
    )
    assert float(losses["joint_velocity"]) == pytest.approx(sums["joint_velocity"] / pairs, rel=1e-4)
    assert float(losses["contact"]) == pytest.approx(
        SETTINGS.contact_weight * sums["contact"] / pairs, rel=1e-4
    )


def test_standing_feet_that_move_cost(objective: DenoiserObjective, normalisation: Normalisation) -> None:
    # Nothing but contacts: every foot stands, no joint moves.
    still = torch.zeros(1, 10, 263)
    still[..., representation.CONTACTS] = 1.0
    clean, mask = normalisation.apply(still), torch.ones(1, 10, dtype=torch.bool)
    assert float(objective._losses(clean, clean, mask)["contact"]) < 1e-6
    sliding = still.clone()
    sliding[..., representation.PLANAR_VELOCITY] = 0.05
    assert float(objective._losses(normalisation.apply(sliding), clean, mask)["contact"]) > 0.1
    airborne = still.clone()
    airborne[..., representation.CONTACTS] = 0.0
    moved, free = normalisation.apply(sliding), normalisation.apply(airborne)
    assert float(objective._losses(moved, free, mask)["contact"]) == 0.0


def test_a_turn_too_small_costs_what_the_body_is_turned_too_little(
    objective: DenoiserObjective, normalisation: Normalisation
) -> None:
    """A steady turn and walk, of which a tenth is missing: the error grows with time, here to less than 1."""
    moving = torch.zeros(1, 60, 263)
    moving[..., 0], moving[..., 2] = 0.025, 0.05
    mask = torch.ones(1, 60, dtype=torch.bool)
    mask[:, 50:] = False
    slow = moving.clone()
    slow[..., :3] *= 0.9
    losses = objective._losses(normalisation.apply(slow), normalisation.apply(moving), mask)
    frames = torch.arange(1.0, 51.0)
    turned, walked = (0.005 * frames).square().mean() / 2, (0.005 * frames).square().mean() / 4
    assert float(losses["heading"]) == pytest.approx(SETTINGS.heading_weight * float(turned), rel=1e-3)
    assert float(losses["path"]) == pytest.approx(SETTINGS.path_weight * float(walked), rel=1e-3)


def test_terms_are_repeatable_and_reach_every_weight(objective: DenoiserObjective) -> None:
    torch.manual_seed(0)
    network = MDM(CONFIG, dropout=0.0).train()
    terms = objective.training_terms(network, 3, step_generator(0, 3))
    again = objective.training_terms(network, 3, step_generator(0, 3))
    assert set(terms) == {"clean", "difference", "joint_velocity", "contact", "heading", "path"}
    assert all(torch.equal(terms[name], again[name]) for name in terms)
    torch.stack(list(terms.values())).sum().backward()
    missing = [
        name for name, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()
    ]
    assert missing == []


def test_validation_is_the_same_at_every_call(objective: DenoiserObjective, batches: ClipBatches) -> None:
    torch.manual_seed(0)
    network = MDM(CONFIG).eval()
    value = objective.validation_loss(network)
    torch.manual_seed(5)
    assert objective.validation_loss(network) == value > 0
    without = DenoiserObjective(CONFIG, batches, None, objective.normalisation, SETTINGS, seed=0, device=CPU)
    assert np.isnan(without.validation_loss(network))


def test_training_lowers_the_loss_and_resumes(
    tmp_path: Path, clips: tuple[Clip, ...], normalisation: Normalisation
) -> None:
    data = Dataset(clips)
    plan = TrainingSettings(steps=24, learning_rate=3e-3, warmup=2, validate_every=12, precision="float32")
    settings = replace(SETTINGS, dropout=0.1)

    def trainer(name: str, seed: int = 0) -> Trainer:
        model, objective = prepare(
            data, data, HashEncoder(), CONFIG, settings, normalisation, seed=seed, device=CPU
        )
        objective.seed = 0
        return Trainer(model, objective, plan, checkpoint=tmp_path / name)

    def stop(step: int, figures: dict[str, float]) -> None:
        if step == 9:
            signal.raise_signal(signal.SIGINT)

    whole = trainer("whole.pt")
    before = whole.objective.validation_loss(whole.average)
    whole.run()
    assert whole.objective.validation_loss(whole.average) < 0.9 * before
    assert trainer("parts.pt").run(stop) == 9
    resumed = trainer("parts.pt", seed=1)
    resumed.run()
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name


def test_crops_of_passages_hold_what_collages_meet(
    clips: tuple[Clip, ...], normalisation: Normalisation
) -> None:
    passages = [
        Transition(torch.full((50, 263), 5.0), seam=30, before=0, after=1),
        Transition(torch.full((90, 263), 7.0), seam=40, before=1, after=0),
    ]
    settings = replace(SETTINGS, transitions=1.0, drop_text_long=0.0)
    batches = ClipBatches(clips, normalisation, HashEncoder(), settings, device=CPU, transitions=passages)
    short = long = 0
    for number, start, frames, caption, dropped in batches.draw(400, torch.Generator().manual_seed(0)):
        passage = passages[number - len(clips)]
        end = start + frames
        assert 0 <= start < end <= len(passage.features)
        if dropped:
            short += 1
            assert start <= passage.seam <= end
            assert frames <= settings.short_frames[1]
            continue
        long += 1
        # One clip whole, under its own text, and the other up to the reach.
        cases = [
            (start == 0, end - passage.seam, passage.before),
            (end == len(passage.features), passage.seam - start, passage.after),
        ]
        assert any(
            whole and beyond <= settings.reach and caption in batches.captions[clip]
            for whole, beyond, clip in cases
        )
    assert short > 50
    assert long > 50
    crops = batches.draw(8, torch.Generator().manual_seed(0))
    motion, mask = batches.gather(crops)
    shown = normalisation.undo(motion)[mask]
    assert set(shown.round().flatten().tolist()) <= {5.0, 7.0}


def test_noise_levels_count_by_their_signal(objective: DenoiserObjective) -> None:
    """On average 1, flat above the limit and below the floor, the square root of the signal-to-noise ratio between."""
    importance = objective.importance.double()
    assert float(importance.mean()) == pytest.approx(1.0, abs=1e-5)
    ratio = objective.schedule.alphas_cumprod / (1 - objective.schedule.alphas_cumprod)
    loud = (ratio < SETTINGS.snr_limit) & (ratio > SETTINGS.snr_floor)
    assert importance[ratio >= SETTINGS.snr_limit].std() < 1e-6
    assert importance[ratio <= SETTINGS.snr_floor].std() < 1e-6
    constant = importance[loud] / ratio[loud].sqrt()
    torch.testing.assert_close(constant, constant.mean().expand_as(constant), rtol=1e-5, atol=0)
    clean = torch.zeros(2, 6, 263)
    mask = torch.ones(2, 6, dtype=torch.bool)
    weights = torch.tensor([3.0, 0.0])
    weighed = objective._losses(clean + 1, clean, mask, weights)["clean"]
    torch.testing.assert_close(weighed, 1.5 * objective._losses(clean + 1, clean, mask)["clean"])


def test_half_of_the_levels_fall_where_it_is_decided_what_happens(objective: DenoiserObjective) -> None:
    fine = copy.copy(objective)
    fine.config = replace(objective.config, diffusion_steps=1000)
    signal = VPSchedule.named("cosine", 1000).alphas_cumprod
    fine.log_ratios = -0.5 * (signal / (1 - signal)).log()
    ratios = fine.log_ratios.exp()
    drawn = ratios[fine.draw_levels(8000, torch.Generator().manual_seed(0))]
    low, high = SETTINGS.decisive_ratios

    def share(values: torch.Tensor) -> float:
        return float(((values >= low) & (values <= 1.2 * high)).double().mean())

    assert share(drawn) == pytest.approx(
        SETTINGS.decisive + (1 - SETTINGS.decisive) * share(ratios), abs=0.03
    )
    # Evenly in the logarithm: as many in each third of it, but for the few uniform ones.
    edges = torch.logspace(math.log10(low), math.log10(high), 4, dtype=torch.float64)
    counts = [float(((drawn >= a) & (drawn < b)).double().mean()) for a, b in zip(edges, edges[1:])]
    assert max(counts) - min(counts) < 0.12
