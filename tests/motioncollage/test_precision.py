"""What `auto` chooses, by what the processor says of itself."""

import pytest
import torch

from motioncollage.precision import bfloat16_on, check_precision, mixed, supports_bfloat16

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    bfloat16_on.cache_clear()


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({"avx512": True, "avx512_bf16": False}, False),
        ({"avx512": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True}, False),
    ],
)
def test_instructions_decide(
    capabilities: dict[str, bool], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert supports_bfloat16(CPU) is fast
    with mixed("auto", CPU):
        assert torch.is_autocast_enabled("cpu") is fast


@pytest.mark.parametrize(("float32", "bfloat16", "fast"), [(1.0, 4.0, False), (2.0, 1.0, True)])
def test_where_nobody_says_a_measurement_decides(
    float32: float, bfloat16: float, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    seconds = {torch.float32: float32, torch.bfloat16: bfloat16}
    monkeypatch.setattr("motioncollage.precision._seconds", seconds.__getitem__)
    found, why = bfloat16_on(CPU)
    assert found is fast
    assert "times the speed of float32" in why


def test_what_is_asked_for_is_done() -> None:
    with mixed("float32", CPU):
        assert not torch.is_autocast_enabled("cpu")
    with mixed("bfloat16", CPU):
        assert torch.is_autocast_enabled("cpu")
    with mixed("bfloat16", CPU, enabled=False):
        assert not torch.is_autocast_enabled("cpu")
    with pytest.raises(ValueError, match="precision is 'half'"):
        check_precision("half")
