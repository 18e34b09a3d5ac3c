"""What commands that make motion leave in a folder."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mdm_adapter.commands.options import OutputOptions
from motioncollage import plugins
from motioncollage.shell.output import check_output, console, keeping, progress_bar

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion
    from mdm_adapter.pipeline import MotionPipeline


@dataclass(frozen=True)
class Output:
    """Motion, videos, contact sheets and other formats of `samples` motions; videos play a loop `cycles` times."""

    folder: Path
    samples: int
    video: bool
    sheet: bool
    force: bool
    cycles: int = 1
    formats: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: OutputOptions, *, cycles: int = 1) -> "Output":
        from mdm_adapter.motion import format_names

        written = {"npz"} | ({"mp4"} if wanted.video else set())
        formats = tuple(name for name in format_names(wanted.formats) if name not in written)
        return cls(wanted.out, wanted.samples, wanted.video, wanted.sheet, wanted.force, cycles, formats)

    def names(self, stem: str, suffix: str) -> list[str]:
        """One file per sample: `motion.mp4`, then `motion-2.mp4` and so on."""
        return [f"{stem}{'' if i == 0 else f'-{i + 1}'}{suffix}" for i in range(self.samples)]

    def making(self) -> AbstractContextManager[None]:
        """Around the sampling: what Ctrl-C leaves."""
        return keeping(f"nothing was written to {self.folder}; the same command starts anew")

    def check(self) -> None:
        """Fail before the work rather than after it."""
        for name in self.formats:
            plugins.load("writers", name).check(name, self.samples)
        check_output(self.folder, self.files, force=self.force)

    @property
    def files(self) -> list[str]:
        """Names of all that is written."""
        files = ["motion.npz"]
        files += self.names("motion", ".mp4") if self.video else []
        files += self.names("contact_sheet", ".png") if self.sheet else []
        for name in self.formats:
            writer = plugins.load("writers", name)
            target = self.target(name)
            files += [target.name] if writer.together else self.names(target.stem, target.suffix)
        return files

    def target(self, name: str) -> Path:
        """Where a format goes."""
        from mdm_adapter.motion import target_of

        return target_of(self.folder / "motion", name)

    def write(self, motion: "Motion", model: "MotionPipeline") -> None:
        """Write everything; the motion first, since pictures can be drawn again."""
        saved = self.folder / "motion.npz"
        if self.force:
            # Pictures and formats of the motion before go first: they would not belong to the new one.
            for name in self.files:
                if name != saved.name:
                    (self.folder / name).unlink(missing_ok=True)
        motion.save(saved, force=self.force)
        console.print(f"wrote {saved}")
        missing = f"{saved} is kept; motioncollage export {saved} --to mp4,png writes what is missing"
        with keeping(missing):
            self._show(motion, model)

    def _show(self, motion: "Motion", model: "MotionPipeline") -> None:
        """Formats, sheets and videos."""
        from mdm_adapter.io.sheet import render_contact_sheet
        from mdm_adapter.io.video import render_video

        closed = {"loop": True} if motion.settings.get("loop") else {}
        for name in self.formats:
            options = closed if plugins.load("writers", name).loops else {}
            for written in motion.save(self.target(name), force=self.force, format=name, **options):
                console.print(f"wrote {written}")
        played = motion if self.cycles == 1 else model.tiled(motion, self.cycles)
        for i, joints in enumerate(motion.joints):
            common = {"fps": motion.fps, "segments": motion.segments, "force": self.force}
            if self.sheet:
                target = self.folder / self.names("contact_sheet", ".png")[i]
                render_contact_sheet(target, joints, **common)  # type: ignore[arg-type]
                console.print(f"wrote {target}")
            if self.video:
                target = self.folder / self.names("motion", ".mp4")[i]
                with progress_bar("rendering") as update:
                    common["segments"] = played.segments
                    render_video(target, played.joints[i], progress=update, **common)  # type: ignore[arg-type]
                console.print(f"wrote {target}")
