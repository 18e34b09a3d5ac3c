"""Projects in a folder: saved at once, refused where another page was quicker, whole after any death."""

import base64
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from moves import travelling

from mdm_adapter.motion import Motion
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.studio.project import Document, Project, Span, Take
from mdm_adapter.studio.start import first_project
from mdm_adapter.studio.store import UNUSED_SECONDS, Store


def motion(speed: float = 1.0) -> Motion:
    joints = travelling(2.0, (0.0, speed)).joints()[None].astype(np.float32)
    return Motion(joints, np.zeros((1, 40, 3), dtype=np.float32))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "studio")


def take_of(name: str, batch: str = "b") -> Take:
    return Take(f"{batch}-0", batch, 1, 0, name, "none", "everything", (Span("walk", "walks", 0, 40),))


def test_saving_counts_and_the_slower_page_is_told(store: Store) -> None:
    name = store.create()
    assert store.save(name, 0, Document(title="one")).revision == 1
    with pytest.raises(Refusal, match="another tab") as refusal:
        store.save(name, 0, Document(title="two"))
    assert refusal.value.status == 409
    assert store.read(name).document.title == "one"
    assert Store(store.folder).read(name) == store.read(name)


def test_takes_are_numbered_and_do_not_disturb_a_page(store: Store) -> None:
    name = store.create()
    kept = store.keep(motion())
    store.add(name, [take_of(kept, "a")])
    store.add(name, [take_of(kept, "b")])
    assert [take.number for take in store.read(name).takes] == [1, 2]
    assert store.save(name, 0, Document(chosen="a-0")).chosen == store.read(name).takes[0]
    for batch in range(80):
        store.add(name, [take_of(kept, f"c{batch}")])
    there = store.read(name).takes
    assert len(there) == 64
    assert there[0].id == "a-0"  # the chosen one stays


def test_motions_go_by_their_content(store: Store) -> None:
    assert store.keep(motion()) == store.keep(motion()) != store.keep(motion(2.0))
    assert np.array_equal(store.motion(store.keep(motion())).joints, motion().joints)
    with pytest.raises(Refusal, match="missing"):
        store.motion("0" * 32)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", ".", "x" * 41, "a\0"])
def test_no_name_is_a_path(store: Store, name: str) -> None:
    for call in (store.read, store.motion, store.to_file):
        with pytest.raises(Refusal):
            call(name)


def test_a_file_holds_everything(store: Store, tmp_path: Path) -> None:
    name = store.create(Project(Document(title="Scene"), (take_of(store.keep(motion())),)))
    other = Store(tmp_path / "other")
    body = store.to_file(name)
    opened = other.from_file(body)
    assert other.read(opened).takes == store.read(name).takes
    assert np.array_equal(other.motion(other.read(opened).takes[0].motion).joints, motion().joints)
    assert other.opened_from(body) == opened


def test_what_is_not_what_its_name_says_is_not_taken_in(store: Store) -> None:
    kept = store.keep(motion())
    value = json.loads(store.to_file(store.create(Project(takes=(take_of(kept),)))))
    pickled = base64.b64encode(b"\x80\x04cos\nsystem\n(S'true'\ntR.").decode()
    for name, text, said in (
        (kept, pickled, "not what its name says"), ("0" * 32, value["motions"][kept], "not what its name says"),
        ("../../evil", value["motions"][kept], "is no motion"), (kept, "%%%", "base64"), (kept, 5, "base64"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=said):
            store.from_file(json.dumps({**value, "motions": {name: text}}).encode())
    (store.motions / f"{kept}.npz").unlink()
    assert store.read(store.from_file(json.dumps({**value, "motions": {}}).encode())).takes == ()


def test_motions_that_nobody_needs_go_after_a_day(store: Store) -> None:
    used, old, young = (store.keep(motion(speed)) for speed in (1.0, 2.0, 3.0))
    store.create(Project(takes=(take_of(used),)))
    for name in (used, old):
        os.utime(store.motions / f"{name}.npz", (time.time() - 2 * UNUSED_SECONDS,) * 2)
    store.tidy()
    assert {path.stem for path in store.motions.glob("*.npz")} == {used, young}


def test_which_project_is_opened(store: Store, tmp_path: Path) -> None:
    first = first_project(store, None)
    assert first_project(store, None) == first
    motion().save(tmp_path / "walk.npz")
    imported = store.read(first_project(store, tmp_path / "walk.npz"))
    assert [(b.text, b.seconds) for b in imported.document.blocks] == [("walk", 1.9)]
    (tmp_path / "scene.json").write_bytes(store.to_file(first))
    opened = first_project(store, tmp_path / "scene.json")
    assert opened != first
    assert first_project(store, tmp_path / "scene.json") == opened
    (tmp_path / "bad.json").write_text('{"format": 1}')
    with pytest.raises(ValueError, match=r"bad\.json: this is no project"):
        first_project(store, tmp_path / "bad.json")
