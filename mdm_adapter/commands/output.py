"""What commands that make motion leave in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mdm_adapter.commands.options import OutputOptions
from motioncollage import plugins
from motioncollage.shell.output import check_output, console, progress_bar

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
    also: tuple[str, ...] = ()
    cycles: int = 1

    @classmethod
    def of(cls, wanted: OutputOptions, *, cycles: int = 1) -> "Output":
        written = {"npz"} | ({"mp4"} if wanted.video else set())
        endings = [ending.strip().lower().lstrip(".") for ending in wanted.also.split(",")]
        also = tuple(ending for ending in dict.fromkeys(endings) if ending and ending not in written)
        return cls(wanted.out, wanted.samples, wanted.video, wanted.sheet, wanted.force, also, cycles)

    def names(self, stem: str, suffix: str) -> list[str]:
        """One file per sample: `motion.mp4`, then `motion-2.mp4` and so on."""
        return [f"{stem}{'' if i == 0 else f'-{i + 1}'}{suffix}" for i in range(self.samples)]

    def check(self) -> None:
        """Fail before the work rather than after it."""
        files = ["motion.npz"]
        files += self.names("motion", ".mp4") if self.video else []
        files += self.names("contact_sheet", ".png") if self.sheet else []
        for ending in self.also:
            together = plugins.load("writers", ending).together
            files += [f"motion.{ending}"] if together else self.names("motion", f".{ending}")
        check_output(self.folder, files, force=self.force)

    def write(self, motion: "Motion", model: "MotionPipeline") -> None:
        """Write everything; the motion first, since pictures can be drawn again."""
        from mdm_adapter.io.sheet import render_contact_sheet
        from mdm_adapter.io.video import render_video
        from mdm_adapter.motion import write_motion

        motion.save(self.folder / "motion.npz", force=self.force)
        console.print(f"wrote {self.folder / 'motion.npz'}")
        for ending in self.also:
            for target in write_motion(self.folder / f"motion.{ending}", motion, force=self.force):
                console.print(f"wrote {target}")
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
