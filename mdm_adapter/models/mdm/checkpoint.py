"""Checkpoints: folders with `args.json` and the published `model*.pt`, or our own half-precision safetensors.

Every file is taken for hostile until it has proved otherwise: nothing is unpickled but tensors, sizes are
bounded before anything is allocated, and names and shapes are compared on a network without memory.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mdm_adapter.models.mdm.dit import DiT
from mdm_adapter.models.mdm.kinds import other_kind, read_args
from mdm_adapter.models.mdm.layout import ARGS, MEAN, SAFETENSORS, STD, args_file
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.files import atomic_path
from motioncollage.wording import reason

Network = MDM | DiT
MAX_BYTES = 4 << 30
MAX_STATISTICS_BYTES = 1 << 20
_NUMBERED = re.compile(r"model(\d*)\.pt")


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode (float32, no gradients for its weights) and what came with it.

    Attributes:
        normalisation: statistics of the features it was trained on; None where the folder has none.
        args: the contents of `args.json`.
        file: name of the weights file.
    """

    network: Network
    config: NetworkConfig
    normalisation: Normalisation | None
    args: dict[str, Any]
    file: str


def build_network(config: NetworkConfig, *, dropout: float = 0.0) -> Network:
    """A fresh network of the architecture that the configuration names."""
    return (DiT if config.arch == "dit" else MDM)(config, dropout=dropout)


def load_checkpoint(folder: Path | str, *, device: torch.device | str) -> LoadedModel:
    """Read a checkpoint.

    Args:
        folder: holds `args.json` (or `mdm_config.json`, with the same fields, as copies on hubs do) and `model<number>.pt` (the highest number is read; `model.pt`
            counts as the lowest) or, where there is no such file, `model.safetensors`; or one weights file,
            with `args.json` beside it.
        device: where network and statistics go.

    Raises:
        ValueError: a file is missing, broken, too large or does not fit the architecture, or the checkpoint is of
            another kind (`kinds`); one line that names the file and the remedy.
    """
    path = Path(folder)
    file = path if path.is_file() else _newest(path)
    about = args_file(file.parent)
    args = read_args(about)
    if other := other_kind(args):
        raise ValueError(f"{about}: {other}")
    try:
        config = NetworkConfig.from_args(args)
        _check_types(config)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{about}: {reason(error)}; give a checkpoint of this kind") from error
    weights = _read_weights(file, average=args.get("use_ema") is True)
    network = _fill(config, weights, file).to(device)
    normalisation = _read_normalisation(file.parent)
    if normalisation is not None:
        normalisation = normalisation.to(torch.device(device))
    return LoadedModel(network, config, normalisation, args, file.name)


def save_model(
    folder: Path | str, network: Network, normalisation: Normalisation | None, args: Mapping[str, Any]
) -> None:
    """Write `args.json`, `model.safetensors` (float16), `Mean.npy` and `Std.npy`, all complete or none.

    Args:
        args: what to put into `args.json`; the network's own configuration is added and wins.

    Raises:
        ValueError: the folder holds a `model*.pt`, which would be read instead, or a weight does not fit into
            float16.
        OSError: the folder cannot be written to.
    """
    folder = Path(folder)
    if folder.is_dir() and (older := _published(folder)):
        raise ValueError(
            f"{folder} holds {older[-1].name}, which would be read instead; choose another folder"
        )
    tensors = {}
    for name, value in network.state_dict().items():
        half = value.detach().to("cpu", torch.float16).contiguous()
        if not torch.isfinite(half).all():
            raise ValueError(
                f"{name} has numbers that float16 cannot hold: the training diverged; use an older checkpoint"
            )
        tensors[name] = half
    text = json.dumps({**args, **asdict(network.config)}, indent=1) + "\n"
    with ExitStack() as stack:
        # Everything is written under temporary names before the first file gets its real one.
        def place(name: str) -> Path:
            return stack.enter_context(atomic_path(folder / name, force=True))

        save_file(tensors, place(SAFETENSORS))
        place(ARGS).write_text(text, encoding="utf-8")
        if normalisation is not None:
            np.save(place(MEAN), normalisation.mean.cpu().numpy().astype(np.float32))
            np.save(place(STD), normalisation.std.cpu().numpy().astype(np.float32))
    if normalisation is None:
        for name in (MEAN, STD):
            (folder / name).unlink(missing_ok=True)


def _published(folder: Path) -> list[Path]:
    """The `model*.pt` files of a folder, oldest first."""
    found = [
        (int(match[1] or -1), path) for path in folder.iterdir() if (match := _NUMBERED.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found)]


def _newest(folder: Path) -> Path:
    if not folder.is_dir():
        raise ValueError(f"checkpoint {folder} does not exist; give a folder with {ARGS} and model*.pt")
    if published := _published(folder):
        return published[-1]
    if (folder / SAFETENSORS).exists():
        return folder / SAFETENSORS
    raise ValueError(
        f"{folder} has neither model*.pt nor {SAFETENSORS}; give the folder that the training wrote"
    )


def _read_weights(file: Path, *, average: bool) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU, without those that are recomputed or belong to a text encoder."""
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file} is larger than {MAX_BYTES >> 30} GiB; give the weights of a motion network")
    try:
        contents = load_file(file) if file.suffix == ".safetensors" else _unpickle(file)
    except Exception as error:
        # A damaged or foreign file surfaces as whatever its parser trips over.
        raise ValueError(f"{file} is damaged or no checkpoint ({reason(error)}); fetch it again") from error
    if isinstance(contents, Mapping) and isinstance(contents.get("model"), Mapping):
        # As published: the running average is used where the training says that it kept one.
        contents = contents["model_avg" if average and "model_avg" in contents else "model"]
    if not isinstance(contents, Mapping) or not all(map(_is_named_tensor, contents.items())):
        raise ValueError(f"{file} holds more than named tensors; give the model*.pt, not an optimiser's file")
    return {
        name: value
        for name, value in contents.items()
        if not name.endswith(".pe") and not name.startswith("clip_model.")
    }


def _check_types(config: NetworkConfig) -> None:
    """Refuse "false" for False, 8.0 for 8 and the like, which would be read as something else later."""
    for field in fields(config):
        value = getattr(config, field.name)
        if type(value) is not type(field.default):
            raise ValueError(f"{field.name} is {value!r}; expected something like {field.default!r}")


def _is_named_tensor(entry: tuple[object, object]) -> bool:
    """Tensors without memory of their own, or with another layout, are legal in a file but useless here."""
    name, value = entry
    if not isinstance(name, str) or not isinstance(value, Tensor):
        return False
    return value.device.type == "cpu" and value.layout is torch.strided


def _unpickle(file: Path) -> Any:
    if zipfile.is_zipfile(file):
        # PyTorch stores without compression: a small archive that unpacks to something huge is not its own.
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES >> 30} GiB")
    return torch.load(file, map_location="cpu", weights_only=True)


def _fill(config: NetworkConfig, weights: dict[str, Tensor], file: Path) -> Network:
    """A network with these weights, after names, shapes and numbers have been checked."""
    remedy = f"use the {ARGS} that was published with it"
    # On the meta device, so that absurd sizes in args.json cost nothing before they have met the weights.
    try:
        with torch.device("meta"):
            expected = {name: value.shape for name, value in build_network(config).state_dict().items()}
    except RuntimeError as error:
        raise ValueError(f"{args_file(file.parent)}: no such network ({reason(error)}); {remedy}") from error
    for name, shape in expected.items():
        if name not in weights:
            raise ValueError(f"{file} lacks {name}; {remedy}")
        if weights[name].shape != shape:
            raise ValueError(
                f"{file}: {name} has shape {list(weights[name].shape)}, not {list(shape)}; {remedy}"
            )
        if not weights[name].is_floating_point() or not torch.isfinite(weights[name].float()).all():
            raise ValueError(f"{file}: {name} holds no finite floats; fetch it again")
    if unexpected := sorted(weights.keys() - expected.keys()):
        raise ValueError(f"{file} holds {unexpected[0]!r}, which this architecture has not; {remedy}")
    network = build_network(config)
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.eval().requires_grad_(False)


def _read_normalisation(folder: Path) -> Normalisation | None:
    files = [folder / MEAN, folder / STD]
    if not any(file.exists() for file in files):
        return None
    for file in files:
        if file.exists() and file.stat().st_size > MAX_STATISTICS_BYTES:
            raise ValueError(f"{file} is larger than {MAX_STATISTICS_BYTES} bytes; copy the model's own file")
    try:
        normalisation = Normalisation.read(folder)
    except Exception as error:
        # NumPy's words for a broken file name neither the file nor a remedy.
        raise ValueError(f"{folder}: {MEAN} or {STD} is broken ({reason(error)}); copy both again") from error
    if not (normalisation.std > 0).all():
        raise ValueError(f"{folder / STD} holds numbers that are not above 0; copy the model's own file")
    return normalisation
