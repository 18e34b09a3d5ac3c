"""What a network is really asked, beside what is counted without it (`motioncollage.work`)."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch

from motioncollage.methods import MethodSettings, Script
from motioncollage.work import Call


def calls_of(network: torch.nn.Module, make: Callable[[], object]) -> Counter[Call]:
    """Calls of a network while something is made."""
    calls: Counter[Call] = Counter()

    def count(_: torch.nn.Module, given: tuple[Any, ...]) -> None:
        calls[Call(len(given[0]), given[0].shape[1], given[0].requires_grad)] += 1

    hook = network.register_forward_pre_hook(count)
    make()
    hook.remove()
    return calls


def check_counted(
    maker: Any, network: torch.nn.Module, methods: Sequence[str], scripts: Sequence[Script], settings: MethodSettings
) -> None:  # fmt: skip
    """What is counted of each method is what the network is asked."""
    seeds = range(len(scripts))
    for name in methods:
        make = lambda method=name: maker.by_method(method, scripts, settings, seeds=seeds)
        asked = calls_of(network, make)
        assert asked
        assert maker.work(name, scripts, settings).calls == asked, name
