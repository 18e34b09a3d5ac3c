"""A real `motioncollage studio` in a process of its own: who gets in, what is refused, what is there after a kill."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Server, served

from mdm_adapter.io.npz import load_archive

pytestmark = pytest.mark.slow  # a process that loads a model

BLOCKS = [
    {"id": "walk", "text": "a person walks", "start": 0, "seconds": 3},
    {"id": "wave", "text": "a person waves", "start": 3, "seconds": 2},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[Server]:
    with served("--folder", str(folder), "--no-open", command="studio") as running:
        yield running


def project(studio: Server, **document: Any) -> str:
    """A new project with a document."""
    name = str(studio.ask("/v1/studio/projects", {}).json["id"])
    saved = studio.ask(f"/v1/studio/projects/{name}", {"revision": 0, "document": document}, method="PUT")
    assert saved.status == 200, saved.body
    return name


def test_the_page_is_open_and_nothing_else_without_the_token(studio: Server) -> None:
    stranger = Server(studio.process, studio.address)
    assert len(studio.token) == 32
    page = stranger.ask("/")
    assert page.status == 200
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert stranger.ask("/app/main.js").headers["content-type"].startswith("text/javascript")
    for path in ("/v1/studio/about", "/v1/studio/projects", "/v1/health", "/v1/actions", "/app/nothing.js"):
        assert stranger.ask(path).status == 401, path


def test_other_origins_and_other_names_are_refused(studio: Server) -> None:
    for headers in (
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"},
    ):  # fmt: skip
        for path in ("/", "/v1/studio/projects"):
            assert studio.ask(path, headers=headers).status == 403, headers
    assert studio.ask("/v1/studio/projects", headers={"Origin": studio.address}).status == 200
    assert studio.ask("/v1/studio/projects", b"{}", headers={"Content-Type": "text/plain"}).status == 415


@pytest.mark.parametrize(
    "path",
    ["/app/../commands/studio.py", "/app/..%2f..%2fsetup.py", "/app/%2e%2e/x", "/app//etc/passwd", "/app/",
     "/v1/studio/projects/..%2f..%2fetc", "/v1/studio/projects/.", "/v1/studio/motions/..%2fx/scene",
     "/v1/studio/motions/" + "g" * 32 + "/file", "/etc/passwd", "/app/index.html%00.js"],
)  # fmt: skip
def test_no_path_but_its_own(studio: Server, path: str) -> None:
    answer = studio.ask(path)
    assert answer.status in (400, 404)
    assert set(answer.json) == {"error"}


def test_what_pages_send_is_checked(studio: Server) -> None:
    name = project(studio, title="one", blocks=BLOCKS)
    for body, status in (
        ({"revision": 0, "document": {}}, 409), ({"revision": 1, "document": {"blocks": 5}}, 400),
        ({"revision": True, "document": []}, 400), ({"document": {}}, 400), (b"[]", 400), (b'{"a":' * 5000, 400),
    ):  # fmt: skip
        answer = studio.ask(f"/v1/studio/projects/{name}", body, method="PUT")
        assert answer.status == status, (body, answer.body)
    assert studio.ask(f"/v1/studio/projects/{name}").json["document"]["title"] == "one"
    for body in (
        {"what": "magic"},
        {"what": "block", "block": "walk"},
        {"what": "block", "block": "gone"},
        {"x": 1},
    ):
        assert studio.ask(f"/v1/studio/projects/{name}/jobs", body).status in (400, 404), body
    empty = project(studio)
    assert "nothing to make" in studio.ask(f"/v1/studio/projects/{empty}/jobs", {}).json["error"]


def test_files_that_are_no_motion(studio: Server) -> None:
    binary = {"Content-Type": "application/octet-stream"}
    for name, body in (
        ("x.bvh", b"HIERARCHY nonsense"),
        ("x.glb", b"glTF"),
        ("x.npz", b"PK\x03\x04"),
        ("x.npz", b""),
    ):
        answer = studio.ask(f"/v1/studio/motions?name={name}", body, headers=binary)
        assert answer.status == 400, (name, answer.body)
        assert "/tmp" not in answer.json["error"]
        assert "\n" not in answer.json["error"]
    assert studio.ask("/v1/studio/motions?name=x.exe", b"MZ", headers=binary).status == 400


def test_the_plan_tells_joins_and_weights_that_sum_to_one(studio: Server) -> None:
    name = project(studio, blocks=BLOCKS)
    told = studio.ask(
        f"/v1/studio/projects/{name}/plan", {"document": {"blocks": BLOCKS, "loop": "free"}, "weights": True}
    ).json
    assert (told["frames"], told["changed"], [join["frame"] for join in told["joins"]]) == (100, [], [60, 0])
    total = [0.0] * 100
    for node in told["nodes"]:
        for i, value in enumerate(node["values"]):
            total[(node["start"] + i) % 100] += value
    assert total == pytest.approx([1.0] * 100, abs=0.01)


def test_what_the_model_knows(studio: Server) -> None:
    texts = ["a person walks forward", "a person juggles flaming torches on a unicycle"]
    known, unknown = studio.ask("/v1/studio/texts", {"texts": texts}).json["texts"]
    assert (known["knows"], known["near"]) == ("yes", [])
    assert unknown["knows"] == "no"
    assert unknown["near"]


def test_made_seen_kept_and_made_in_part(studio: Server, tmp_path: Path) -> None:
    name = project(studio, blocks=BLOCKS, count=2, loop="in-place")
    told = studio.ask(f"/v1/studio/projects/{name}/jobs", {"what": "all"}).json
    seen = []
    while (status := studio.ask(f"/v1/jobs/{told['id']}").json)["state"] in ("waiting", "running"):
        look = studio.ask(f"/v1/studio/jobs/{told['id']}/scene")
        if look.status == 200:
            seen.append(json.loads(look.body[8 : 8 + int.from_bytes(look.body[4:8], "little")]))
    assert status["state"] == "done", status
    assert all(len(scene["figures"]) == 2 and scene["figures"][0]["frames"] == 100 for scene in seen)
    assert seen
    first = studio.ask(f"/v1/studio/projects/{name}").json["takes"]
    assert [take["number"] for take in first] == [1, 2]
    again = studio.ask(f"/v1/studio/projects/{name}/jobs", {"what": "block", "block": "wave"}).json
    assert studio.finished(again["id"])[-1]["state"] == "done"
    third = studio.ask(f"/v1/studio/projects/{name}").json["takes"][2]
    before, after = (features(studio, take["motion"], tmp_path) for take in (first[0], third))
    assert np.array_equal(before[:60], after[:60])
    assert np.abs(before - after)[60:].max() > 0.1


def features(studio: Server, motion: str, folder: Path) -> np.ndarray:
    """Of a motion as it is exported."""
    path = folder / f"{motion}.npz"
    path.write_bytes(studio.ask(f"/v1/studio/motions/{motion}/file?format=npz").body)
    return load_archive(path).features[0]


def test_nothing_is_lost_by_a_kill(tmp_path: Path) -> None:
    with served("--folder", str(tmp_path), "--no-open", command="studio", killed=True) as studio:
        name = project(studio, title="kept", blocks=BLOCKS)
        short = studio.ask(f"/v1/studio/projects/{name}/jobs", {"what": "all"}).json["id"]
        assert studio.finished(short)[-1]["state"] == "done"
        studio.ask(f"/v1/studio/projects/{name}/jobs", {"what": "all"})
        body = {"revision": 1, "document": {"title": "kept", "blocks": BLOCKS[:1]}}
        assert studio.ask(f"/v1/studio/projects/{name}", body, method="PUT").status == 200
    with served("--folder", str(tmp_path), "--no-open", command="studio") as studio:
        assert studio.ask("/v1/studio/about").json["first"] == name
        there = studio.ask(f"/v1/studio/projects/{name}").json
        assert (there["document"]["title"], len(there["document"]["blocks"]), len(there["takes"])) == (
            "kept",
            1,
            1,
        )
        assert studio.ask(f"/v1/studio/motions/{there['takes'][0]['motion']}/scene").body[:4] == b"MCS1"
