"""Edits as jobs: which members they take, and a real server that extends, joins, replaces, follows and reaches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Server, served

import motioncollage as mc
from mdm_adapter.serving.edits import Shown
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.requests import JobRequest

FAST = {"settings": {"steps": 3}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "extend"}, "the kind extend needs source"),
        ({"kind": "replace", "source": "a", "start": 1}, "the kind replace needs end"),
        ({"kind": "extend", "source": "a", "start": 1}, "start is not for the kind extend"),
        ({"kind": "extend", "source": "a", "prompt": "he walks"}, "prompt is not for the kind extend"),
        ({"kind": "generate", "prompt": "he walks", "place": [0, 1]}, "place is not for the kind generate"),
        ({"kind": "follow", "prompt": "he walks"}, "the kind follow needs points"),
        ({"kind": "follow", "points": [[0, 0], [0, 1]]}, "give either prompt or actions"),
        ({"kind": "reach", "prompt": "he walks", "place": [1]}, "the length of place"),
        ({"kind": "dance", "prompt": "he walks"}, "choose one of generate, loop, extend"),
    ],
)
def test_members_that_do_not_fit(body: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        JobRequest.read(body)


def test_parts_without_length_are_left_out() -> None:
    shown = Shown.spans(20.0, ("new", 0.0), ("kept", 2.0), ("new", 1.0))
    assert shown.parts == (("kept", 0.0, 2.0), ("new", 2.0, 3.0))
    assert shown.seconds == 3.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def source(server: Server) -> str:
    id: str = server.ask("/v1/jobs", {"prompt": "a person walks", "seconds": 4, **FAST}).json["id"]
    assert server.finished(id)[-1]["state"] == "done"
    return id


def result(server: Server, folder: Path, id: str) -> Any:
    (folder / "motion.npz").write_bytes(server.ask(f"/v1/jobs/{id}/result?format=npz").body)
    return mc.read(folder / "motion.npz")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"kind": "extend", "after": 2, "text": "a person waves"}, 6.0),
        ({"kind": "inbetween", "seconds": 1.5}, 9.5),
        ({"kind": "replace", "start": 1, "end": 2.5, "text": "a person jumps"}, 4.0),
    ],
)
def test_motion_of_another_job_is_edited(
    server: Server, source: str, tmp_path: Path, body: dict[str, Any], seconds: float
) -> None:
    more = {"second": source} if body["kind"] == "inbetween" else {}
    answer = server.ask("/v1/jobs", {**body, **more, "source": source, **FAST})
    assert answer.status == 202, answer.body
    told = server.finished(answer.json["id"])[-1]
    assert told["state"] == "done", told
    assert told["kind"] == body["kind"]
    made = result(server, tmp_path, told["id"])
    assert made.seconds == pytest.approx(told["seconds"], abs=0.11)
    assert told["seconds"] == pytest.approx(seconds, abs=0.11)
    parts = [(part.text, part.start / made.fps) for part in made.segments]
    assert [text for text, _ in parts] == [part["text"] for part in told["segments"]]
    np.testing.assert_allclose(
        [at for _, at in parts], [part["start"] for part in told["segments"]], atol=0.11
    )


@pytest.mark.slow
def test_ways_over_the_ground(server: Server, tmp_path: Path) -> None:
    for body, end in (
        ({"kind": "follow", "points": [[0, 0], [0, 2], [1.5, 3]]}, (1.5, 3.0)),
        ({"kind": "reach", "place": [1, 2.5], "heading": 90}, (1.0, 2.5)),
    ):
        answer = server.ask("/v1/jobs", {**body, "prompt": "a person walks", **FAST})  # type: ignore[dict-item]
        assert answer.status == 202, answer.body
        told = server.finished(answer.json["id"])[-1]
        assert told["state"] == "done", told
        made = result(server, tmp_path, told["id"])
        assert np.linalg.norm(made.joints[0, -1, 0, [0, 2]] - end) < 0.4


@pytest.mark.slow
def test_edits_of_nothing_are_refused(server: Server, source: str) -> None:
    for body, status, said in (
        ({"kind": "extend", "source": "nobody", "after": 1}, 404, "no such job"),
        ({"kind": "extend", "source": source}, 400, "extend by how long"),
        ({"kind": "extend", "source": source, "source_sample": 3, "after": 1}, 400, "sample 3 of 1"),
        ({"kind": "replace", "source": source, "start": 3, "end": 9}, 400, "start < end"),
        ({"kind": "follow", "prompt": "he walks", "points": [[0, 0], [0, "a"]]}, 400, "is no place"),
    ):
        answer = server.ask("/v1/jobs", body)
        assert (answer.status, said in answer.json["error"]) == (status, True), answer.body
