"""What SECURITY.md promises, looked for in the source; and what is pinned, looked up where that is possible."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("motioncollage", "mdm_adapter", "eval")
# The only places that may reach a network, each on request only.
NETWORK = {
    "motioncollage/hub": "models fetch, hf:owner/name",
    "mdm_adapter/serving": "serve: listens",
    "mdm_adapter/models/kimodo/text/server.py": "a text server that the user names",
    "mdm_adapter/commands/serve.py": "serve: listens",
    "mdm_adapter/commands/studio.py": "studio: listens",
}
REACHES_OUT = {
    "socket",
    "urllib.request",
    "http.client",
    "requests",
    "httpx",
    "huggingface_hub",
    "ftplib",
    "smtplib",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def given(call: ast.Call, name: str) -> object:
    return next((ast.unparse(word.value) for word in call.keywords if word.arg == name), None)


def test_nothing_is_unpickled_or_executed() -> None:
    found = []
    for file, tree in sources():
        for name, call in calls(tree):
            bad = (
                name
                in (
                    "eval",
                    "exec",
                    "compile",
                    "__import__",
                    "os.system",
                    "os.popen",
                    "pickle.load",
                    "pickle.loads",
                )
                or name
                in (
                    "pickle.Unpickler",
                    "yaml.load",
                    "yaml.unsafe_load",
                    "marshal.loads",
                    "shelve.open",
                    "joblib.load",
                )
                or (name == "torch.load" and given(call, "weights_only") != "True")
                or (name == "np.load" and given(call, "allow_pickle") != "False")
                or given(call, "allow_pickle") == "True"
                or given(call, "shell") == "True"
                or given(call, "trust_remote_code") == "True"
            )
            found += [f"{file}:{call.lineno} {name}"] if bad else []
    assert found == []


def test_the_network_is_reached_on_request_only() -> None:
    found = []
    for file, tree in sources():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if REACHES_OUT & set(names) and not file.startswith(tuple(NETWORK)):
                found.append(f"{file}:{node.lineno}")
    assert found == []


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)] == []
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, _, version in (w.partition("==") for w in wanted)
    }


def test_every_dependency_is_pinned_for_ci() -> None:
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    required = text[text.index("install_requires") : text.index("extras_require")]
    names = [re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r'"([\w.-]+)[<>=]', required)]
    assert len(names) > 10
    assert [name for name in names if name not in pins()] == []


@pytest.mark.slow
def test_no_pinned_dependency_has_a_known_vulnerability() -> None:
    """By `pip-audit`, where it is installed and PyPI can be reached."""
    tool = shutil.which("pip-audit") or shutil.which("pip-audit", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("pip-audit is not installed")
    run = subprocess.run(
        [tool, "--no-deps", "--disable-pip", "--progress-spinner", "off", "-r", ROOT / "constraints.txt"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if run.returncode and "found" not in run.stderr.lower():
        pytest.skip(f"PyPI was not reached: {run.stderr.strip().splitlines()[-1][:120]}")
    # An index without the database of vulnerabilities finds none: that is no answer.
    unknown = run.stdout.count("could not be audited")
    if not run.returncode and unknown > len(pins()) // 2:
        pytest.skip(f"{unknown} of {len(pins())} packages are not known where this machine looks")
    assert run.returncode == 0, run.stdout
