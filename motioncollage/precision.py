"""Where bfloat16 pays: half the memory, several times the speed on processors and GPUs that multiply it in hardware."""

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def check_precision(name: str) -> None:
    """Raise ValueError for a precision that does not exist."""
    if name not in PRECISIONS:
        raise ValueError(f"precision is {name!r}; choose one of {', '.join(PRECISIONS)}")


def supports_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrix products are fast on a device (CPUs without the instructions emulate them)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def mixed(precision: str, device: torch.device, *, enabled: bool = True) -> torch.autocast:
    """Autocast to bfloat16 if a precision asks for it, `auto` only where it is fast."""
    on = precision == "bfloat16" or (precision == "auto" and supports_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=on and enabled)
