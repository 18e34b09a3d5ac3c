"""Training a motion denoiser: balanced random crops, text dropout and the losses that keep motion smooth and feet still."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mdm_adapter.data.datasets import Clip, Dataset
from mdm_adapter.data.passages import Transition
from mdm_adapter.data.sentences import TextEmbedder, clip_texts, embed_texts
from mdm_adapter.models.mdm.checkpoint import Network, build_network, save_model
from mdm_adapter.models.mdm.network import NetworkConfig
from mdm_adapter.models.text import TextEncoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.memory import check_fits
from motioncollage.processes import ALONE, Processes
from motioncollage.sampling.schedules import VPSchedule
from motioncollage.sequences import Sequences
from motioncollage.training import Trainer, normal_like

Crop = tuple[int, int, int, int, bool]  # clip, start, frames, caption, text dropped

BUCKETS = 8  # batches drawn together and sorted by length, so that little is padding


@dataclass(frozen=True)
class DenoiserTraining:
    """What a batch holds and what is minimised.

    Overlaps are short and mostly carry the null token, pieces are long and mostly carry text: both kinds of crop
    are drawn, each with its own chance to lose its text.
    """

    batch_size: int = 48
    balance: float = 0.15  # an action of n clips is drawn in proportion to n ** balance
    short_crops: float = 0.4
    short_frames: tuple[int, int] = (8, 40)
    long_frames: tuple[int, int] = (40, 196)
    whole: float = 0.5  # share of long crops that are the whole clip: a kick cut off is standing still
    whole_part: float = 0.6  # the others keep at least this part of a clip
    transitions: float = 0.3  # share of crops that hold a made-up passage between two clips, if there are any
    reach: int = 20  # frames beyond such a passage's seam that a crop under one clip's text may go
    drop_text_short: float = 0.5
    drop_text_long: float = 0.1
    text_noise: float = 0.15  # relative to the embedding: neighbours of a caption mean the same motion
    # Which action happens is decided where noise is 3 to 300 times the signal (motion is redundant: 263 correlated
    # numbers a frame). Uniform levels put a tenth of the samples there; this share of them is drawn there, evenly in
    # the logarithm (after the shifted schedules of Hoogeboom et al. 2023 and Esser et al. 2024).
    decisive: float = 0.5
    decisive_ratios: tuple[float, float] = (3.0, 300.0)
    # A noise level counts as clamp(SNR, floor, limit) ** power (after min-SNR, Hang et al. 2023). Alike, the noisiest
    # levels, where the clean motion can only be guessed, drown those that decide how a wave swings.
    snr_floor: float = 0.1
    snr_limit: float = 5.0
    snr_power: float = 0.5
    difference_weight: float = 3.0  # squared error of first differences over time
    joint_velocity_weight: float = 1.0
    contact_weight: float = 2.0
    # Where a body faces and stands is the sum of small numbers: a network that makes each a fifth too small is hardly
    # wrong in any frame, and turns by 140 degrees instead of 180.
    heading_weight: float = 4.0
    path_weight: float = 3.0
    root_weight: float = 4.0  # the four root numbers decide where the body goes
    rotation_weight: float = 0.5  # positions, not rotations, make the joints that are written
    dropout: float = (
        0.0  # noise, crops, mirroring and averaging regularise enough; dropout costs a fifth of the time
    )


def balanced_chances(clips: Sequence[Clip], balance: float) -> Tensor:
    """Chance of each clip [clips], not normalised: an action of n clips is drawn in proportion to n ** balance."""
    actions = [clip.action or clip.captions[0] for clip in clips]
    sizes = Counter(actions)
    return torch.tensor([sizes[action] ** (balance - 1.0) for action in actions])


class ClipBatches:
    """Crops of clips drawn by step number alone: in memory, in a mapped file, or on a GPU."""

    def __init__(
        self, clips: tuple[Clip, ...], normalisation: Normalisation, encoder: TextEncoder, settings: DenoiserTraining,
        *, device: torch.device, variants: int = 2, transitions: Sequence[Transition] = (),
        release: Callable[[], None] | None = None, embedding: TextEmbedder = embed_texts,
        processes: Processes = ALONE,
    ) -> None:  # fmt: skip
        """Args:
        release: gives the memory of mapped clips back (`Dataset.release`).
        embedding: what has all the texts embedded.
        processes: that share every batch.
        """
        self.settings, self.device, self.transitions, self.processes = (
            settings,
            device,
            transitions,
            processes,
        )
        motions = [clip.features for clip in clips] + [passage.features for passage in transitions]
        self.clips = len(clips)
        self.motions = Sequences(motions, device, prepare=normalisation.apply, release=release)
        self.lengths, self.starts = self.motions.lengths, self.motions.starts
        self.chances = balanced_chances(clips, settings.balance)
        texts = clip_texts(clips, variants)
        distinct = {text: i for i, text in enumerate(dict.fromkeys(t for group in texts for t in group))}
        self.texts = Sequences.of_rows(*embedding(encoder, list(distinct)), device)
        self.text_starts = torch.tensor(self.texts.starts, device=device)
        self.text_lengths = self.texts.lengths.to(device)
        self.longest_text = int(self.texts.lengths.max())
        self.captions = [[distinct[text] for text in group] for group in texts]
        self.drawn: tuple[tuple[int, int], list[list[Crop]]] = ((-1, -1), [])

    def draw(self, size: int, generator: torch.Generator) -> list[Crop]:
        """`size` crops (clip, start, frames, caption, text dropped)."""
        s = self.settings
        chosen = torch.multinomial(self.chances, size, replacement=True, generator=generator).tolist()
        uniform = torch.rand(size, 8, generator=generator).tolist()
        crops = []
        for clip, (kind, length, place, caption, drop, passage, which, whole) in zip(
            chosen, uniform, strict=True
        ):
            short = kind < s.short_crops
            if self.transitions and passage < s.transitions:
                number = int(which * len(self.transitions))
                crops.append(self._passage(number, length, place, caption, drop, short=short))
                continue
            total = int(self.lengths[clip])
            low, high = s.short_frames if short else s.long_frames
            if not short:
                low = min(high, total if whole < s.whole else max(low, int(s.whole_part * total)))
            frames = min(total, low + int(length * (high - low + 1)))
            start = int(place * (total - frames + 1))
            dropped = drop < (s.drop_text_short if short else s.drop_text_long)
            captions = self.captions[clip]
            crops.append((clip, start, frames, captions[int(caption * len(captions))], dropped))
        return crops

    def _passage(
        self, number: int, length: float, place: float, caption: float, drop: float, *, short: bool
    ) -> Crop:
        """A crop of a passage: short ones hold the seam and no text, as overlaps do; long ones one clip and some beyond."""
        s, passage = self.settings, self.transitions[number]
        total = len(passage.features)
        if short:
            frames = min(total, s.short_frames[0] + int(length * (s.short_frames[1] - s.short_frames[0] + 1)))
            # The seam falls on any frame of the crop.
            start = min(max(0, passage.seam - int(place * frames)), total - frames)
            return self.clips + number, start, frames, self.captions[passage.before][0], True
        beyond = int(length * (s.reach + 1))
        if place < 0.5:
            start, end, clip = 0, min(total, passage.seam + beyond), passage.before
        else:
            start, end, clip = max(0, passage.seam - beyond), total, passage.after
        captions = self.captions[clip]
        text = captions[int(caption * len(captions))]
        return self.clips + number, start, min(end - start, s.long_frames[1]), text, drop < s.drop_text_long

    def batch(self, step: int, seed: int) -> list[Crop]:
        """The crops of one step, of all processes: the step's share of `BUCKETS` batches sorted by length."""
        key = (seed, step // BUCKETS)
        if self.drawn[0] != key:
            # The CPU generator reads the low 32 bits of its seed only.
            generator = torch.Generator().manual_seed((seed * 0x85EBCA6B + step // BUCKETS) % (1 << 32))
            size = self.settings.batch_size * self.processes.count
            crops = sorted(self.draw(size * BUCKETS, generator), key=lambda crop: crop[2])
            order = torch.randperm(BUCKETS, generator=generator).tolist()
            self.drawn = key, [crops[first * size : (first + 1) * size] for first in order]
        return self.drawn[1][step % BUCKETS]

    def rows(self, crops: list[Crop], levels: Tensor) -> Tensor:
        """Crops at noise levels [batch] as numbers [5, batch], on the CPU: first frame, frames, caption, text dropped, level."""
        columns = [
            (self.starts[clip] + start, frames, caption, dropped)
            for clip, start, frames, caption, dropped in crops
        ]
        return torch.cat((torch.tensor(columns).T, levels[None]))

    def gather(self, crops: list[Crop]) -> tuple[Tensor, Tensor]:
        """Motion [batch, frames, 263] (zero padded) and mask [batch, frames] of crops."""
        rows = self.rows(crops, torch.zeros(len(crops), dtype=torch.long)).to(self.device)
        return self.windows(rows[0], rows[1], max(crop[2] for crop in crops))

    def windows(self, first: Tensor, lengths: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """Motion [batch, frames, 263] (zero padded) and mask [batch, frames] from first frames and lengths [batch]."""
        return self.motions.take(first, lengths, frames)

    def words(self, caption: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [batch, longest, width] of texts by number [batch], and their padding [batch, longest]."""
        first, lengths = self.text_starts[caption], self.text_lengths[caption]
        tokens, mask = self.texts.take(first, lengths, self.longest_text)
        return tokens, ~mask


class DenoiserObjective:
    """The MDM objective (clean motion, squared error) with differences, joint velocities and contacts added."""

    def __init__(
        self, config: NetworkConfig, train: ClipBatches, validation: ClipBatches | None,
        normalisation: Normalisation, settings: DenoiserTraining, *, seed: int, device: torch.device,
        processes: Processes = ALONE,
    ) -> None:  # fmt: skip
        self.processes = processes
        self.config, self.settings, self.seed, self.device = config, settings, seed, device
        self.train, self.validation = train, validation
        self.normalisation = normalisation.to(device)
        self.schedule = VPSchedule.named(config.noise_schedule, config.diffusion_steps)
        signal = self.schedule.alphas_cumprod
        self.signal, self.noise = (
            level.sqrt().float()[:, None, None].to(device) for level in (signal, 1 - signal)
        )
        snr = signal / (1 - signal)
        importance = snr.clamp(settings.snr_floor, settings.snr_limit) ** settings.snr_power
        self.log_ratios = -0.5 * snr.log()
        self.importance = (importance / importance.mean()).float().to(device)
        weight = torch.ones(config.features)
        for part in (representation.YAW_VELOCITY, representation.PLANAR_VELOCITY, representation.ROOT_HEIGHT):
            weight[part] = settings.root_weight
        weight[representation.ROTATIONS] = settings.rotation_weight
        self.weight = (weight / weight.mean()).to(device)
        std = self.normalisation.std[representation.VELOCITIES]
        self.velocity_scale = std.mean()
        self.feet = torch.tensor(skeleton.FEET, device=device)

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        crops = self.train.batch(step, self.seed)
        timesteps = self.draw_levels(len(crops), generator)
        return self._terms(model, self.train, crops, timesteps, generator, self.processes)

    def draw_levels(self, size: int, generator: torch.Generator) -> Tensor:
        """Steps of the schedule [size]: some uniform, the others where it is decided what happens."""
        steps = torch.randint(0, self.config.diffusion_steps, (size,), generator=generator)
        decisive, place = torch.rand(2, size, generator=generator)
        low, high = (math.log(ratio) for ratio in self.settings.decisive_ratios)
        wanted = (low + (high - low) * place).to(self.log_ratios)
        chosen = torch.searchsorted(self.log_ratios, wanted).clamp_max(self.config.diffusion_steps - 1)
        return torch.where(decisive < self.settings.decisive, chosen, steps)

    @torch.no_grad()
    def validation_loss(self, model: nn.Module) -> float:
        """Mean of the plain squared error over every held-out clip at eight levels of noise; NaN without such clips."""
        if self.validation is None:
            return float("nan")
        generator = torch.Generator().manual_seed(1)
        total = count = 0.0
        for first in range(0, len(self.validation.lengths), 64):
            clips = range(first, min(first + 64, len(self.validation.lengths)))
            crops = [
                (
                    clip,
                    0,
                    min(196, int(self.validation.lengths[clip])),
                    self.validation.captions[clip][0],
                    False,
                )
                for clip in clips
            ]
            levels = (torch.arange(len(crops)) % 8 * 2 + 1) * self.config.diffusion_steps // 16
            terms = self._terms(model, self.validation, crops, levels, generator)
            total += float(terms["clean"]) * len(crops)
            count += len(crops)
        return total / count

    def _terms(
        self, model: nn.Module, batches: ClipBatches, crops: list[Crop], levels: Tensor,
        generator: torch.Generator, processes: Processes = ALONE,
    ) -> dict[str, Tensor]:  # fmt: skip
        """Terms of this process' share of some crops, such that their mean over the processes is that of all crops."""
        rows = batches.rows(crops, levels).to(self.device)
        longest = max(crop[2] for crop in crops)

        def noise(x: Tensor) -> Tensor:
            everybody = x if processes.count == 1 else x.new_empty(1).expand(len(crops), *x.shape[1:])
            return processes.share(normal_like(everybody, generator))

        counted = None
        if processes.count > 1:
            frames, pairs = rows[1].double().sum(), (rows[1] - 1).clamp_min(0).double().sum()
            counted = frames / processes.count, pairs / processes.count
        return self.terms(model, batches, processes.share(rows.T).T, longest, noise, counted=counted)

    def terms(
        self, model: nn.Module, batches: ClipBatches, rows: Tensor, frames: int, noise: Callable[[Tensor], Tensor],
        *, counted: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:  # fmt: skip
        """Terms of the loss of a batch, with nothing for the CPU to decide: a GPU may record it (scripts/train_recorded.py).

        Args:
            rows: of `ClipBatches.rows`, on the device.
            frames: to pad to, at least the longest crop.
            noise: standard normal numbers like a tensor.
            counted: frames and pairs of neighbouring frames that sums are divided by, where not those of this batch.
        """
        first, lengths, caption, dropped, level = rows.unbind(0)
        clean, mask = batches.windows(first, lengths, frames)
        noisy = self.signal[level] * clean + self.noise[level] * noise(clean)
        text, text_padding = batches.words(caption)
        if model.training:
            text = text + self.settings.text_noise * noise(text)
        predicted = model(
            noisy, level, text,
            text_padding=text_padding, text_dropped=dropped.bool(), frame_mask=mask,
        )  # fmt: skip
        with torch.autocast(self.device.type, enabled=False):
            importance = self.importance[level] if model.training else None
            return self._losses(predicted.float(), clean, mask, importance, counted)

    def _losses(
        self, predicted: Tensor, clean: Tensor, mask: Tensor, importance: Tensor | None = None,
        counted: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:  # fmt: skip
        """Terms of the loss; `importance` [batch] weighs the samples, None all alike."""
        s = self.settings
        frames = mask if importance is None else mask * importance[:, None]
        pairs = frames[:, 1:]
        all_frames, all_pairs = counted or (mask.sum(), mask[:, 1:].sum())
        error = predicted - clean
        terms = {
            "clean": _mean(error.square() * self.weight, frames, all_frames),
            "difference": s.difference_weight
            * _mean(error.diff(dim=1).square() * self.weight, pairs, all_pairs),
        }
        ours = representation.joint_velocities(self.normalisation.undo(predicted)) / self.velocity_scale
        theirs = representation.joint_velocities(self.normalisation.undo(clean)) / self.velocity_scale
        terms["joint_velocity"] = s.joint_velocity_weight * _mean(
            (ours - theirs).square().flatten(2), pairs, all_pairs
        )
        contact = self.normalisation.undo(clean)[:, :-1, representation.CONTACTS]
        feet = ours.index_select(2, self.feet).square().sum(-1) * (contact > 0.5)
        terms["contact"] = s.contact_weight * _mean(feet, pairs, all_pairs)
        gone = ((predicted - clean) * mask[..., None] * self.normalisation.std).cumsum(dim=1)
        heading, path = 2 * gone[..., representation.YAW_VELOCITY], gone[..., representation.PLANAR_VELOCITY]
        for name, weight, far in (("heading", s.heading_weight, heading), ("path", s.path_weight, path)):
            # Radians, metres; beyond 1 what counts is the distance itself, for some recordings spin like tops.
            terms[name] = weight * _mean(
                functional.huber_loss(far, torch.zeros_like(far), reduction="none"), frames, all_frames
            )
        return terms


def _mean(values: Tensor, weights: Tensor, counted: Tensor) -> Tensor:
    """Weighted mean over `counted` frames of values [batch, frames, width]: weights [batch, frames], 0 where no frame is."""
    return (values * weights[..., None]).sum() / (counted * values.shape[-1]).clamp_min(1)


def check_network_fits(config: NetworkConfig, batch: int) -> None:
    """Refuse a network, or a batch, that memory cannot hold."""
    with torch.device("meta"):
        numbers = sum(parameter.numel() for parameter in build_network(config).parameters())
    # Weights, their average, their gradients and two moments of Adam, four bytes each.
    check_fits(f"a network of {numbers:,} parameters", 20, numbers, "parameters", "lower --width or --layers")
    # At the least: what a layer keeps of its input for the way back.
    motion = 4 * config.max_frames * (config.features + config.layers * config.latent_dim)
    check_fits(f"a batch of {batch} clips", motion, batch, "clips", "lower --batch-size")


def prepare(
    train: Dataset, validation: Dataset | None, encoder: TextEncoder, config: NetworkConfig,
    settings: DenoiserTraining, normalisation: Normalisation, *, seed: int, device: torch.device,
    transitions: Sequence[Transition] = (), embedders: tuple[TextEmbedder, TextEmbedder] = (embed_texts, embed_texts),
    processes: Processes = ALONE,
) -> tuple[Network, DenoiserObjective]:  # fmt: skip
    """A fresh network on the device, and its objective over the data; `embedders` for texts of training and of validation."""
    torch.manual_seed(seed)
    model = build_network(config, dropout=settings.dropout).to(device)
    batches = ClipBatches(
        train.clips, normalisation, encoder, settings, device=device, transitions=transitions,
        release=train.release, embedding=embedders[0], processes=processes,
    )  # fmt: skip
    held_out = None
    if validation is not None:
        held_out = ClipBatches(
            validation.clips, normalisation, encoder, settings, device=device, variants=0,
            release=validation.release, embedding=embedders[1],
        )  # fmt: skip
    return model, DenoiserObjective(
        config, batches, held_out, normalisation, settings, seed=seed, device=device, processes=processes
    )


def export_model(
    folder: Path,
    trainer: Trainer,
    config: NetworkConfig,
    normalisation: Normalisation,
    vocabulary: Vocabulary,
) -> None:
    """Write the run's best averaged weights (its latest where nothing was held out) as a model folder."""
    network = build_network(config)
    weights, step = trainer.average.state_dict(), trainer.step
    best = trainer.best_file
    if best is not None and best.exists():
        contents = torch.load(best, map_location="cpu", weights_only=True)
        if contents["about"] == trainer.about:
            weights, step = contents["model"], int(contents["step"])
    network.load_state_dict({name: value.cpu() for name, value in weights.items()})
    save_model(folder, network, normalisation, {"step": step})
    vocabulary.write(folder)
