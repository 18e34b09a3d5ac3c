"""A cache of rows: used again by content, continued where it was interrupted, renewed where a source changed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mdm_adapter.data import cache
from mdm_adapter.data.cache import HEADER, Kept, Part, RowCache, Source, digest_of

WIDTH = 3


class Workshop:
    """Sources that note when they are asked to make something."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.breaks_at = -1

    def source(self, number: int, version: int = 0) -> Source:
        def make() -> tuple[list[Part], dict[str, str]]:
            if number == self.breaks_at:
                raise KeyboardInterrupt
            self.made.append(number)
            rows = torch.full((number, WIDTH), float(number + 100 * version))
            parts = [Part(rows, {"name": f"clip {number}"}), Part(rows[:1] + 0.5, {"name": "more"})]
            return (parts, {}) if number else ([], {"0": "nothing in it"})

        return Source(lambda: digest_of(number, version), make)

    def sources(self, *numbers: int, version: int = 0) -> list[Source]:
        return [self.source(number, version) for number in numbers]


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def fill(tmp_path: Path) -> Callable[..., list[Kept]]:
    def run(sources: list[Source], **options: object) -> list[Kept]:
        kept, _ = RowCache(tmp_path / "cache", "rows", WIDTH).fill(sources, **options)  # type: ignore[arg-type]
        return kept

    return run


def check(kept: list[Kept], numbers: tuple[int, ...], version: int = 0) -> None:
    assert len(kept) == len(numbers)
    for one, number in zip(kept, numbers, strict=True):
        assert one.notes == ({} if number else {"0": "nothing in it"})
        if number:
            assert [part.about["name"] for part in one.parts] == [f"clip {number}", "more"]
            value = float(number + 100 * version)
            assert one.parts[0].rows.tolist() == [[value] * WIDTH] * number
            assert one.parts[1].rows.tolist() == [[value + 0.5] * WIDTH]


def test_rows_lie_in_one_plain_file(
    workshop: Workshop, fill: Callable[..., list[Kept]], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    check(fill(workshop.sources(2, 0, 4), progress=lambda *state: seen.append(state)), (2, 0, 4))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    array = np.load(tmp_path / "cache" / "rows.npy", allow_pickle=False)
    assert array.shape == (2 + 1 + 4 + 1, WIDTH)
    assert array.dtype == np.float32
    assert (tmp_path / "cache" / "rows.npy").stat().st_size == HEADER + array.nbytes
    assert sorted(file.name for file in (tmp_path / "cache").iterdir()) == ["rows.jsonl", "rows.npy"]


def test_known_sources_are_not_made_again(workshop: Workshop, fill: Callable[..., list[Kept]]) -> None:
    fill(workshop.sources(2, 0, 4))
    workshop.made.clear()
    check(fill(workshop.sources(2, 0, 4)), (2, 0, 4))
    assert workshop.made == []


@pytest.mark.parametrize("numbers", [(2, 0), (2, 0, 5), (2, 0, 4, 1), (4, 2)])
def test_other_sources_make_a_new_cache(
    workshop: Workshop, fill: Callable[..., list[Kept]], numbers: tuple[int, ...]
) -> None:
    before = fill(workshop.sources(2, 0, 4))
    check(fill(workshop.sources(*numbers)), numbers)
    check(fill(workshop.sources(*numbers, version=1)), numbers, version=1)
    # Whoever has the old one mapped still sees its rows.
    check(before, (2, 0, 4))


def test_an_interrupted_cache_goes_on(workshop: Workshop, fill: Callable[..., list[Kept]]) -> None:
    workshop.breaks_at = 3
    with pytest.raises(KeyboardInterrupt):
        fill(workshop.sources(2, 1, 3, 4))
    workshop.breaks_at = -1
    workshop.made.clear()
    check(fill(workshop.sources(2, 1, 3, 4)), (2, 1, 3, 4))
    assert workshop.made == [3, 4]


def test_a_refused_source_leaves_nothing_behind_unless_it_took_long(
    workshop: Workshop, fill: Callable[..., list[Kept]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> tuple[list[Part], dict[str, str]]:
        raise ValueError("clip 9 is broken")

    sources = [*workshop.sources(2, 1), Source(lambda: digest_of(9), refuse)]
    with pytest.raises(ValueError, match="clip 9"):
        fill(sources)
    assert not list((tmp_path / "cache").iterdir())
    monkeypatch.setattr(cache, "FLUSH_BYTES", 16)  # as if it were hours
    with pytest.raises(ValueError, match="clip 9"):
        fill(sources)
    workshop.made.clear()
    check(fill(workshop.sources(2, 1, 3)), (2, 1, 3))
    assert workshop.made == [3]


def test_an_interrupted_cache_of_something_else_is_cut_off(
    workshop: Workshop, fill: Callable[..., list[Kept]]
) -> None:
    workshop.breaks_at = 3
    with pytest.raises(KeyboardInterrupt):
        fill(workshop.sources(2, 1, 3))
    workshop.breaks_at = -1
    workshop.made.clear()
    check(fill(workshop.sources(2, 4, 3)), (2, 4, 3))
    assert workshop.made == [4, 3]


def test_rows_that_did_not_reach_the_disk_are_made_again(
    workshop: Workshop, fill: Callable[..., list[Kept]], tmp_path: Path
) -> None:
    workshop.breaks_at = 3
    with pytest.raises(KeyboardInterrupt):
        fill(workshop.sources(2, 1, 3))
    workshop.breaks_at = -1
    partial = tmp_path / "cache" / "rows.partial.npy"
    partial.write_bytes(partial.read_bytes()[: HEADER + 3 * WIDTH * 4 + 5])
    check(fill(workshop.sources(2, 1, 3)), (2, 1, 3))


@pytest.mark.parametrize("damage", ["rows", "index", "shape", "no rows", "no index"])
def test_a_damaged_cache_is_made_anew(
    workshop: Workshop, fill: Callable[..., list[Kept]], tmp_path: Path, damage: str
) -> None:
    fill(workshop.sources(2, 4))
    rows, index = tmp_path / "cache" / "rows.npy", tmp_path / "cache" / "rows.jsonl"
    if damage == "rows":
        rows.write_bytes(rows.read_bytes()[:-8])
    elif damage == "index":
        index.write_text(index.read_text()[:-20] + "\n")
    elif damage == "shape":
        lines = [json.loads(line) for line in index.read_text().splitlines()]
        lines[1]["parts"][0][0] = 10**9
        index.write_text("".join(json.dumps(line) + "\n" for line in lines))
    else:
        (rows if damage == "no rows" else index).unlink()
    check(fill(workshop.sources(2, 4)), (2, 4))


def test_nothing_at_all_is_a_cache_too(workshop: Workshop, fill: Callable[..., list[Kept]]) -> None:
    assert fill([]) == []
    check(fill(workshop.sources(0)), (0,))


def test_two_processes_do_not_fill_one_cache(workshop: Workshop, fill: Callable[..., list[Kept]]) -> None:
    """The second comes while the first is at work."""
    messages: list[str] = []

    def make() -> tuple[list[Part], dict[str, str]]:
        with pytest.raises(ValueError, match="another process is filling") as refused:
            fill(workshop.sources(2))
        messages.append(str(refused.value))
        return [], {}

    fill([Source(lambda: "first", make)])
    assert "--cache" in messages[0]


def test_a_folder_that_cannot_be_made_is_named(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cannot write .*--cache"):
        RowCache(tmp_path / "file" / "cache", "rows", WIDTH).fill(workshop.sources(1))


def test_digests_keep_contents_apart() -> None:
    assert digest_of(b"ab", b"c") != digest_of(b"a", b"bc")
    assert digest_of(b"a", 1) != digest_of(b"a", "1")
