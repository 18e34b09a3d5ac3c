#!/usr/bin/env python3
"""Fit a trained model's last layer to recordings: calibrate.py MODEL DATA --out FOLDER.

See `mdm_adapter.models.mdm.calibration`. Takes some minutes on one core; training clips only.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.data.datasets import Clip, read_dataset
from mdm_adapter.models.mdm.calibration import RATIOS, calibrate
from mdm_adapter.models.mdm.checkpoint import build_network, load_checkpoint, save_model
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.representation.features import POSITIONS, ROOT_HEIGHT, YAW_VELOCITY
from motioncollage.sampling.schedules import VPSchedule
from motioncollage.shell.output import console, progress_bar

SHORTEST = 30  # frames of a clip
HEIGHTS = tuple(range(POSITIONS.start + 1, POSITIONS.stop, 3))  # y is the second number of a position


def chosen(clips: tuple[Clip, ...], most: int, generator: torch.Generator) -> list[Clip]:
    """At most so many clips of each action."""
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.frames >= SHORTEST:
            groups[clip.action or clip.captions[0]].append(clip)
    return [
        group[number]
        for group in groups.values()
        for number in torch.randperm(len(group), generator=generator)[:most].tolist()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a model folder with a network of the bundled kind")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the calibrated model")
    parser.add_argument("--clips", type=int, default=10, help="of each action")
    args = parser.parse_args()
    loaded = load_checkpoint(args.model, device="cpu")
    if loaded.config.arch != "dit" or loaded.normalisation is None:
        parser.error(
            f"{args.model} is not a network of the bundled kind (arch dit) with Mean.npy and Std.npy"
        )
    config = replace(loaded.config, calibrated=False)
    weights = {
        name: value
        for name, value in loaded.network.state_dict().items()
        if not name.startswith("calibration.")
    }
    network = build_network(config).eval().requires_grad_(False)
    network.load_state_dict(weights)
    schedule = VPSchedule.named(config.noise_schedule, config.diffusion_steps)
    alpha, sigma = schedule.alpha_sigma(torch.arange(config.diffusion_steps))
    encoder = load_text_encoder(config.text_encoder_type)
    generator = torch.Generator().manual_seed(0)
    with progress_bar("reading train") as update:
        clips = chosen(read_dataset(args.data, "train", progress=update).clips, args.clips, generator)
    texts = [encoder.encode([clip.captions[0]]).tokens for clip in clips]

    def predict(observed: Tensor, ratio: float, number: int) -> Tensor:
        step = min(int(torch.searchsorted(sigma / alpha, ratio)), config.diffusion_steps - 1)
        noisy = (alpha[step] * observed).float()[None]
        with torch.no_grad():
            clean: Tensor = network(noisy, torch.tensor([step]), texts[number])
        return clean[0]

    root = slice(YAW_VELOCITY.start, ROOT_HEIGHT.stop)  # turning, going, height: side by side
    motions = [loaded.normalisation.apply(clip.features[: config.max_frames].float()) for clip in clips]
    with progress_bar(f"{len(clips)} clips at {len(RATIOS)} levels") as update:
        layer = calibrate(motions, predict, said=root, floored=HEIGHTS, generator=generator, on_level=update)
    calibrated = build_network(replace(config, calibrated=True))
    calibrated.load_state_dict(
        {**weights, **{f"calibration.{name}": value for name, value in layer.state_dict().items()}}
    )
    save_model(args.out, calibrated, loaded.normalisation, loaded.args)
    console.print(f"wrote {args.out} ({len(clips)} clips)")


if __name__ == "__main__":
    main()
