"""Photos that come along: whose they are, that all are free, and which one a seed takes."""

import json
from pathlib import Path

import pytest
from command_line import Command
from PIL import Image

from motioncollage.image.likeness import LEAST_SIDE
from motioncollage.image.photos import KINDS, LANDSCAPES, MANIFEST, PANORAMAS, TEXTURES, load_photos
from motioncollage.models import BUNDLED, folder_of, load_model

FOLDER = folder_of(BUNDLED["photos"], medium="photos")
LIBRARY = load_photos(FOLDER)


def test_every_file_is_named_and_free_and_small() -> None:
    rows = json.loads((FOLDER / MANIFEST).read_text(encoding="utf-8"))
    on_disk = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.jpg")}
    assert {row["file"] for row in rows} == on_disk
    assert len(rows) == len(on_disk)
    others = {path.name for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".jpg"}
    assert others == {MANIFEST, "README.md", "LICENSES.md"}
    told = (FOLDER / "LICENSES.md").read_text(encoding="utf-8")
    for row in rows:
        assert row["licence"] == "CC0 1.0", row
        assert all(row[name].strip() for name in ("title", "author", "source", "change")), row
        line = next(line for line in told.splitlines() if line.startswith(f"| {row['file']} |"))
        assert line.split(" | ")[1:5] == [row["title"], row["author"], row["licence"], row["source"]]
        assert f"\n- {row['source'].split(':')[0]}: " in told
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 5e6


@pytest.mark.parametrize("photo", LIBRARY.photos, ids=lambda photo: photo.path.stem)
def test_a_photo_is_large_enough(photo: object) -> None:
    with Image.open(photo.path) as opened:  # type: ignore[attr-defined]
        assert opened.format == "JPEG"
        assert min(opened.size) >= 2 * LEAST_SIDE
        if photo.kind == PANORAMAS:  # type: ignore[attr-defined]
            assert opened.width == 2 * opened.height


@pytest.mark.parametrize(
    ("words", "kind"), [("texture", TEXTURES), ("wide", LANDSCAPES), ("panorama", LANDSCAPES), ("cubemap", PANORAMAS)]
)  # fmt: skip
def test_help_and_card_name_the_classes(command: Command, words: str, kind: str) -> None:
    *most, last = LIBRARY.classes(kind)
    shown = " ".join(command("image", words, "--help").out.split())
    assert f"Of photos {', '.join(most)} or {last};" in shown
    rows = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    row = next(row for row in rows if row.startswith("| `image") and f"`image {words}`" in row)
    assert row.endswith(f"| {', '.join([*most, last])} |")


def test_seeds_and_samples_take_one_photo_after_the_other() -> None:
    found = [LIBRARY.choose(LANDSCAPES, "mountains", seed)[0] for seed in range(6)]
    count = len(set(found))
    assert count == 3
    assert found[:count] == found[count:]
    assert LIBRARY.choose(LANDSCAPES, "mountains", 1, samples=3) == found[1:4]
    # The middle of a panorama of all directions is a landscape; a landscape is no such panorama.
    assert {photo.kind for photo in found} == {LANDSCAPES, PANORAMAS}
    assert {photo.kind for photo in LIBRARY.choose(PANORAMAS, "meadow", 0, samples=9)} == {PANORAMAS}


def test_all_kinds_are_there_and_unknown_classes_refused() -> None:
    assert all(LIBRARY.classes(kind) for kind in KINDS)
    with pytest.raises(
        ValueError, match="class 'sea' is unknown; there are photos of meadow, mountains, steppe"
    ):
        LIBRARY.choose(PANORAMAS, "sea", 0)
    loaded = load_model(BUNDLED["photos"], medium="photos")
    assert [photo.path for photo in loaded.photos] == [photo.path for photo in LIBRARY.photos]


@pytest.mark.parametrize("text", ["{}x", "[1]", '[{"file": 1}]', "{}", '[{"file": "a.jpg", "title": "a"}]'])
def test_other_lists_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    if text == "{}":
        assert not load_photos(tmp_path).photos
        return
    with pytest.raises(ValueError, match=r"is not JSON|is no list of photos"):
        load_photos(tmp_path)
