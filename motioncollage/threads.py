"""How PyTorch's threads wait for each other: settled before it is loaded, because its OpenMP reads that once.

libgomp lets them spin for 300,000 rounds. On cores of their own that is quickest; beside other work a thread
that spins keeps the one that it waits for from its core. Seconds for 24 s of motion on two cores (AMD EPYC):

    | rounds  | alone | two runs at once | beside another program |
    | 300,000 | 1.25  | 4.7              | 4 to 48                |
    | 1,000   | 1.37  | 1.95             | 1.79                   |
    | none    | 1.51  | 1.45             | 1.82                   |

So they spin briefly, and sleep at once where something else is running at the start. The number of threads stays as it
is: with another one sums are added up in another order, and the same seed would not give the same bits.
"""

import os
import sys
import time
from collections.abc import MutableMapping
from functools import cache
from pathlib import Path

VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
ROUNDS = 1000
LOAD = Path("/proc/loadavg")
LOOKS, BETWEEN = 5, 0.002  # a single look meets what happens to run for a moment; seconds


@cache
def settled() -> str:
    """Settle it for this process, once; what was chosen and why, for `doctor`."""
    if "torch" in sys.modules:
        return "as PyTorch was loaded: this program chose nothing"
    return settle(os.environ, others=running_beside())


def settle(environment: MutableMapping[str, str], *, others: int) -> str:
    """Choose how threads wait in an environment that PyTorch will be loaded in, unless somebody has.

    Args:
        others: tasks that are running besides this one.
    """
    given = [f"{name}={environment[name]}" for name in VARIABLES if name in environment]
    if given:
        return f"as {', '.join(given)} says"
    name, value = ("OMP_WAIT_POLICY", "passive") if others else ("GOMP_SPINCOUNT", str(ROUNDS))
    environment[name] = value
    running = {0: "nothing else", 1: "1 other task"}.get(others, f"{others} other tasks")
    return f"{name}={value}: {running} ran at the start"


def running_beside(load: Path = LOAD) -> int:
    """How many tasks are running besides this one; 0 where the system does not say (only libgomp, on Linux, spins)."""
    seen = []
    for _ in range(LOOKS):
        try:
            # "0.20 0.58 1.36 2/108 21535": running (this one too) and all tasks.
            seen.append(int(load.read_text(encoding="ascii").split()[3].partition("/")[0]) - 1)
        except (OSError, ValueError, IndexError):
            return 0
        time.sleep(BETWEEN)
    return max(sorted(seen)[LOOKS // 2], 0)
