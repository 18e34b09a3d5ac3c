"""Who judges, and by which real motion: evaluators and the clips that they are used on, bundled or of one's own."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from motioncollage import plugins
from motioncollage.shell import values
from motioncollage.shell.output import notes, progress_bar

if TYPE_CHECKING:
    from eval.benchmark.protocol import AnyProtocol
    from eval.benchmark.reference import Reference
    from eval.judges.protocol import TextMotionEvaluator

BENCHMARKS = ("starter", "humanml3d", "babel")


class Judge(NamedTuple):
    """An evaluator, and what results remember of it."""

    evaluator: "TextMotionEvaluator"
    name: str


@dataclass(frozen=True)
class JudgingOptions:
    """The files of an evaluator and of real motion; without, those that ship with the package.

    What to make:
        data: HumanML3D folder, or BABEL's; for starter and actions only to measure or judge real clips anew.
        evaluator: The official t2m/ folder, or an evaluator.safetensors of train evaluator.
        glove: The official glove/ folder.
    """

    data: Annotated[Path, values.place_option(what="--data")] | None = None
    evaluator: Annotated[Path, values.place_option(what="--evaluator")] | None = None
    glove: Annotated[Path, values.folder_option(what="--glove")] | None = None

    @property
    def official(self) -> bool:
        """The evaluator is the published one, which reads words with their kinds."""
        return self.evaluator is not None and self.evaluator.is_dir()

    def check(self, benchmark: str) -> None:
        """The files that a benchmark needs are there, and such as it needs.

        Raises:
            ValueError, FileNotFoundError: one is not.
        """
        from eval.benchmark.before import check_babel, check_humanml3d

        full = benchmark == "humanml3d"
        wordless = self.official and self.glove is None
        if full and (self.data is None or self.evaluator is None or wordless):
            raise ValueError(
                "the humanml3d benchmark needs --data HumanML3D/ --evaluator t2m/ --glove glove/: the dataset, the"
                " official evaluator (text_mot_match/, Comp_v6_KLD01/) and its word vectors (our_vab_*)"
            )
        if benchmark == "babel" and (self.data is None or wordless):
            raise ValueError(
                "the babel benchmark needs --data BABEL/ (val.json of babel_v1.0_release, and pose_data/ with AMASS's joints), and"
                " with --evaluator t2m/ also --glove glove/"
            )
        if self.data is not None and benchmark == "babel":
            check_babel(self.data)
        elif self.data is not None and not self.data.is_dir():
            raise ValueError(f"data folder {self.data} does not exist; give a HumanML3D folder")
        elif self.data is not None and full:
            check_humanml3d(self.data)
        if self.data is None and self.evaluator is not None:
            raise ValueError(
                "another evaluator needs --data: the bundled figures of real motion belong to the bundled one"
            )

    def judge(self) -> Judge:
        """The evaluator.

        Raises:
            ValueError, FileNotFoundError: its files are missing, damaged or something else's.
        """
        import hashlib

        from eval.benchmark.settings import WIDTH
        from eval.judges.official import load_official_evaluator
        from eval.judges.starter import load_starter_evaluator

        if self.evaluator is not None and self.official:
            official = load_official_evaluator(self.evaluator, self.glove)
            if official.dims.pose != WIDTH:
                kit = " (KIT-ML's)" if official.dims.pose == 251 else ""
                raise ValueError(
                    f"the evaluator in {self.evaluator} reads {official.dims.pose} numbers a frame{kit}, not {WIDTH};"
                    " give HumanML3D's t2m/"
                )
            return Judge(official, f"official {self.evaluator.name}")
        file = self.evaluator or bundled_evaluator()
        return Judge(
            load_starter_evaluator(file), hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()
        )

    def reference(self, judge: Judge, benchmark: str) -> "Reference":
        """The real motion of a benchmark: measured, unless it is the bundled one."""
        from eval.benchmark.reference import Reference, measure_reference, sequence_reference
        from eval.benchmark.settings import digest
        from eval.checks import rates

        if self.data is None:
            return replace(Reference.load(bundled_reference()), happened=rates.bundled())
        if benchmark == "babel":
            with progress_bar("reading BABEL") as update:
                recorded = plugins.load("readers", "babel")(self.data, progress=update)
            facts = [(s.name, [(a.text, a.start, a.stop) for a in s.actions]) for s in recorded]
            _tell_rejected(recorded.rejected)
            return sequence_reference(
                recorded, digest(f"{judge.name} {benchmark}", facts), tagged=self.official
            )
        items = benchmark == "humanml3d"
        with progress_bar("reading test") as update:
            dataset = plugins.load("readers", "items" if items else "dataset")(
                self.data, "test", progress=update
            )
        identity = digest(judge.name, [(clip.name, clip.frames, clip.captions) for clip in dataset])
        with progress_bar("measuring real motion") as update:
            reference, rejected = measure_reference(
                dataset, judge.evaluator, identity, folder=self.data, tagged=self.official, items=items, progress=update
            )  # fmt: skip
        _tell_rejected(rejected)
        return reference


def check_benchmark(how: "AnyProtocol", benchmark: str) -> None:
    """A benchmark is known, and the protocol is for it.

    Raises:
        ValueError: otherwise.
    """
    from eval.benchmark.protocol import Protocol

    if benchmark not in BENCHMARKS:
        raise ValueError(f"benchmark {benchmark!r} is unknown; choose one of {', '.join(BENCHMARKS)}")
    if isinstance(how, Protocol) and benchmark != how.benchmark and "babel" in (benchmark, how.benchmark):
        raise ValueError(
            f"the protocol {how.name} is not for the benchmark {benchmark}; babel goes with babel"
        )


def _tell_rejected(rejected: dict[str, str]) -> None:
    from collections import Counter

    for reason, count in Counter(rejected.values()).most_common(10):
        example = next(name for name, why in rejected.items() if why == reason)
        notes.print(f"left out {count}: {reason} (such as {example})")


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
