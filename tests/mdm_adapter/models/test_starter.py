"""The bundled model keeps to what its card promises of bodies."""

import pytest

import motioncollage as mc

SINKING = (
    0.05  # m, of a joint that rests on the ground: guidance goes a little beyond what the network may say
)


@pytest.mark.parametrize(
    "prompt", ["a person does a cartwheel, then a man crawls forward", "a person lies down"]
)
def test_nothing_sinks_into_the_ground(prompt: str) -> None:
    heights = mc.load("starter").generate(prompt, samples=3, seed=3).joints[..., 1]
    assert heights.min() > -SINKING
    assert heights[..., 20:].min() < 0.15  # the hands were on the ground, or nearly
