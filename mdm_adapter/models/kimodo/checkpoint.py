"""Kimodo folders as the hub ships them: `config.yaml`, safetensors, and statistics in three groups.

Every file is taken for hostile until it has proved otherwise: no pickles (but for the SMPL-X joints, which load as
tensors only), sizes bounded, names and shapes compared on a network without memory before a weight is read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import torch
from torch import Tensor

from mdm_adapter.models.kimodo.config import FolderConfig, read_config
from mdm_adapter.models.kimodo.network import KimodoNetwork
from mdm_adapter.models.kimodo.representation import LOCAL_ROOT_WIDTH, ROOT_WIDTH, Layout, Representation
from mdm_adapter.models.kimodo.skeletons import SOMA30, Skeleton, read_neutral_joints, smplx22
from mdm_adapter.models.kimodo.statistics import GROUPS, Statistics
from motioncollage.wording import reason

PREFIX = "denoiser.backbone."
MAX_BYTES = 8 << 30
MAX_STATISTICS_BYTES = 1 << 20
JOINT_FILES = ("joints.p", "joints.npy", "smplx22/joints.p", "smplx22/joints.npy")


@dataclass(frozen=True)
class LoadedKimodo:
    """A network in evaluation mode (float32, no gradients for its weights), its representation and statistics with it."""

    network: KimodoNetwork
    config: FolderConfig

    @property
    def representation(self) -> Representation:
        return self.network.representation

    @property
    def statistics(self) -> Statistics:
        return self.network.statistics


def load_kimodo(
    folder: Path | str, *, device: torch.device | str = "cpu", joints: Path | str | None = None
) -> LoadedKimodo:
    """Read a folder.

    Args:
        joints: T-pose joints of SMPL-X (`skeletons.read_neutral_joints`), for that model; by default one of
            `JOINT_FILES` in the folder. SOMA needs none.

    Raises:
        ImportError: PyYAML is missing.
        ValueError: a file is missing, broken, too large or does not fit; one line that names it and the remedy.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(
            f"model folder {folder} does not exist; give one with config.yaml and model.safetensors"
        )
    config = read_config(folder)
    representation = Representation(_skeleton(folder, config, joints), config.fps)
    statistics = _read_statistics(folder / config.statistics, representation.layout)
    file = folder / config.weights
    try:
        with torch.device("meta"):
            network = KimodoNetwork(config.network, representation, statistics)
    except RuntimeError as error:
        raise ValueError(
            f"{folder}: no such network ({reason(error)}); fetch its config.yaml again"
        ) from error
    network.load_state_dict(_read_weights(file, network), assign=True)
    network = network.to(device).eval().requires_grad_(False)
    network.statistics = statistics.to(device)
    return LoadedKimodo(network, config)


def _skeleton(folder: Path, config: FolderConfig, joints: Path | str | None) -> Skeleton:
    if config.skeleton == "soma30":
        return SOMA30
    if joints is None:
        joints = next((folder / name for name in JOINT_FILES if (folder / name).is_file()), None)
    if joints is None:
        raise ValueError(
            f"{folder} is a model of the SMPL-X body, whose joints have a licence of their own; copy"
            " kimodo/assets/skeletons/smplx22/joints.p of the published code into it"
        )
    return smplx22(read_neutral_joints(joints))


def _read_statistics(folder: Path, layout: Layout) -> Statistics:
    widths = {"global_root": ROOT_WIDTH, "local_root": LOCAL_ROOT_WIDTH, "body": layout.width - ROOT_WIDTH}
    groups: dict[str, tuple[Tensor, Tensor]] = {}
    for name in GROUPS:
        mean, std = (_read_numbers(folder / name / f"{part}.npy", widths[name]) for part in ("mean", "std"))
        groups[name] = (mean, std)
    try:
        return Statistics.of_groups(groups)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error


def _read_numbers(path: Path, width: int) -> Tensor:
    remedy = "fetch it again from where the model came"
    if not path.is_file():
        raise ValueError(f"{path} is missing; {remedy}")
    if path.stat().st_size > MAX_STATISTICS_BYTES:
        raise ValueError(f"{path} is larger than {MAX_STATISTICS_BYTES >> 20} MiB; {remedy}")
    try:
        # Mapped, so that a header cannot claim more than the file has; refuses pickles.
        array = np.lib.format.open_memmap(path, mode="r")
        if array.dtype.kind not in "fiu" or array.size > MAX_STATISTICS_BYTES:
            raise ValueError("no numbers")
        numbers = torch.from_numpy(np.array(array, dtype=np.float64)).flatten()
    except (ValueError, OSError, EOFError, TypeError, SyntaxError) as error:
        raise ValueError(f"{path} is damaged or no .npy file ({str(error)[:100]}); {remedy}") from error
    if len(numbers) != width:
        raise ValueError(f"{path} holds {len(numbers)} numbers, not {width}; {remedy}")
    return numbers.float()


def _read_weights(file: Path, network: KimodoNetwork) -> dict[str, Tensor]:
    """The network's weights in float32, read only after all names and shapes have been found right."""
    remedy = "fetch the model again, config.yaml and weights together"
    if not file.is_file():
        raise ValueError(f"{file} is missing; {remedy}")
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file} is larger than {MAX_BYTES >> 30} GiB; give the weights of a Kimodo network")
    expected = {name: list(value.shape) for name, value in network.state_dict().items()}
    try:
        with safetensors.safe_open(file, framework="pt", device="cpu") as archive:
            names = {name.removeprefix(PREFIX): name for name in archive.keys()}  # noqa: SIM118 (no mapping)
            for name, shape in expected.items():
                if name not in names:
                    raise ValueError(f"{file} lacks {name}; {remedy}")
                found = list(archive.get_slice(names[name]).get_shape())
                if found != shape:
                    raise ValueError(f"{file}: {name} has shape {found}, not {shape}; {remedy}")
            if unexpected := sorted(names.keys() - expected.keys()):
                raise ValueError(f"{file} holds {unexpected[0]!r}, which this network has not; {remedy}")
            weights = {name: archive.get_tensor(names[name]) for name in expected}
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError(f"{file} is damaged or no safetensors file ({reason(error)}); {remedy}") from error
    for name, value in weights.items():
        if not value.is_floating_point() or not torch.isfinite(value).all():
            raise ValueError(f"{file}: {name} holds no finite floats; {remedy}")
    return {name: value.float() for name, value in weights.items()}
