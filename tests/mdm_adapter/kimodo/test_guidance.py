"""Guidance: the published combinations, from the published raw outputs."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kimodo_toys import VARIANTS, arrays

from mdm_adapter.models.kimodo.guidance import KimodoGuidance

RAW = {
    (True, True): "out_full",
    (True, False): "out_text_only",
    (False, True): "out_no_text",
    (False, False): "out_uncond",
}


@pytest.mark.parametrize(
    ("name", "guidance", "constraint"),
    [
        ("nocfg", KimodoGuidance("nocfg"), True),
        ("regular", KimodoGuidance("regular", 2.5), True),
        ("separated", KimodoGuidance("separated", 2.0, 1.5), True),
        ("regular_no_constraint", KimodoGuidance("regular", 2.5), False),
        ("separated_no_constraint", KimodoGuidance("separated", 2.0, 1.5), False),
    ],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_published_combinations(variant: str, name: str, guidance: KimodoGuidance, constraint: bool) -> None:
    raw, data = arrays(f"kimodo_network_{variant}.npz"), arrays(f"kimodo_guidance_{variant}.npz")
    passes = guidance.passes(has_text=True, has_constraint=constraint)
    found = torch.stack([p.weight * raw[RAW[p.text, p.constraint]] for p in passes]).sum(dim=0)
    counted = raw["x_pad_mask"][..., None]
    assert ((found - data[name]).abs() * counted).max() < 1e-4


@given(
    st.sampled_from(["separated", "regular", "nocfg"]),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.booleans(),
    st.booleans(),
)
def test_weights_sum_to_one_and_no_pass_is_made_twice(
    kind: str, text: float, constraint: float, has_text: bool, has_constraint: bool
) -> None:
    guidance = KimodoGuidance(kind, text, constraint)
    passes = guidance.passes(has_text=has_text, has_constraint=has_constraint)
    assert sum(p.weight for p in passes) == pytest.approx(1)
    seen = [(p.text, p.constraint) for p in passes]
    assert len(set(seen)) == len(seen)
    assert all(has_text or not text_seen for text_seen, _ in seen)
    assert all(has_constraint or not known for _, known in seen)
    if not has_text and not has_constraint:
        assert len(passes) == 1


def test_guidances_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="guidance 'strong' is unknown; choose one of separated"):
        KimodoGuidance("strong")
    with pytest.raises(ValueError, match="guidance of constraint is inf"):
        KimodoGuidance(constraint=float("inf"))
