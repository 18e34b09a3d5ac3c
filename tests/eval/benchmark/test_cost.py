"""The cost that is told before a run: the evaluations that the network then really makes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from counting import calls_of, check_counted

import motioncollage as mc
from eval.benchmark.cost import Costs, duration, tell_cost, work_out
from eval.benchmark.making import Workers, in_batches
from eval.benchmark.settings import METHODS, BenchmarkSettings
from mdm_adapter.models.mdm.checkpoint import save_model
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.methods import MethodSettings, Script
from motioncollage.sampling.registry import SamplerSettings
from motioncollage.work import Call, Work, count_work

SETTINGS = MethodSettings(
    sampler=SamplerSettings(steps=12), piece=60, overlap=10, precision="float32", batch_limit=5
)
ONE = tuple(Script((text,), (150,)) for text in ("a person walks", "he runs", "he bows"))
TWO = tuple(Script((text, "he waves"), (60, 50)) for text in ("a person walks", "he runs", "he bows"))


@pytest.fixture(scope="module")
def pipeline(toy: Path) -> MotionPipeline:
    return mc.load(str(toy), device="cpu")


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> MotionPipeline:
    config = NetworkConfig(
        arch="trans_dec", text_encoder_type="static", layers=1, latent_dim=16, context_len=20, pred_len=40
    )
    folder = tmp_path_factory.mktemp("models") / "planner"
    save_model(folder, MDM(config), Normalisation(torch.zeros(263), torch.ones(263)), {})
    return mc.load(str(folder), device="cpu")


def network(maker: MotionPipeline) -> torch.nn.Module:
    return maker.model.loaded.network  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("name", "sampler"),
    [*((name, "ddim") for name in (*METHODS, "dip")), ("collage", "heun"), ("short", "dpm++")],
)
def test_calls_are_those_of_the_network(
    name: str, sampler: str, pipeline: MotionPipeline, planner: MotionPipeline
) -> None:
    maker = planner if name == "dip" else pipeline
    settings = replace(SETTINGS, sampler=SamplerSettings(sampler, steps=12))
    scripts = ONE if sampler == "ddim" else TWO
    check_counted(maker, network(maker), [name], scripts, settings)


def test_ordinary_samples_and_nothing_of_the_model_is_changed(pipeline: MotionPipeline) -> None:
    scripts = [Script(("a person walks",), (frames,)) for frames in (40, 60)]
    work = pipeline.work("short", scripts, SETTINGS, frames=196)
    make = lambda: pipeline.ordinary(scripts, SETTINGS, seeds=[0, 1], frames=196)
    assert work.calls == calls_of(network(pipeline), make) == {Call(2, 196, False): 24}
    assert work.evaluations == 48


def test_few_steps_are_gone_through_and_many_are_reckoned() -> None:
    gone: list[int] = []

    def make(stand: Any, sampler: SamplerSettings) -> None:
        gone.append(sampler.steps)
        level = NoiseLevel(0.6, 0.8, 5.0)
        for _ in range(2 * sampler.steps - 1):
            stand(torch.zeros(3, 20, 4), level, [None] * 3)

    assert count_work(make, SamplerSettings("heun", steps=1000)).calls == {Call(3, 20, False): 1999}
    assert count_work(make, SamplerSettings("heun", steps=5)).evaluations == 27
    assert gone == [4, 8, 5]


class Measured:
    """A model whose network takes a millisecond a frame, differentiated ones three."""

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.counted: list[int] = []

    def work(self, name: str, scripts: Any, settings: MethodSettings, *, frames: int = 0) -> Work:
        length = frames or scripts[0].frames[0]
        self.counted.append(length)
        return Work({Call(len(scripts), length, name == "reconstruction"): 10}, 0.5)

    def seconds_of(self, call: Call, text: str, settings: MethodSettings) -> float:
        self.asked.append(call)
        return call.size * (0.003 if call.gradient else 0.001)


def test_minutes_are_calls_times_their_measured_time(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [(Script(("a",), (frames,)), seed) for seed, frames in enumerate([100] * 8 + [60, 60, 40, 20])]
    groups = {name: in_batches(name, 0, pairs, 8) for name in ("collage", "reconstruction")}
    model = Measured()
    costs = work_out(groups, 7, model, BenchmarkSettings())  # type: ignore[arg-type]
    frames = 8 * 100 + 2 * 60 + 40 + 20
    collage, reconstruction = costs.rows
    assert (collage.name, collage.motions, collage.evaluations) == ("collage", 12, 120)
    assert collage.seconds == pytest.approx(4 * 0.5 + 10 * frames * 0.001)
    assert reconstruction.seconds == pytest.approx(4 * 0.5 + 10 * frames * 0.003)
    # Three sizes of either kind were timed, those that most of the work is.
    assert [(call.windows, call.frames) for call in model.asked] == [(8, 100), (2, 60), (1, 40)] * 2
    tell_cost(costs, Workers(0, 2), "this machine")
    told = " ".join(capsys.readouterr().out.split())
    assert "Making takes about 22 s on this machine, measured: 8 windows of 100 frames in 0.8 s" in told
    assert "2 processes share it. 7 motions are there from an earlier run." in told


def test_of_many_lengths_a_dozen_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = range(100, 500, 10)
    pairs = [(Script(("a",), (frames,)), seed) for seed, frames in enumerate(lengths)]
    model = Measured()
    costs = work_out({"collage": in_batches("collage", 0, pairs, 1)}, 0, model, BenchmarkSettings())  # type: ignore[arg-type]
    assert (len(model.counted), model.counted[0], model.counted[-1]) == (12, 100, 490)
    assert costs.rows[0].motions == 40
    assert costs.rows[0].seconds == pytest.approx(40 * 0.5 + 10 * sum(lengths) * 0.001, rel=0.03)
    tell_cost(costs, Workers(), "this machine")
    assert f"about {costs.rows[0].evaluations}" in capsys.readouterr().out


def test_nothing_to_make_and_units_of_time(capsys: pytest.CaptureFixture[str]) -> None:
    tell_cost(Costs((), 64, {}), Workers(), "this machine")
    assert "all 64 motions are there from an earlier run; nothing is made" in capsys.readouterr().out
    assert [duration(s) for s in (0.01, 59, 600, 86_400)] == ["1 s", "59 s", "10 min", "24.0 h"]
