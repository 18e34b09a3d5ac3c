"""`motioncollage train denoiser`: resumable training of a motion model on any supported data."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.training import Cache, LearningRate, MotionData, RunFolder, TrainingSteps


def denoiser(
    data: MotionData, out: RunFolder = Path("runs/denoiser"), steps: TrainingSteps = 20_000,
    batch_size: Annotated[int, values.count(most=65_536)] = 48, learning_rate: LearningRate = 8e-4,
    layers: Annotated[int, values.count(most=100)] = 5, width: Annotated[int, values.count(most=16_384)] = 384,
    arch: str = "dit", patch: Annotated[int, values.count(most=100)] = 2,
    feed_forward: Annotated[int, values.count(most=65_536)] = 736, text_encoder: str = "ordered",
    balance: Annotated[float, values.number(least=0, most=10)] = 0.15,
    dropout: Annotated[float, values.number(least=0, most=0.99)] = 0.0,
    diffusion_steps: Annotated[int, values.count(least=2, most=10_000)] = 1000, mirror: bool = True,
    transitions: Annotated[int, values.count(least=0, most=1_000_000)] = 3000, precision: str = "auto",
    cache: Cache | None = None, seed: Annotated[int, values.seed()] = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train a motion denoiser; chooses the average weights that do best on the val split.

    Several GPUs: `torchrun --nproc-per-node 2 -m motioncollage.shell.main train denoiser DATA`, or `accelerate launch -m`.

    What to make:
        layers: Transformer layers.
        width: Transformer width.
        arch: dit (the bundled model's), or MDM's trans_enc or trans_dec.
        patch: Frames of a token, for dit.
        feed_forward: Width of the feed-forward part, for dit.
        text_encoder: ordered, static, clip or bert.
        mirror: Add mirrored clips with left and right exchanged.
        transitions: Made-up passages from one clip to the next among the training data; 0 for none.
        seed: Seed of weights, batches and noise.
    How good:
        batch_size: Clips per step, of each process.
    Advanced:
        balance: An action of n clips is drawn in proportion to n to this power.
        dropout: Share of what layers add that is left out in training.
        diffusion_steps: Steps of the cosine schedule.
        precision: auto, float32 or bfloat16.
    """
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.training import DenoiserTraining
    from mdm_adapter.training_run import DenoiserRun
    from motioncollage.devices import choose_device
    from motioncollage.processes import joined
    from motioncollage.training import TrainingSettings

    config = NetworkConfig(
        arch=arch, text_encoder_type=text_encoder, layers=layers, latent_dim=width, mask_frames=True,
        diffusion_steps=diffusion_steps,
    )  # fmt: skip
    if arch == "dit":
        # Two thirds of the width, in whole heads; networks of one head have one width.
        fine = max(64, width * 2 // 3 // 64 * 64) if width > 64 else width
        config = replace(config, patch=patch, feed_forward=feed_forward, fine_dim=fine)
    settings = TrainingSettings(steps=steps, learning_rate=learning_rate, seed=seed, precision=precision)
    batches = DenoiserTraining(batch_size=batch_size, balance=balance, dropout=dropout)
    with joined(choose_device(device)) as (processes, where):
        run = DenoiserRun(
            data, out, cache or out / "cache", config, settings, batches,
            mirror=mirror, transitions=transitions, processes=processes, device=where,
        )  # fmt: skip
        run.train()
