"""Where bfloat16 pays: half the memory, several times the speed on processors and GPUs that multiply it in hardware.

oneDNN takes bfloat16 on every processor with AVX-512, but without the instructions for it every product is converted
to float32 and back: four times slower than float32 itself. So the instructions decide, where PyTorch names them.
"""

import time
from functools import lru_cache
from typing import Any

import torch

PRECISIONS = ("auto", "float32", "bfloat16")
INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "sve_bf16", "bf16")
PRODUCT = (512, 384, 1536)  # a small layer of a motion network: about a millisecond


def check_precision(name: str) -> None:
    """Raise ValueError for a precision that does not exist."""
    if name not in PRECISIONS:
        raise ValueError(f"precision is {name!r}; choose one of {', '.join(PRECISIONS)}")


def supports_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 matrix products are faster than float32 on a device."""
    return bfloat16_on(device)[0]


@lru_cache(maxsize=8)
def bfloat16_on(device: torch.device) -> tuple[bool, str]:
    """Whether bfloat16 is used under `auto` on a device, and why, for `doctor`."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported()
        return fast, "the GPU multiplies it" if fast else "the GPU emulates it"
    if device.type != "cpu":
        return False, f"not used on {device.type}"
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if capabilities:
        found = [name for name in INSTRUCTIONS if capabilities.get(name)]
        return bool(found), f"the processor has {found[0]}" if found else "the processor would emulate it"
    # Older PyTorch does not name the instructions.
    ratio = _seconds(torch.float32) / _seconds(torch.bfloat16)
    return ratio > 1.2, f"measured {ratio:.1f} times the speed of float32"


def _seconds(dtype: torch.dtype) -> float:
    """The quickest of a few products."""
    rows, inner, columns = PRODUCT
    left, right = torch.ones(rows, inner, dtype=dtype), torch.ones(inner, columns, dtype=dtype)
    times = []
    for _ in range(4):
        begin = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - begin)
    return min(times)


def uses_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether a precision asks for bfloat16, `auto` only where it is fast."""
    return precision == "bfloat16" or (precision == "auto" and supports_bfloat16(device))


def mixed(precision: str, device: torch.device, *, enabled: bool = True) -> torch.autocast:
    """Autocast to bfloat16 if a precision asks for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(precision, device) and enabled)
