"""What making motion leaves in a folder: the motion, a film, a contact sheet, other formats."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage import plugins
from motioncollage.files import numbered
from motioncollage.shell import values
from motioncollage.shell.options import Force, Seed
from motioncollage.shell.output import check_output, console, keeping, progress_bar

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion
    from mdm_adapter.pipeline import MotionPipeline


@dataclass(frozen=True)
class OutputOptions:
    """Where motion goes, and what is made of it.

    What to make:
        samples: How many motions to make of the same request.
    Output:
        out: Folder for motion.npz, motion.mp4 and contact_sheet.png.
        video: Render motion.mp4.
        sheet: Draw contact_sheet.png.
        formats: Also write these formats, with commas: bvh, glb, html, smpl, csv, npy.
    """

    out: Annotated[Path, values.folder()] = Path("out")
    samples: Annotated[int, values.samples()] = 1
    seed: Seed = 0
    video: bool = True
    sheet: bool = True
    force: Force = False
    formats: Annotated[str, values.named("--to", "--export")] = ""

    def making(self) -> AbstractContextManager[None]:
        """Around the sampling: what Ctrl-C leaves."""
        return keeping(f"nothing was written to {self.out}; the same command starts anew")

    def check(self) -> None:
        """Fail before the work rather than after it.

        Raises:
            ValueError: a format that nobody writes or that cannot hold so many, a folder that cannot be used.
        """
        for name in self._also():
            plugins.load("writers", name).check(name, self.samples)
        check_output(self.out, self.files, force=self.force)

    @property
    def files(self) -> list[str]:
        """Names of all that is written."""
        from mdm_adapter.motion import target_of

        files = ["motion.npz"]
        files += self._names("motion", ".mp4") if self.video else []
        files += self._names("contact_sheet", ".png") if self.sheet else []
        for name in self._also():
            target = target_of(Path("motion"), name)
            together = plugins.load("writers", name).together
            files += [target.name] if together else self._names(target.stem, target.suffix)
        return files

    def write(self, motion: "Motion", model: "MotionPipeline", *, cycles: int = 1) -> None:
        """Write everything, the motion first, since pictures can be drawn again; films play a loop `cycles` times."""
        saved = self.out / "motion.npz"
        if self.force:
            # Pictures and formats of the motion before go first: they would not belong to the new one.
            for name in self.files:
                if name != saved.name:
                    (self.out / name).unlink(missing_ok=True)
        motion.save(saved, force=self.force)
        console.print(f"wrote {saved}")
        if others := self._of_another_motion():
            console.print(f"still of an earlier motion, as not asked for now: {', '.join(others)}")
        with keeping(f"{saved} is kept; motioncollage export {saved} --to mp4,png writes what is missing"):
            self._show(motion, motion if cycles == 1 else model.tiled(motion, cycles))

    def _of_another_motion(self) -> list[str]:
        """What lies beside the motion under its name and was not written with it."""
        beside = {path.name for stem in ("motion", "contact_sheet") for path in self.out.glob(f"{stem}[.-]*")}
        return sorted(beside - set(self.files))

    def _show(self, motion: "Motion", played: "Motion") -> None:
        """Formats, sheets and films."""
        from mdm_adapter.motion import target_of

        closed = {"loop": True} if motion.settings.get("loop") else {}
        for name in self._also():
            options = closed if plugins.load("writers", name).loops else {}
            target = target_of(self.out / "motion", name)
            for written in motion.save(target, force=self.force, format=name, **options):
                console.print(f"wrote {written}")
        sheets, films = self._names("contact_sheet", ".png"), self._names("motion", ".mp4")
        for i, (sheet, film) in enumerate(zip(sheets, films)):
            if self.sheet:
                motion.sample(i).save(self.out / sheet, force=self.force)
                console.print(f"wrote {self.out / sheet}")
            if self.video:
                with progress_bar("rendering") as update:
                    played.sample(i).save(self.out / film, force=self.force, progress=update)
                console.print(f"wrote {self.out / film}")

    def _names(self, stem: str, suffix: str) -> list[str]:
        """One file per sample."""
        return [path.name for path in numbered(Path(stem + suffix), self.samples)]

    def _also(self) -> list[str]:
        """Formats beside motion and film."""
        from mdm_adapter.motion import format_names

        return [
            name
            for name in format_names(self.formats)
            if name != "npz" and not (name == "mp4" and self.video)
        ]
