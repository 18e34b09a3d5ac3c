"""The checks by the labels of actions: did it happen?

Checks come in as `motioncollage.checks` entry points, those of this package a family each (`eval.checks.table`). An
entry point names a check or several of them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint
from typing import Any

from eval.checks.check import ActionCheck, Verdict
from eval.checks.kinematics import SMPL_22, NamedJoints, Take
from eval.checks.series import RATE
from eval.checks.undecided import UNDECIDED
from motioncollage import plugins


def all_checks() -> tuple[ActionCheck, ...]:
    """Every check of every installed package; what cannot be loaded is left out, `motioncollage plugins` tells of it.

    Raises:
        ValueError: an entry point that names something else, or two checks of one name; the message names the package.
    """
    return _checks(tuple(plugins.available("checks").values()))


@lru_cache(maxsize=4)
def _checks(entries: tuple[EntryPoint, ...]) -> tuple[ActionCheck, ...]:
    found: dict[str, ActionCheck] = {}
    for entry in entries:
        try:
            part = plugins.load("checks", entry.name)
        except ImportError:
            continue
        several = tuple(part) if isinstance(part, Iterable) else (part,)
        for check in several:
            if not isinstance(check, ActionCheck):
                raise ValueError(
                    f"check {entry.name!r} of {plugins.distribution(entry)} names a {type(check).__name__}; it must name"
                    " an eval.checks.check.ActionCheck, or a sequence of them"
                )
            if check.name in found:
                raise ValueError(
                    f"check {check.name!r} of {plugins.distribution(entry)} is there already; give it another name"
                )
            found[check.name] = check
    return tuple(found.values())


def by_slug() -> dict[str, tuple[ActionCheck, ...]]:
    """All checks of every label that has some; all of them must hold."""
    return _by_slug(all_checks())


@lru_cache(maxsize=4)
def _by_slug(checks: tuple[ActionCheck, ...]) -> dict[str, tuple[ActionCheck, ...]]:
    found: dict[str, tuple[ActionCheck, ...]] = {}
    for check in checks:
        for slug in check.slugs:
            found[slug] = (*found.get(slug, ()), check)
    return found


def checks_for(slug: str) -> tuple[ActionCheck, ...]:
    """The checks of an action; none where kinematics cannot decide it (`UNDECIDED` says why) or nobody has
    tried."""
    return by_slug().get(slug, ())


def judge(slug: str, take: Take) -> Verdict:
    """What the checks of an action say about a take.

    Raises:
        ValueError: no check of such an action; the message says why.
    """
    checks = checks_for(slug)
    if not checks:
        reason = UNDECIDED.get(slug, "nobody has written one; see docs/plugins.md")
        raise ValueError(f"no check decides {slug!r}: {reason}")
    verdict = checks[0].judge(take)
    for check in checks[1:]:
        verdict &= check.judge(take)
    return verdict


def happened(slug: str, joints: Any, fps: float = RATE, names: Sequence[str] = SMPL_22.joints) -> bool:
    """Did the action of a label happen?

    Args:
        slug: label of the action, such as `kick-front`.
        joints: [frames, J, 3] metres, y up, left is +x for a body that faces +z; NumPy or torch.
        fps: frames a second.
        names: of the J joints, as SMPL calls them.

    Raises:
        ValueError: no check of such an action, or joints that are no motion of half a second or more.
    """
    return judge(slug, Take(joints, NamedJoints(tuple(names), fps))).happened
