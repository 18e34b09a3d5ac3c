"""Studies of settings: every axis goes through the value that is the model's own."""

import sys
from collections.abc import Iterator

import pytest
from paths import REPOSITORY

from eval.benchmark.settings import BenchmarkSettings
from mdm_adapter.models.protocol import MotionDefaults
from motioncollage.collage.guidance import Guidance


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    yield
    sys.modules.pop("study", None)


@pytest.mark.usefixtures("scripts")
def test_every_axis_of_a_study_has_the_usual_value() -> None:
    import study

    own = MotionDefaults(guidance=Guidance(3.0, above=2.0), piece=120, overlap=10)
    base = study.settled(BenchmarkSettings(protocol="composition"), own)
    for name, without in (("seams", {"eta (50 steps of DDIM)"}), ("pieces", set())):
        usual: dict[str, int] = {}
        for variant in study.STUDIES[name](base):
            usual[variant.axis] = usual.get(variant.axis, 0) + variant.usual
        assert {axis for axis, count in usual.items() if count == 0} == without
        assert max(usual.values()) == 1
    assert sum(variant.usual for variant in study.samplers(base)) == 1
    assert len(study.length(base)) == 15
