"""Ctrl-C while the first job is being made: a real process says that it stopped, without a traceback."""

import time

import pytest
from served import served

pytestmark = pytest.mark.slow  # a process that loads a model


@pytest.mark.parametrize(
    "body",
    [
        # Its first call of the network takes seconds, in which nothing can stop it.
        {"prompt": "a person walks", "seconds": 3000, "settings": {"piece": 9.8}},
        {"prompt": "a person walks", "seconds": 600, "settings": {"steps": 200}},
    ],
)
def test_the_first_job_does_not_keep_it(body: dict[str, object]) -> None:
    with served() as server:  # which ends by Ctrl-C and looks at what was said
        id = server.ask("/v1/jobs", body).json["id"]
        waiting = server.ask("/v1/jobs", body).json["id"]
        while server.ask(f"/v1/jobs/{id}").json["state"] == "waiting":
            time.sleep(0.01)
        assert server.ask(f"/v1/jobs/{id}").json["state"] == "running"
        assert server.ask(f"/v1/jobs/{waiting}").json["state"] == "waiting"
