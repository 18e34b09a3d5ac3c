"""`motioncollage eval`: compare ways of making long motion."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from motioncollage import plugins
from motioncollage.hub import is_hub_name
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import (
    CutOptions,
    Device,
    Force,
    GuidanceOptions,
    SamplingOptions,
    TextEncoderPlace,
    spread_options,
)
from motioncollage.shell.output import notes, progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from eval.benchmark.protocol import AnyProtocol
    from eval.benchmark.reference import Reference
    from eval.benchmark.settings import BenchmarkSettings
    from eval.judges.protocol import TextMotionEvaluator
    from motioncollage.methods import Script
    from motioncollage.sampling.registry import SamplerSettings


@spread_options
def evaluate(
    sampling: SamplingOptions,
    guidance: GuidanceOptions,
    pieces: CutOptions,
    benchmark: Annotated[
        str | None,
        values.option(
            "starter, humanml3d or babel; by default what the protocol is for.", panel=values.MAKING
        ),
    ] = None,
    out: Annotated[
        Path, values.folder("Folder for results; a run that was interrupted goes on in it.")
    ] = Path("out/eval"),
    methods: Annotated[
        str | None,
        values.option("Comma-separated, or all; by default what the protocol compares.", panel=values.MAKING),
    ] = None,
    protocol: Annotated[
        str,
        values.option(
            "long (24 s of one text), composition (several actions), loops, official, flowmdm, babel, actions, or a"
            " plug-in's.",
            panel=values.MAKING,
        ),
    ] = "long",
    repetitions: Annotated[
        int | None,
        values.count("How often all is made anew; 20 by default.", most=1000, panel=values.LENGTH),
    ] = None,
    texts: Annotated[
        int | None,
        values.count(
            "Motions per method and repetition; 32 by default, of official the whole test set.",
            most=100_000,
            panel=values.LENGTH,
        ),
    ] = None,
    takes: Annotated[
        int | None,
        values.count(
            "Takes of every action, of the protocol actions; 16 by default.", most=10_000, panel=values.LENGTH
        ),
    ] = None,
    only: Annotated[
        str | None,
        values.option("Labels of actions, comma-separated, for the protocol actions.", panel=values.MAKING),
    ] = None,
    compositions: Annotated[
        Path | None,
        values.file_option(
            "FlowMDM's humanml_test_set.json, for the protocol flowmdm; else texts are drawn.",
            what="--compositions",
            panel=values.MAKING,
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        values.choice(
            "Part of that file: short, medium, long; all of it by default.",
            known=("short", "medium", "long"),
            panel=values.MAKING,
        ),
    ] = None,
    jerk_reference: Annotated[
        str | None,
        values.choice(
            "measured, or flowmdm: the area under the jerk from FlowMDM's constant beside ours (its protocol's default).",
            known=("measured", "flowmdm"),
            panel=values.ADVANCED,
        ),
    ] = None,
    quick: Annotated[
        bool, values.option("A rough table in about five minutes on two cores.", panel=values.LENGTH)
    ] = False,
    timing: Annotated[
        bool, values.option("Also measure wall-clock against length.", panel=values.OUTPUT)
    ] = True,
    tail: Annotated[
        str,
        values.choice(
            "What the official evaluator sees behind a sample's end: kept (as published) or zero.",
            known=("kept", "zero"),
            panel=values.ADVANCED,
        ),
    ] = "kept",
    model: Annotated[
        str,
        values.option(
            "A bundled model, a checkpoint folder, or hf:owner/name[@revision].", panel=values.MAKING
        ),
    ] = BUNDLED["motion"],
    text_encoder: TextEncoderPlace = None,
    data: Annotated[
        Path | None,
        values.place_option(
            "HumanML3D folder, or BABEL's; for starter and actions only to measure or judge real clips anew.",
            what="--data",
            panel=values.MAKING,
        ),
    ] = None,
    evaluator: Annotated[
        Path | None,
        values.place_option(
            "The official t2m/ folder, or an evaluator.safetensors of train evaluator.",
            what="--evaluator",
            panel=values.MAKING,
        ),
    ] = None,
    glove: Annotated[
        Path | None,
        values.folder_option("The official glove/ folder.", what="--glove", panel=values.MAKING),
    ] = None,
    seed: Annotated[int, values.seed("Of draws and noise.")] = 0,
    device: Device = "auto",
    precision: Annotated[
        str | None,
        values.option("auto, float32 or bfloat16; the preset's by default.", panel=values.ADVANCED),
    ] = None,
    table: Annotated[
        str | None,
        values.choice(
            "What the terminal shows: main (four metrics, the default) or all.",
            known=("main", "all"),
            panel=values.OUTPUT,
        ),
    ] = None,
    force: Force = False,
    dry_run: Annotated[
        bool,
        values.option(
            "Check everything, say what it will cost, and make nothing.", "--dry-run", panel=values.OUTPUT
        ),
    ] = False,
) -> None:
    """Measure methods for long motion against each other, as in tables 3 and 4 of the paper.

    Several processes share the work: torchrun --nproc-per-node 2 -m motioncollage.shell.main eval ...
    """
    from eval.benchmark.protocol import OwnProtocol, Task, any_protocol
    from eval.benchmark.run import run
    from eval.benchmark.settings import REPRESENTATION
    from eval.benchmark.tables import TABLES
    from eval.commands import before
    from motioncollage.devices import choose_device
    from motioncollage.models import at_hand, load_model

    how = any_protocol(protocol)
    some: dict[str, object] = {"takes": takes, "only": only, "compositions": compositions}
    some |= {"scenario": scenario, "jerk_reference": jerk_reference}
    unread = {name: value for name, value in some.items() if name not in how.reads}
    if isinstance(how, OwnProtocol):
        unread |= {"benchmark": benchmark, "evaluator": evaluator, "glove": glove}
        unread |= {"repetitions": repetitions, "texts": texts, "table": table}
    _refuse(protocol, unread)
    labels = None if only is None else tuple(filter(None, (name.strip() for name in only.split(","))))
    given: dict[str, Any] = {"repetitions": repetitions, "texts": texts, "takes": takes, "only": labels}
    given |= {"scenario": scenario, "jerk_reference": jerk_reference}
    given |= {"compositions": None if compositions is None else str(compositions)}
    settings = _settings(how, given, sampling.settings(), pieces, seed, tail, quick=quick)
    chosen = before.named_methods(",".join(how.methods or ("all",)) if methods is None else methods)
    compared = "" if isinstance(how, OwnProtocol) else benchmark or how.benchmark
    before.check_names(how)
    choose_device(device)
    before.check_place(out, force=force)
    if compared:
        before.check_benchmark(how, compared)
        before.check_files(compared, data, evaluator, glove)
    at_hand(model, medium="motion")
    # Whatever may be wrong with a file comes out before anything long: the judge's, then the model's, then the data's.
    judge = load_evaluator(evaluator, glove) if compared else None
    pipeline = load_model(model, medium="motion", device=device, text_encoder=text_encoder)
    chosen = before.usable_methods(chosen, pipeline, named=methods is not None)
    if is_hub_name(model):
        model = pipeline.name  # with its commit: results say which weights they are of
    if judge is not None:
        # Evaluators and the lengths of their scripts are of one representation; other models' motions are written in it.
        pipeline = pipeline.written_as(REPRESENTATION)
    changes = sampling.with_model(pipeline.model, guidance, precision)
    settings = replace(settings, methods=replace(settings.methods, **changes))

    def sheet(path: Path, features: "Tensor", script: "Script") -> None:
        plugins.load("writers", "png").write(path, pipeline.shown(features, script), force=True)

    if isinstance(how, OwnProtocol):
        how.run(Task(settings, chosen, pipeline, model, data, out, sheet, dry_run))
    elif judge is not None:
        reference = load_reference(*judge, compared, data, evaluator)
        run(
            settings, chosen, pipeline, judge[0], reference, out, timing=timing and how.timed, model=model,
            benchmark=compared, sheet=sheet, table=table or TABLES[0], dry_run=dry_run,
        )  # fmt: skip


def _refuse(protocol: str, options: dict[str, object]) -> None:
    """Options that a protocol does not read."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"the protocol {protocol} does not read --{name.replace('_', '-')}; leave it out"
            )


def _settings(
    how: "AnyProtocol", given: dict[str, Any], sampler: "SamplerSettings", pieces: CutOptions, seed: int, tail: str,
    *, quick: bool,
) -> "BenchmarkSettings":  # fmt: skip
    from eval.benchmark import settings as s

    chosen = s.BenchmarkSettings(
        protocol=how.name, seed=seed, tail=tail, **{**how.defaults, **(how.quick if quick else {})}
    )
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    cut = pieces.settings(s.FPS)
    methods = replace(
        chosen.methods,
        sampler=sampler,
        overlap=cut["overlap"],
        taper=cut["taper"],
        own_text=cut["own_text"],
        piece=cut["piece"],
        loop=how.loop,
    )
    chosen = replace(chosen, methods=methods)
    how.check(chosen)
    return chosen


def load_judge(
    benchmark: str, data: Path | None, evaluator: Path | None, glove: Path | None
) -> "tuple[TextMotionEvaluator, Reference]":
    """The evaluator and the real clips it is used on."""
    from eval.commands.before import check_files

    check_files(benchmark, data, evaluator, glove)
    judge = load_evaluator(evaluator, glove)
    return judge[0], load_reference(*judge, benchmark, data, evaluator)


def load_reference(
    judge: "TextMotionEvaluator", name: str, benchmark: str, data: Path | None, evaluator: Path | None
) -> "Reference":
    """The real clips that an evaluator is used on.

    Args:
        name: what results remember of the evaluator.
        evaluator: where it is from; None for the bundled one.
    """
    from eval.benchmark.reference import Reference, measure_reference
    from eval.benchmark.settings import digest
    from eval.checks import rates

    official = benchmark == "humanml3d"
    if benchmark == "babel":
        assert data is not None  # as `check_files` has seen
        tagged = evaluator is not None and evaluator.is_dir()
        return _sequences(data, f"{name} {benchmark}", tagged=tagged)
    if data is None:
        return replace(Reference.load(bundled_reference()), happened=rates.bundled())
    with progress_bar("reading test") as update:
        dataset = plugins.load("readers", "items" if official else "dataset")(data, "test", progress=update)
    identity = digest(name, [(clip.name, clip.frames, clip.captions) for clip in dataset])
    with progress_bar("measuring real motion") as update:
        reference, rejected = measure_reference(
            dataset,
            judge,
            identity,
            folder=data,
            tagged=evaluator is not None and evaluator.is_dir(),
            items=official,
            progress=update,
        )
    _tell_rejected(rejected)
    return reference


def _sequences(data: Path, name: str, *, tagged: bool) -> "Reference":
    """BABEL's recorded sequences."""
    from eval.benchmark.reference import sequence_reference
    from eval.benchmark.settings import digest

    with progress_bar("reading BABEL") as update:
        recorded = plugins.load("readers", "babel")(data, progress=update)
    identity = digest(name, [(s.name, [(a.text, a.start, a.stop) for a in s.actions]) for s in recorded])
    _tell_rejected(recorded.rejected)
    return sequence_reference(recorded, identity, tagged=tagged)


def _tell_rejected(rejected: dict[str, str]) -> None:
    from collections import Counter

    for reason, count in Counter(rejected.values()).most_common(10):
        example = next(name for name, why in rejected.items() if why == reason)
        notes.print(f"left out {count}: {reason} (such as {example})")


def load_evaluator(path: Path | None, glove: Path | None) -> "tuple[TextMotionEvaluator, str]":
    """An evaluator and what results remember of it.

    Raises:
        ValueError, FileNotFoundError: its files are missing, damaged or something else's.
    """
    import hashlib

    from eval.benchmark.settings import WIDTH
    from eval.judges.official import load_official_evaluator
    from eval.judges.starter import load_starter_evaluator

    if path is not None and path.is_dir():
        official = load_official_evaluator(path, glove)
        if official.dims.pose != WIDTH:
            kit = " (KIT-ML's)" if official.dims.pose == 251 else ""
            raise ValueError(
                f"the evaluator in {path} reads {official.dims.pose} numbers a frame{kit}, not {WIDTH}; give HumanML3D's t2m/"
            )
        return official, f"official {path.name}"
    file = bundled_evaluator() if path is None else path
    return load_starter_evaluator(file), hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()


def bundled_evaluator() -> Path:
    """The evaluator that ships with the package."""
    return _asset("evaluator.safetensors")


def bundled_reference() -> Path:
    """The real side of the starter benchmark, by that evaluator."""
    return _asset("reference.npz")


def _asset(name: str) -> Path:
    from importlib.resources import as_file, files

    with as_file(files("eval") / "assets" / "evaluator" / name) as path:
        return path
