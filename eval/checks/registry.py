"""The checks by the labels of actions: did it happen?"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from eval.checks.check import ActionCheck, Verdict
from eval.checks.kinematics import SMPL_22, NamedJoints, Take
from eval.checks.series import RATE
from eval.checks.table import CHECKS
from eval.checks.undecided import UNDECIDED


@lru_cache(maxsize=1)
def by_slug() -> dict[str, tuple[ActionCheck, ...]]:
    """All checks of every label that has some."""
    found: dict[str, tuple[ActionCheck, ...]] = {}
    for check in CHECKS:
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
        reason = UNDECIDED.get(slug, "nobody has written one; see eval.checks.table")
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
