"""Did the hands meet again and again?"""

import numpy as np

from eval.checks.check import ActionCheck, Verdict, at_least
from eval.checks.kinematics import Take

NEAR = 0.25  # leg lengths between wrists whose palms meet


def claps(take: Take) -> Verdict:
    """The wrists come together twice."""
    apart = np.linalg.norm(take.at("left_wrist") - take.at("right_wrist"), axis=-1) / take.leg
    near = apart < NEAR
    return at_least("claps", float(np.sum(near[1:] & ~near[:-1]) + near[0]), 2)


CLAP = ActionCheck("clap", ("clap",), claps)
