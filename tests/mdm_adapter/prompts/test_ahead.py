"""Splitting a prompt in a process of its own."""

import subprocess
import sys

import pytest

from mdm_adapter.prompts import read_split
from mdm_adapter.prompts.ahead import split_ahead

PROMPT = "a person walks for 4 seconds, then waves"
# In a fresh interpreter: this one has PyTorch, and does not fork.
BEGIN = "import sys, os, signal; from mdm_adapter.prompts import ahead; os.cpu_count = lambda: 2; here = []\n"
HERE = "split = ahead.read_split; ahead.read_split = lambda text: here.append(text) or split(text)\n"


def fresh(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program], check=True, capture_output=True, text=True
    ).stdout


def test_the_answer_is_that_of_read_split() -> None:
    assert split_ahead(PROMPT)() == read_split(PROMPT)
    assert (
        fresh(HERE + f"found = ahead.split_ahead({PROMPT!r})(); print(found == split({PROMPT!r}))")
        == "True\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
def test_the_other_process_does_the_work() -> None:
    assert (
        fresh(HERE + f"ahead.split_ahead({PROMPT!r})(); print(here, 'spacy' in sys.modules)") == "[] False\n"
    )


def test_a_bad_prompt_is_refused_when_it_is_asked_for() -> None:
    program = "wait = ahead.split_ahead('...')\ntry: wait()\nexcept ValueError as error: print(error)"
    assert "has no words" in fresh(program)


def test_a_process_that_dies_leaves_the_work_to_this_one() -> None:
    died = "ahead._tell = lambda prompt, told: os.kill(os.getpid(), signal.SIGKILL)\n"
    found = f"print([a.text for a in ahead.split_ahead({PROMPT!r})().actions])"
    assert fresh(died + found) == str([a.text for a in read_split(PROMPT).actions]) + "\n"
