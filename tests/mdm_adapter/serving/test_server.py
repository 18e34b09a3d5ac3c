"""A real server process and clients of urllib: jobs from prompt to file, and everything that is refused."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from served import Server, served

import motioncollage as mc

pytestmark = pytest.mark.slow  # a process that loads a model

SHORT = {"prompt": "a person walks | a person waves", "seconds": 4, "samples": 2, "settings": {"steps": 3}}
LONG = {"prompt": "a person walks", "seconds": 1200, "settings": {"steps": 200}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def made(server: Server) -> dict[str, Any]:
    """A job of two samples that is done."""
    answer = server.ask("/v1/jobs", SHORT)
    assert answer.status == 202, answer.body
    assert answer.headers["location"] == f"/v1/jobs/{answer.json['id']}"
    told = server.finished(answer.json["id"])
    assert told[-1]["state"] == "done", told[-1]
    steps = [status["step"] for status in told]
    assert steps == sorted(steps)
    assert told[-1]["step"] == told[-1]["steps"] == 3
    return told[-1]


def test_what_it_says_of_itself(server: Server) -> None:
    health = server.ask("/v1/health")
    assert health.json == {
        "version": "0.1.0", "model": "starter", "device": "cpu", "jobs": {"waiting": 0, "running": 0},
    }  # fmt: skip
    assert health.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in health.headers
    assert [row["name"] for row in server.ask("/v1/models").json["models"] if row["served"]] == ["starter"]
    actions = server.ask("/v1/actions").json["actions"]
    assert len(actions) > 100
    assert all(row["action"] and row["example"] and row["seconds"] > 0 for row in actions)


def test_prompts_are_split(server: Server) -> None:
    split = server.ask("/v1/split", {"prompt": "a man walks for 3 seconds, then waves"}).json
    assert [row["seconds"] for row in split["actions"]] == [3.0, None]
    assert "waves" in split["actions"][1]["text"]
    assert all(row["usual_seconds"] > 0 for row in split["actions"])
    strange = server.ask("/v1/split", {"prompt": "a person juggles flaming torches on a unicycle"}).json
    assert "does not know" in strange["warnings"][0]
    circle = server.ask("/v1/split", {"prompt": "a man walks in a circle"}).json
    assert 'edit follow "A man walks" --path' in circle["warnings"][0]


def test_a_job_tells_its_plan(made: dict[str, Any]) -> None:
    assert (made["kind"], made["samples"], made["seconds"], made["fps"]) == ("generate", 2, 4.0, 20.0)
    assert [part["text"] for part in made["segments"]] == ["a person walks", "a person waves"]
    assert made["segments"][-1]["end"] == 4.0


@pytest.mark.parametrize(("format", "query"), [("npz", ""), ("bvh", "&fps=20"), ("glb", "&fps=20")])
def test_results_are_what_our_readers_read(
    server: Server, made: dict[str, Any], tmp_path: Path, format: str, query: str
) -> None:
    answer = server.ask(f"/v1/jobs/{made['id']}/result?format={format}&sample=1{query}")
    assert answer.headers["content-disposition"] == f'attachment; filename="motion.{format}"'
    (tmp_path / f"motion.{format}").write_bytes(answer.body)
    (tmp_path / "whole.npz").write_bytes(server.ask(f"/v1/jobs/{made['id']}/result?format=npz&sample=1").body)
    read, whole = mc.read(tmp_path / f"motion.{format}"), mc.read(tmp_path / "whole.npz")
    # Readers of other formats put a motion where ours begin, facing ahead, and take a frame for speeds.
    assert (whole.joints.shape, read.frames in (79, 80)) == ((1, 80, 22, 3), True)
    joints = [motion.joints[0, :79] for motion in (read, whole)]
    thigh = [np.linalg.norm(one[:, 4] - one[:, 1], axis=-1) for one in joints]
    np.testing.assert_allclose(thigh[0], thigh[1], rtol=0.15)


@pytest.mark.parametrize(
    ("format", "name", "begins"),
    [("html", "motion.html", b"<!doctype html"), ("csv", "motion.csv", b""), ("npy", "motion.npy", b"\x93NUMPY"),
     ("smpl", "motion-smpl.npz", b"PK"), ("png", "motion.png", b"\x89PNG"), ("mp4", "motion.mp4", b"\x00\x00\x00")],
)  # fmt: skip
def test_every_other_writer(
    server: Server, made: dict[str, Any], format: str, name: str, begins: bytes
) -> None:
    answer = server.ask(f"/v1/jobs/{made['id']}/result?format={format}")
    assert answer.status == 200, answer.body
    assert f'"{name}"' in answer.headers["content-disposition"]
    assert answer.body[: len(begins)].lower() == begins.lower()
    assert len(answer.body) > 1000


def test_the_same_request_gives_the_same_motion(server: Server, made: dict[str, Any]) -> None:
    body = {**SHORT, "prompt": None, "actions": [{"text": "a person walks"}, {"text": "a person waves"}]}
    again = server.finished(server.ask("/v1/jobs", body).json["id"])[-1]
    files = [server.ask(f"/v1/jobs/{job['id']}/result?format=npz").body for job in (made, again)]
    assert files[0] == files[1]


def test_loops_close(server: Server) -> None:
    body = {
        "kind": "loop",
        "prompt": "a person walks",
        "seconds": 4,
        "path": "in-place",
        "settings": {"steps": 3},
    }
    job = server.finished(server.ask("/v1/jobs", body).json["id"])[-1]
    assert (job["kind"], job["state"]) == ("loop", "done")
    glb = server.ask(f"/v1/jobs/{job['id']}/result?format=glb")
    assert glb.body[:4] == b"glTF"


def test_cancelling_frees_the_worker(server: Server) -> None:
    running, waiting = (server.ask("/v1/jobs", LONG).json for _ in range(2))
    assert server.ask(f"/v1/jobs/{waiting['id']}").json["ahead"] == 1
    cancel = lambda job: server.ask(f"/v1/jobs/{job['id']}", method="DELETE").json["state"]
    assert (cancel(waiting), cancel(running)) == ("cancelled", "cancelled")
    after = server.ask("/v1/jobs", {**SHORT, "samples": 1, "settings": {"steps": 1}}).json
    # The long job would take an hour.
    assert server.finished(after["id"])[-1]["state"] == "done"
    assert server.ask(f"/v1/jobs/{running['id']}/result").status == 409


def test_two_clients_at_once(server: Server) -> None:
    found: dict[int, bytes] = {}

    def client(seed: int) -> None:
        job = server.ask("/v1/jobs", {**SHORT, "seed": seed}).json
        assert server.finished(job["id"])[-1]["state"] == "done"
        found[seed] = server.ask(f"/v1/jobs/{job['id']}/result?format=npz").body

    threads = [threading.Thread(target=client, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 2]
    assert found[1] != found[2]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [(b"{", 400, "not JSON"), (b'{"a": ' + b"[" * 5000, 400, "deeper"), ([1], 400, "object"), ({}, 400, "either"),
     ({"prompt": "a person walks", "actions": [{"text": "x"}]}, 400, "either"), ({"prompt": 3}, 400, "a string"),
     ({"prompt": "/etc/passwd.json"}, 400, "file"), ({"prompt": "rows.CSV "}, 400, "file"),
     ({"prompt": "a person walks", "seconds": 4000}, 400, "3600"), ({"prompt": "walk", "seconds": "4"}, 400, "number"),
     ({"prompt": "a person walks", "seconds": 3600, "samples": 2}, 400, "3600 s at most"),
     ({"prompt": "a person walks", "samples": 1001}, 400, "1000"), ({"prompt": "a person walks", "seed": -1}, 400, "seed"),
     ({"prompt": "walk", "samples": True}, 400, "whole number"), ({"prompt": "walk", "out": "/tmp/x"}, 400, "unknown"),
     ({"prompt": "walk", "settings": {"sampler": "none"}}, 400, "sampler"),
     ({"prompt": "walk", "settings": {"overlap": -1}}, 400, "overlap"), ({"prompt": "walk", "path": "circular"}, 400, "loop"),
     ({"actions": [{"text": "walk", "when": 1}]}, 400, "when"), ({"actions": ["walk"]}, 400, "object"),
     ({"actions": []}, 400, "actions"), (b" " * ((1 << 20) + 1), 413, "1 MB")],
)  # fmt: skip
def test_requests_that_are_at_fault(server: Server, body: Any, status: int, said: str) -> None:
    answer = server.ask("/v1/jobs", body)
    assert answer.status == status, answer.body
    assert said in answer.json["error"]
    assert "\n" not in answer.json["error"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("format=exe", "format"), ("sample=2", "sample"), ("sample=0.5", "sample"), ("fps=nan", "fps"), ("fps=1e9", "fps"),
     ("out=/tmp/x", "unknown"), ("format=html&fps=30", "fps"), ("format=../npz", "format")],
)  # fmt: skip
def test_results_that_are_not_there(server: Server, made: dict[str, Any], path: str, said: str) -> None:
    answer = server.ask(f"/v1/jobs/{made['id']}/result?{path}")
    assert answer.status == 400
    assert said in answer.json["error"]


def test_unknown_jobs_paths_and_methods(server: Server) -> None:
    for method in ("GET", "DELETE"):
        assert server.ask("/v1/jobs/0123456789abcdef", method=method).status == 404
    assert "forgotten" in server.ask("/v1/jobs/x/result").json["error"]
    assert "/v1/jobs" in server.ask("/v2/../../etc/passwd").json["error"]
    assert server.ask("/v1/jobs", method="PUT").status == 405
    assert server.ask("/v1/jobs", b"prompt=walk", headers={"Content-Type": "text/plain"}).status == 415


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)  # fmt: skip
def test_other_sites(server: Server, headers: dict[str, str]) -> None:
    for path, body in (("/v1/health", None), ("/v1/jobs", SHORT)):
        answer = server.ask(path, body, headers=headers)
        assert answer.status == 403
        assert answer.json["error"]
    assert server.ask("/v1/jobs", method="OPTIONS", headers=headers).status == 403


def test_a_body_without_a_length_is_bounded(server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    chunks = (b" " * 65536 for _ in range(20))
    connection.request("POST", "/v1/jobs", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    assert "1 MB" in json.loads(answer.read())["error"]
    connection.close()


def test_a_body_that_promises_too_much_is_refused_before_it_comes(server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    connection.putrequest("POST", "/v1/jobs")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert "1 MB" in json.loads(answer.read())["error"]
    connection.close()


def test_the_document_is_what_is_served(server: Server, made: dict[str, Any]) -> None:
    """Every route of the document answers as it says, and every reference in it leads somewhere."""
    told = server.ask("/v1/openapi.json").json
    bodies = {
        "/v1/split": {"prompt": "a person walks"},
        "/v1/jobs": {**SHORT, "samples": 1, "settings": {"steps": 1}},
    }
    asked = 0
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            body = bodies[path] if method == "post" else None
            id = server.ask("/v1/jobs", bodies["/v1/jobs"]).json["id"] if method == "delete" else made["id"]
            answer = server.ask(path.replace("{id}", id), body, method=method.upper())
            assert str(answer.status) in operation["responses"], (path, method, answer.status)
            assert answer.status < 300
            content = operation["responses"][str(answer.status)]["content"]
            for kind, about in content.items():
                name = about["schema"].get("$ref", "").rpartition("/")[2]
                if kind == "application/json":
                    schema = told["components"]["schemas"][name]
                    assert set(answer.json) == set(schema["properties"]) == set(schema["required"])
            asked += 1
    assert asked == 10
    page = server.ask("/").body.decode()
    assert all(path in page for path in told["paths"])
    assert "<script" not in page
    assert "http" not in page.replace(server.address, "")


def test_another_address_needs_a_token() -> None:
    token = "0123456789abcdef0123"
    with served("--host", "0.0.0.0", "--token", token) as server:
        assert server.ask("/v1/health").status == 401
        assert (
            server.ask("/v1/health", headers={"Authorization": f"Bearer {token}"}).json["model"] == "starter"
        )
        assert server.ask("/v1/openapi.json").status == 200
