"""Fetching from a hub: names, what is fetched and what is refused, the cache, errors; against a server on this machine."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_server import NEW, OLD, Hub, point_to, serving

from motioncollage import hub as module
from motioncollage.hub import HubError, HubLayout, HubName, PicklesOnly, Unreachable, converted, fetch, get
from motioncollage.hub.reach import answers

LAYOUT = HubLayout(needs=(("config.json", "args.json"), ("model.safetensors",)), takes=("stats/*/mean.npy",))
FILES = {
    "model.safetensors": b"weights" * 100,
    "config.json": b"{}",
    "stats/body/mean.npy": b"numbers",
    "README.md": b"card",
    "optimizer.pt": b"pickle",
    "deep/er/model.safetensors": b"other",
    "notes.txt": b"x",
}
WANTED = ["README.md", "config.json", "model.safetensors", "stats/body/mean.npy"]
GONE = "http://127.0.0.1:9"  # nothing listens there


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with serving() as server:
        point_to(monkeypatch, server.url, str(tmp_path / "cache"))
        yield server


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Cut the network."""
    return lambda **how: point_to(monkeypatch, GONE, str(tmp_path / "cache"), **how)


def refused(name: str, *, kind: type[Exception] = HubError) -> str:
    with pytest.raises(kind) as caught:
        fetch(name, [LAYOUT])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("hf:owner/name", "owner/name", None),
        ("hf:a.b/c-d_e@v1.0", "a.b/c-d_e", "v1.0"),
        ("hf:o/n@refs/pr/3", "o/n", "refs/pr/3"),
    ],
)
def test_names(text: str, repo: str, revision: str | None) -> None:
    assert HubName.parse(text) == HubName(repo, revision)
    assert str(HubName.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["owner/name", "hf:name", "hf:a/b/c", "hf:../b", "hf:a/b@", "hf:a/b@../../x", "hf:a/b@/x", "hf:a b/c"],
)
def test_what_is_no_name_is_refused_before_anything_is_asked(text: str) -> None:
    with pytest.raises(HubError, match=r"names nothing on a hub; write hf:owner/name"):
        HubName.parse(text)


def test_only_wanted_files_come_and_the_name_says_the_commit(hub: Hub) -> None:
    hub.add("owner/name", FILES, licence="mit")
    got = fetch("hf:owner/name", [LAYOUT])
    there = sorted(p.relative_to(got.folder).as_posix() for p in got.folder.rglob("*") if p.is_file())
    assert there == WANTED
    assert (got.folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert got.name == "hf:owner/name@a1a1a1a1a1a1"
    assert (got.licence, got.fresh, got.path) == ("mit", True, got.folder)
    # The weights last, after all that could be wrong with the rest.
    assert hub.fetched()[-1] == "model.safetensors"


def test_cache_is_asked_first_and_fetch_gets_what_is_newer(hub: Hub) -> None:
    repository = hub.add("owner/name", FILES)
    get("hf:owner/name", [LAYOUT])
    repository.commits[NEW] = {**FILES, "model.safetensors": b"better"}
    repository.references["main"] = NEW
    hub.asked.clear()
    assert get("hf:owner/name", [LAYOUT]).name.endswith(OLD[:12])
    assert not hub.asked
    newest = fetch("hf:owner/name", [LAYOUT])
    assert newest.name.endswith(NEW[:12])
    assert hub.fetched().count("model.safetensors") == 1
    assert get("hf:owner/name", [LAYOUT]) == module.Snapshot(newest.name, newest.folder, LAYOUT)
    # What an earlier result was made with is still there, by the name that it says.
    old = get(f"hf:owner/name@{OLD[:12]}", [LAYOUT])
    assert (old.folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_pinned_revisions_by_branch_whole_commit_and_first_digits(hub: Hub) -> None:
    repository = hub.add("owner/name", FILES)
    repository.commits[NEW] = {**FILES, "model.safetensors": b"better"}
    repository.references |= {"main": NEW, "v1": OLD}
    for revision in ("v1", OLD, OLD[:12]):
        assert fetch(f"hf:owner/name@{revision}", [LAYOUT]).name == f"hf:owner/name@{OLD[:12]}"
    assert "no revision 'v2'" in refused("hf:owner/name@v2")
    assert "no revision 'c3c3c3c3'" in refused("hf:owner/name@c3c3c3c3")


@pytest.mark.parametrize("offline", [True, False])
def test_without_a_network_the_cache_serves_and_the_rest_is_said_at_once(
    hub: Hub, cut: Any, offline: bool
) -> None:
    hub.add("owner/name", FILES)
    pinned = fetch("hf:owner/name", [LAYOUT]).name
    hub.asked.clear()
    cut(offline=offline)
    for name in ("hf:owner/name", pinned, f"hf:owner/name@{OLD}"):
        assert get(name, [LAYOUT]).name == pinned
        assert not fetch(name, [LAYOUT]).fresh
    told = refused("hf:owner/other", kind=Unreachable)
    assert "run: motioncollage models fetch hf:owner/other" in told
    assert ("HF_HUB_OFFLINE" if offline else f"{GONE} cannot be reached") in told
    assert not hub.asked


def test_an_interrupted_download_is_not_taken_for_whole(
    hub: Hub, cut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    hub.add("owner/name", FILES)
    whole = huggingface_hub.hf_hub_download

    def broken(repo: str, file: str, **how: Any) -> str:
        if file == "model.safetensors":
            raise ConnectionError("reset\nby peer")
        return whole(repo, file, **how)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    assert "the connection broke (reset by peer); run the same command again" in refused("hf:owner/name")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", whole)
    hub.asked.clear()
    assert get("hf:owner/name", [LAYOUT]).fresh
    assert hub.fetched() == ["model.safetensors"]
    weights = get("hf:owner/name", [LAYOUT]).folder / "model.safetensors"
    os.truncate(weights.resolve(), 3)
    cut()
    with pytest.raises(Unreachable):
        get("hf:owner/name", [LAYOUT])


def test_what_another_program_fetched_counts_if_it_is_complete(hub: Hub, cut: Any) -> None:
    import huggingface_hub

    hub.add("owner/name", FILES)
    hub.add("owner/part", FILES)
    for file in ("config.json", "model.safetensors", "optimizer.pt"):
        huggingface_hub.hf_hub_download("owner/name", file)
    huggingface_hub.hf_hub_download("owner/part", "config.json")
    cut()
    layout = HubLayout(LAYOUT.needs, weights="model.safetensors")
    assert get("hf:owner/name", [layout]).path.name == "model.safetensors"
    with pytest.raises(Unreachable):
        get("hf:owner/part", [layout])


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".ckpt", ".pkl"])
def test_pickles_alone_are_refused(hub: Hub, suffix: str) -> None:
    hub.add("owner/name", {"config.json": b"{}", f"model{suffix}": b"x"})
    told = refused("hf:owner/name", kind=PicklesOnly)
    assert f"only as model{suffix}, which can carry code" in told
    assert told.endswith("download it yourself and give the folder")
    assert not hub.fetched()


def test_other_kinds_of_repositories_are_refused(hub: Hub) -> None:
    hub.add("owner/name", {"model.safetensors": b"x", "tokenizer.json": b"{}"})
    hub.add("owner/empty", {})
    assert "has no config.json" in refused("hf:owner/name")
    assert "has no config.json" in refused("hf:owner/empty")
    assert not hub.fetched()


@pytest.mark.parametrize(
    ("file", "size", "told"),
    [
        ("model.safetensors", 5 << 30, "5,368,709,120 bytes, more than the 4,294,967,296"),
        ("model.safetensors", -5, "of unknown size"),
        ("config.json", 65 << 20, "config.json is 68,157,440 bytes"),
        ("stats/body/mean.npy", 17 << 20, "mean.npy is 17,825,792 bytes"),
    ],
)
def test_sizes_are_checked_before_a_byte_comes(hub: Hub, file: str, size: int, told: str) -> None:
    hub.add("owner/name", FILES, sizes={file: size})
    assert told in refused("hf:owner/name")
    assert not hub.fetched()


def test_a_hub_that_tells_other_sizes_is_not_believed(hub: Hub) -> None:
    hub.add("owner/name", FILES, sizes={"config.json": 5})
    assert "config.json has 2 bytes, not 5" in refused("hf:owner/name")


def test_paths_that_lead_out_of_the_folder_are_not_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.add("owner/name", {**FILES, "stats/../mean.npy": b"x", "/config.json": b"x"})
    fetch("hf:owner/name", [HubLayout(LAYOUT.needs, takes=("stats/*/mean.npy", "*/config.json"))])
    assert not [line for line in hub.asked if ".." in line or "//" in line]


def test_a_commit_that_is_none_is_refused(hub: Hub) -> None:
    hub.add("owner/name", FILES).references["main"] = "../../x"
    hub.repositories["owner/name"].commits["../../x"] = FILES
    assert "the hub gave no commit" in refused("hf:owner/name")


def test_what_is_not_there_or_not_allowed_is_told(hub: Hub) -> None:
    assert "not there; check the spelling" in refused("hf:owner/nmae")
    hub.add("owner/gated", FILES, gated=True)
    told = refused("hf:owner/gated")
    assert f"accept the terms at {hub.url}/owner/gated, then log in: hf auth login" in told
    hub.status = 401
    assert "not there, or private; check the spelling" in refused("hf:owner/name")
    hub.status = 503
    assert "the hub answered 503; try again later" in refused("hf:owner/name")


def test_a_cache_that_cannot_be_written_and_a_hub_that_is_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import HfApi

    hub.add("owner/name", FILES)
    (tmp_path / "cache").write_text("a file")
    assert re.search(r"cannot be kept in .*cache.*; set HF_HOME to another folder", refused("hf:owner/name"))

    def answer(*asked: Any, **how: Any) -> None:
        raise KeyError("id")

    monkeypatch.setattr(HfApi, "model_info", answer)
    assert f"{hub.url} does not answer as a hub; is HF_ENDPOINT right?" in refused("hf:owner/name")


def test_no_room_on_the_disk(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    hub.add("owner/name", FILES)
    monkeypatch.setattr(shutil, "disk_usage", lambda where: shutil._ntuple_diskusage(10, 10, 0))
    assert re.search(r"needs \d+ bytes, and .* has less; make room, or set HF_HOME", refused("hf:owner/name"))


def test_the_hubs_conversion_of_pickles(hub: Hub, cut: Any) -> None:
    repository = hub.add("owner/name", {"config.json": b"{}", "model.bin": b"x"})
    assert converted("hf:owner/name", [LAYOUT]) is None
    about: dict[str, Any] = {
        "title": "Adding `safetensors`",
        "isPullRequest": True,
        "createdAt": "2026-01-01T00:00:00.000Z",
    }
    about["repo"] = {"name": "owner/name", "type": "model"}
    repository.discussions = [
        {**about, "num": 4, "author": {"name": "somebody"}, "status": "open"},
        {**about, "num": 5, "author": {"name": "SFconvertbot"}, "status": "closed"},
        {**about, "num": 6, "author": {"name": "SFconvertbot"}, "status": "open"},
    ]
    repository.commits[NEW] = FILES
    repository.references["refs/pr/6"] = NEW
    made = converted("hf:owner/name", [LAYOUT])
    assert made is not None
    assert made.name == f"hf:owner/name@{NEW[:12]}"
    cut()
    again = converted("hf:owner/name", [LAYOUT])
    assert again is not None
    assert again.folder == made.folder


def test_whether_a_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert answers(url)
        # Behind a proxy, it is the proxy that must be there.
        monkeypatch.setenv("https_proxy", url)
        assert answers("https://nowhere.invalid")
        monkeypatch.setenv("https_proxy", GONE)
        assert not answers("https://nowhere.invalid")
    assert not answers(GONE)
