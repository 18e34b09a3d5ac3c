#!/usr/bin/env python3
"""A motion as an animated picture or a still one, drawn by the pages of `motioncollage view`.

    film.py out/motion.npz --out docs/pictures/film.webp --seconds 12
    film.py a.npz b.npz --labels slow fast --out both.png --at 3.5

Needs Chromium, which draws; nothing is fetched. The film shows what a page shows, one picture for every frame of the motion
or of `--fps`, with the sentence of each moment below. A loop's film is one cycle, so that it has no seam.
"""

import argparse
import base64
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import motioncollage as mc
from mdm_adapter.io.viewer.page import page
from motioncollage.files import atomic_path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from browser import BROWSER
from chrome import chrome

PAPER, INK = "#f6f4f0", "#2e3846"
TONES = ("#4f7fd9", "#eba13c", "#4fae86", "#b765a7", "#7d6bd6", "#d9646b", "#3fa9b8", "#97a03f")
# Only the scene takes part: no controls, and it fills the window.
ALONE = """(async () => {
  const page = window.motioncollage;
  page.clock.playing = false;
  for (const part of document.querySelectorAll('#transport, figcaption, .pace, .note')) part.style.display = 'none';
  window.still = async (at) => {
    const drawn = page.drawn;
    page.seek(at);
    // The page paints on the browser's next frame; the canvas is read in that frame, before it is cleared.
    while (page.drawn === drawn) await new Promise((done) => requestAnimationFrame(done));
    return document.getElementById('canvas').toDataURL('image/png');
  };
  // The page lays itself out anew when its size changes.
  const wait = () => new Promise((done) => setTimeout(done, 300));
  document.documentElement.style.width = 'calc(100% - 1px)';
  await wait();
  document.documentElement.style.width = '';
  await wait();
  await window.still(0.01);
})()"""


def pictures(text: str, times: Sequence[float], size: tuple[int, int]) -> list[Image.Image]:
    """What the scene of a page shows at some moments, seconds; RGB pictures."""
    if BROWSER is None:
        raise SystemExit("no Chromium on this machine; install it (apt-get install chromium)")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8", errors="replace")
        with chrome(Path(folder) / "profile", size=size) as tab:
            tab.open(file)
            tab.run(ALONE)
            for at in times:
                data = tab.run(f"window.still({at:.4f})").partition(",")[2]
                found.append(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    return found


def captioned(picture: Image.Image, motion: mc.Motion, at: float, tall: int) -> Image.Image:
    """A picture with a motion's sentences below, the present one dark, and a bar of its time."""
    whole = Image.new("RGB", (picture.width, picture.height + tall), PAPER)
    whole.paste(picture)
    draw = ImageDraw.Draw(whole)
    segments, frame = motion.segments, at * motion.fps
    current = max((i for i, s in enumerate(segments) if s.start <= frame + 1e-6), default=0)
    left, right = 0.06 * picture.width, 0.94 * picture.width
    end = max((s.end for s in segments), default=1)
    y = picture.height + 0.74 * tall
    for i, segment in enumerate(segments):
        start, stop = (left + (right - left) * edge / end for edge in (segment.start, segment.end))
        tone = TONES[i % len(TONES)]
        pale = Image.new("RGB", (1, 1), tone)
        shade = Image.blend(pale, Image.new("RGB", (1, 1), PAPER), 0.68).getpixel((0, 0))
        draw.rectangle((start, y, stop - 3, y + 5), fill=shade)
        now = left + (right - left) * frame / end
        if now > start:
            draw.rectangle((start, y, min(now, stop - 3), y + 5), fill=tone)
    if segments:
        words = segments[current].text
        words = words[:1].upper() + words[1:]
        font = _font(min(0.40 * tall, 26))
        draw.text((picture.width / 2, picture.height + 0.36 * tall), words, fill=INK, font=font, anchor="mm")
    return whole


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    import matplotlib

    # DejaVu comes with matplotlib, so that pictures are the same everywhere.
    return ImageFont.truetype(
        Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf", round(size)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", type=Path, nargs="+", help="motions of one or more samples, side by side")
    parser.add_argument("--labels", nargs="+", default=[], help="a name for each file")
    parser.add_argument("--out", type=Path, required=True, help=".webp or .gif for a film, .png for a still")
    parser.add_argument("--at", type=float, help="seconds of a still")
    parser.add_argument("--seconds", type=float, help="of a film; the whole motion by default")
    parser.add_argument("--fps", type=float, default=20)
    parser.add_argument("--size", type=int, nargs=2, default=(800, 460), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--quality", type=int, default=62)
    wanted = parser.parse_args()
    motions = [mc.read(file) for file in wanted.files]
    labels = wanted.labels or [""] * len(motions)
    text = page(list(zip(labels, motions)), theme="light")  # type: ignore[arg-type]
    width, height = wanted.size
    tall = round(0.15 * height)
    still = wanted.at is not None
    seconds = wanted.seconds or motions[0].seconds
    times = [wanted.at] if still else [i / wanted.fps for i in range(round(seconds * wanted.fps))]
    scenes = pictures(text, times, (width, height - tall))
    frames = [captioned(scene, motions[0], at, tall) for scene, at in zip(scenes, times)]
    with atomic_path(wanted.out, force=True) as target:
        kind = wanted.out.suffix.lstrip(".").upper()
        if still:
            small = frames[0].quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            small.save(target, kind, optimize=True)
        else:
            more = {"quality": wanted.quality, "method": 4} if kind == "WEBP" else {}
            pause = round(1000 / wanted.fps)
            frames[0].save(
                target, kind, save_all=True, append_images=frames[1:], duration=pause, loop=0, **more
            )
    print(f"wrote {wanted.out}, {len(frames)} pictures, {wanted.out.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
