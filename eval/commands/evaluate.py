"""`motioncollage eval`: compare ways of making long motion."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from eval.benchmark.judging import JudgingOptions
from motioncollage import plugins
from motioncollage.hub import is_hub_name
from motioncollage.shell import values
from motioncollage.shell.options import (
    CutOptions,
    Force,
    GuidanceOptions,
    ModelOptions,
    SamplingOptions,
)

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.methods import Script

OF_EVALUATORS = (
    "repetitions",
    "texts",
    "benchmark",
    "evaluator",
    "glove",
    "table",
)  # not of protocols without one


@dataclass(frozen=True)
class AskedOptions:
    """What a protocol draws and makes; options that only some protocols read are refused for others.

    How long:
        repetitions: How often all is made anew; 20 by default.
        texts: Motions per method and repetition; 32 by default, of official the whole test set.
        takes: Takes of every action, of the protocol actions; 16 by default.
    What to make:
        only: Labels of actions, comma-separated, for the protocol actions.
        compositions: FlowMDM's humanml_test_set.json, for the protocol flowmdm; else texts are drawn.
        scenario: Part of that file: short, medium, long; all of it by default.
    Advanced:
        jerk_reference: measured, or flowmdm: the area under the jerk from FlowMDM's constant beside ours (its protocol's
            default).
    """

    repetitions: Annotated[int, values.count(most=1000)] | None = None
    texts: Annotated[int, values.count(most=100_000)] | None = None
    takes: Annotated[int, values.count(most=10_000)] | None = None
    only: str | None = None
    compositions: Annotated[Path, values.file_option(what="--compositions")] | None = None
    scenario: Annotated[str, values.choice(known=("short", "medium", "long"))] | None = None
    jerk_reference: Annotated[str, values.choice(known=("measured", "flowmdm"))] | None = None

    def given(self) -> dict[str, Any]:
        """Fields of `BenchmarkSettings` that were asked for."""
        labels = None if self.only is None else tuple(filter(None, map(str.strip, self.only.split(","))))
        file = None if self.compositions is None else str(self.compositions)
        asked = {**vars(self), "only": labels, "compositions": file}
        return {name: value for name, value in asked.items() if value is not None}


def evaluate(
    sampling: SamplingOptions, guidance: GuidanceOptions, pieces: CutOptions, *, benchmark: str | None = None,
    out: Annotated[Path, values.folder()] = Path("out/eval"), methods: str | None = None, protocol: str = "long",
    asked: AskedOptions, quick: bool = False, timing: bool = True,
    tail: Annotated[str, values.choice(known=("kept", "zero"))] = "kept", which: ModelOptions, judging: JudgingOptions,
    seed: Annotated[int, values.seed()] = 0, precision: str | None = None,
    table: Annotated[str, values.choice(known=("main", "all"))] | None = None, force: Force = False,
    dry_run: Annotated[bool, values.named("--dry-run")] = False,
) -> None:  # fmt: skip
    """Measure methods for long motion against each other, as in tables 3 and 4 of the paper.

    Several processes share the work: torchrun --nproc-per-node 2 -m motioncollage.shell.main eval ...

    How long:
        quick: A rough table in about five minutes on two cores.
    What to make:
        benchmark: starter, humanml3d or babel; by default what the protocol is for.
        methods: Comma-separated, or all; by default what the protocol compares.
        protocol: long (24 s of one text), composition (several actions), loops, official, flowmdm, babel, actions, or a
            plug-in's.
        model: A bundled model, a checkpoint folder, or hf:owner/name[@revision].
        seed: Of draws and noise.
    Output:
        out: Folder for results; a run that was interrupted goes on in it.
        timing: Also measure wall-clock against length.
        table: What the terminal shows: main (four metrics, the default) or all.
        dry_run: Check everything, say what it will cost, and make nothing.
    Advanced:
        tail: What the official evaluator sees behind a sample's end: kept (as published) or zero.
        precision: auto, float32 or bfloat16; the preset's by default.
    """
    from eval.benchmark import before
    from eval.benchmark.judging import check_benchmark
    from eval.benchmark.protocol import OwnProtocol, Task, any_protocol
    from eval.benchmark.run import run
    from eval.benchmark.settings import FPS, REPRESENTATION, BenchmarkSettings
    from eval.benchmark.tables import TABLES
    from motioncollage.devices import choose_device
    from motioncollage.models import at_hand

    how = any_protocol(protocol)
    given = asked.given()
    own_files = {"evaluator": judging.evaluator, "glove": judging.glove}
    reads = how.reads if isinstance(how, OwnProtocol) else (*how.reads, *OF_EVALUATORS)
    for name, value in {**given, "benchmark": benchmark, **own_files, "table": table}.items():
        if value is not None and name not in reads:
            raise ValueError(
                f"the protocol {protocol} does not read --{name.replace('_', '-')}; leave it out"
            )
    defaults: dict[str, Any] = {**how.defaults, **(how.quick if quick else {})}
    settings = replace(BenchmarkSettings(protocol=how.name, seed=seed, tail=tail, **defaults), **given)
    first = replace(settings.methods, sampler=sampling.settings(), loop=how.loop)
    settings = replace(settings, methods=pieces.applied(first, FPS))
    how.check(settings)
    chosen = before.named_methods(",".join(how.methods or ("all",)) if methods is None else methods)
    compared = "" if isinstance(how, OwnProtocol) else benchmark or how.benchmark
    before.check_names(how)
    choose_device(which.device)
    before.check_place(out, force=force)
    if compared:
        check_benchmark(how, compared)
        judging.check(compared)
    at_hand(which.model, medium="motion")
    # Whatever may be wrong with a file comes out before anything long: the judge's, then the model's, then the data's.
    judge = judging.judge() if compared else None
    pipeline = which.load("motion")
    chosen = before.usable_methods(chosen, pipeline, named=methods is not None)
    model = (
        pipeline.name if is_hub_name(which.model) else which.model
    )  # with its commit: whose results they are
    if judge is not None:
        # Evaluators and the lengths of their scripts are of one representation; other models' motions are written in it.
        pipeline = pipeline.written_as(REPRESENTATION)
    settings = replace(
        settings, methods=sampling.applied(settings.methods, pipeline.model, guidance, precision)
    )

    def sheet(path: Path, features: "Tensor", script: "Script") -> None:
        plugins.load("writers", "png").write(path, pipeline.shown(features, script), force=True)

    if isinstance(how, OwnProtocol):
        how.run(Task(settings, chosen, pipeline, model, judging.data, out, sheet, dry_run))
    elif judge is not None:
        reference = judging.reference(judge, compared)
        run(
            settings, chosen, pipeline, judge.evaluator, reference, out, timing=timing and how.timed, model=model,
            benchmark=compared, sheet=sheet, table=table or TABLES[0], dry_run=dry_run,
        )  # fmt: skip
