"""Sizes are bounded before memory is spent: an estimate, what is free, and what would fit."""

import math
import os
from contextlib import suppress
from pathlib import Path

# Of what is free; the rest is for what an estimate does not see.
SHARE = 0.8


def free_bytes() -> int | None:
    """Memory that this process can still have; None where the system does not say.

    The least of what the machine, the container (cgroup) and the process's own limit (`ulimit -v`) leave.
    """
    found = [free for free in (_machine(), _container(), _process()) if free is not None]
    return min(found) if found else None


def check_fits(what: str, each: float, count: float, unit: str, remedy: str) -> None:
    """Refuse what memory cannot hold.

        check_fits("1000 motions of an hour", 300e6, 1000, "motions", "lower --samples or --seconds")

    Args:
        what: is to be made or read.
        each: bytes of one unit, estimated.
        count: of units.
        unit: what they are, in the plural.
        remedy: what the user can do.

    Raises:
        ValueError: the estimate is above what is free; the message says how much would fit.
    """
    free = free_bytes()
    if free is None or each * count <= SHARE * free:
        return
    fits = max(0, math.floor(SHARE * free / each))
    raise ValueError(
        f"{what} would take about {_size(each * count)} of memory, {_size(free)} are free;"
        f" {f'{fits:,} {unit}' if fits else f'not even one of the {unit}'} would fit: {remedy}"
    )


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def _machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return None


def _container() -> int | None:
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # "max" is no number: there is no limit
            return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
    return None


def _process() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return None
    with suppress(OSError, ValueError, IndexError):
        return max(0, most - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize())
    return most
