"""What commands that make motion leave in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from motioncollage.shell.common import check_output, console, progress_bar
from motioncollage.shell.options import OutputOptions

if TYPE_CHECKING:
    from mdm_adapter.io.npz import MotionArchive


@dataclass(frozen=True)
class Output:
    """Motion, videos and contact sheets of `samples` motions; videos play a loop `cycles` times."""

    folder: Path
    samples: int
    video: bool
    sheet: bool
    force: bool
    cycles: int = 1

    @classmethod
    def of(cls, wanted: OutputOptions, *, cycles: int = 1) -> "Output":
        return cls(wanted.out, wanted.samples, wanted.video, wanted.sheet, wanted.force, cycles)

    def names(self, stem: str, suffix: str) -> list[str]:
        """One file per sample: `motion.mp4`, then `motion-2.mp4` and so on."""
        return [f"{stem}{'' if i == 0 else f'-{i + 1}'}{suffix}" for i in range(self.samples)]

    def check(self) -> None:
        """Fail before the work rather than after it."""
        files = ["motion.npz"]
        files += self.names("motion", ".mp4") if self.video else []
        files += self.names("contact_sheet", ".png") if self.sheet else []
        check_output(self.folder, files, force=self.force)

    def write(self, archive: "MotionArchive") -> None:
        """Write everything; the motion first, since pictures can be drawn again."""
        from mdm_adapter.io.npz import save_archive
        from mdm_adapter.io.sheet import render_contact_sheet
        from mdm_adapter.io.video import render_video

        save_archive(self.folder / "motion.npz", archive, force=self.force)
        console.print(f"wrote {self.folder / 'motion.npz'}")
        played = archive if self.cycles == 1 else _repeated(archive, self.cycles)
        for i, joints in enumerate(archive.joints):
            common = {"fps": archive.fps, "segments": archive.segments, "force": self.force}
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


def _repeated(archive: "MotionArchive", cycles: int) -> "MotionArchive":
    """A loop played several times."""
    from dataclasses import replace

    import torch

    from mdm_adapter.editing.loops import tile
    from mdm_adapter.pipeline import archive_of

    period = archive.features.shape[1]
    segments = [
        replace(segment, start=segment.start + cycle * period, end=segment.end + cycle * period)
        for cycle in range(cycles)
        for segment in archive.segments
    ]
    return archive_of(tile(torch.from_numpy(archive.features), cycles), segments, archive.settings)
