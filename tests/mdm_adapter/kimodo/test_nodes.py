"""Nodes as windows: what they count, what is evaluated, and what is known of a frame."""

import pytest
import torch
from kimodo_toys import sentence, toy_network

from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.nodes import Windows
from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.layouts import chain, grid

GRAPH = chain([8, 8], [3], taper=0.5)


def windows(**changes: object) -> Windows:
    given = {
        "guidance": KimodoGuidance(), "composition": "collage", "observed": None, "batch_limit": 8, **changes,
    }  # fmt: skip
    return Windows(KimodoDenoiser(toy_network()), GRAPH, [sentence("walk"), None], **given)  # type: ignore[arg-type]


def test_weights_are_the_graphs() -> None:
    total = torch.zeros(13, dtype=torch.float64)
    found = windows()
    for node, given in zip(found.nodes, GRAPH.nodes):
        assert node.frames.tolist() == list(given.region.sites)
        assert torch.equal(node.weights, given.site_weights())
        total[node.frames] += node.weights
    assert torch.allclose(total, torch.ones(13, dtype=torch.float64))
    assert found.starts == [0, 5]
    average = windows(composition="average")
    assert len(average.nodes) == 2
    assert average.nodes[0].weights.tolist() == [1.0] * 5 + [0.5] * 3


def test_only_what_differs_is_evaluated() -> None:
    passes = [len(node.passes) for node in windows().nodes]
    assert passes == [2, 1, 1]
    mask = torch.zeros(1, 13, 369, dtype=torch.bool)
    mask[:, 2, 7] = True
    observed = Observed(torch.zeros(1, 13, 369), mask)
    passes = [len(node.passes) for node in windows(observed=observed).nodes]
    assert passes == [3, 1, 1]  # only the first window has the known frame


def test_what_is_known_of_a_frame() -> None:
    mask = torch.zeros(1, 13, 369, dtype=torch.bool)
    mask[:, 4, :2] = True
    observed = Observed(torch.full((1, 13, 369), 7.0), mask)
    guess = torch.zeros(2, 369)
    assert windows(observed=observed).known(4, guess)[:, :3].tolist() == [[7.0, 7.0, 0.0]] * 2
    assert torch.equal(windows(observed=observed).known(3, guess), guess)
    assert torch.equal(windows().known(4, guess), guess)


def test_graphs_over_more_than_frames() -> None:
    square = grid(chain([4], []), chain([4], []))
    with pytest.raises(ValueError, match="a graph over 2 axes is no motion's"):
        Windows(
            KimodoDenoiser(toy_network()), square, [None],
            guidance=KimodoGuidance(), composition="collage", observed=None, batch_limit=1,
        )  # fmt: skip


def test_layers_count_nothing_in_sum() -> None:
    line = chain([8, 8], [3])
    region = Region.line(range(2, 6))
    layered = FactorGraph((13,), (*line.nodes, Node(region, 1), Node(region, -1)), 2)
    found = Windows(
        KimodoDenoiser(toy_network()), layered, [None, None, None, sentence("wave"), None],
        guidance=KimodoGuidance(), composition="collage", observed=None, batch_limit=8,
    )  # fmt: skip
    assert found.starts == [0, 2, 5]
    assert sum(float(node.weights.sum()) for node in found.nodes) == pytest.approx(13)
