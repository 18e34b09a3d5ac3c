"""Parts by name, as packages that are made up here declare them: what is listed, loaded and refused, and in what words."""

import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest
from command_line import Command

from motioncollage import plugins


class Packages:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, entry_points: str, **modules: str) -> None:
        """Install a package, version 1.2, of some modules with its entry points."""
        metadata = self.folder / f"{name.replace('-', '_')}-1.2.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (metadata / "entry_points.txt").write_text(entry_points)
        for module, text in modules.items():
            (self.folder / f"{module}.py").write_text(text)
        invalidate_caches()
        plugins.forget()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Packages(tmp_path)
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
    plugins.forget()


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    plugins.forget()


def one_line_of(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_ours_are_there_in_every_group_that_is_used() -> None:
    for group in set(plugins.GROUPS) - {"metrics", "checks"}:
        entries = plugins.available(group)
        assert entries, group
        assert list(entries) == sorted(entries)
        assert any(plugins.distribution(entry).startswith("motioncollage 0") for entry in entries.values())


def test_nothing_is_imported_by_looking(packages: Packages) -> None:
    packages.add(
        "loud", "[motioncollage.models]\nloud = loud_model:LOUD\n", loud_model="raise SystemExit('imported')"
    )
    assert "loud" in plugins.available("models")
    assert "loud_model" not in sys.modules
    entry = plugins.available("models")["loud"]
    assert plugins.distribution(entry) == "loud 1.2"


def test_a_part_is_loaded_by_name(packages: Packages) -> None:
    packages.add(
        "calm",
        "[motioncollage.splitters]\ncalm = calm_one:Splitter.make\n",
        calm_one="class Splitter:\n    @staticmethod\n    def make(prompt):\n        return [prompt]\n",
    )
    assert plugins.load("splitters", "calm")("all") == ["all"]


def test_what_is_installed_later_is_seen_after_forgetting(packages: Packages) -> None:
    assert "late" not in plugins.available("splitters")
    packages.add("late", "[motioncollage.splitters]\nlate = late_one:f\n", late_one="f = list")
    assert plugins.load("splitters", "late") is list


def test_two_packages_with_one_name_are_both_named(packages: Packages) -> None:
    packages.add("first", "[motioncollage.writers]\nsame = first_one:W\n", first_one="W = 1")
    packages.add("second-one", "[motioncollage.writers]\nsame = second_one:W\n", second_one="W = 2")
    with pytest.raises(ValueError, match="writer 'same'") as error:
        plugins.available("writers")
    line = one_line_of(error)
    assert "first 1.2" in line
    assert "second-one 1.2" in line
    assert line.endswith("uninstall one of the two")


def test_a_name_of_ours_cannot_be_taken(packages: Packages) -> None:
    packages.add("thief", "[motioncollage.models]\nstarter = thief:M\n", thief="M = 1")
    with pytest.raises(ValueError, match=r"model 'starter' is brought by .*thief 1\.2") as error:
        plugins.load("models", "starter")
    assert "motioncollage 0" in one_line_of(error)


def test_unknown_names_and_groups_list_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"text encoder 'morse' is unknown; choose one of .*static") as error:
        plugins.load("text_encoders", "morse")
    one_line_of(error)
    with pytest.raises(
        ValueError, match=r"there is no group 'dancers' of plug-ins; the groups are models"
    ) as error:
        plugins.available("dancers")
    one_line_of(error)


@pytest.mark.parametrize(
    ("module", "value", "expected"),
    [
        ("raise RuntimeError('it is\\nbroken')", "part:f", "cannot be loaded (RuntimeError: it is broken)"),
        ("f = = 1", "part:f", "cannot be loaded (SyntaxError:"),
        ("f = 1", "part:g", "cannot be loaded (AttributeError:"),
        ("import nobody_has_this", "part:f", "needs nobody_has_this, which is not installed; pip install"),
        (
            "import nobody_has_this",
            "part:f [more]",
            'needs nobody_has_this, which is not installed; pip install "bad[more]"',
        ),
        ("f = 1", "no_such_module:f", "needs no_such_module, which is not installed"),
    ],
)
def test_a_broken_part_names_its_package(packages: Packages, module: str, value: str, expected: str) -> None:
    packages.add("bad", f"[motioncollage.samplers]\nbad = {value}\n", part=module)
    with pytest.raises(ImportError) as error:
        plugins.load("samplers", "bad")
    line = one_line_of(error)
    assert line.startswith("sampler 'bad' of bad 1.2 ")
    assert expected in line
    # The others work on.
    assert plugins.load("samplers", "ddim").options == {"eta"}


def test_the_shell_tells_of_broken_commands_and_goes_on(packages: Packages, command: Command) -> None:
    packages.add("bad", "[motioncollage.commands]\nbad = part:f\n", part="1 / 0")
    result = command("--help")
    assert result.code == 0
    assert "split" in result.out
    assert "command 'bad' of bad 1.2 cannot be loaded (ZeroDivisionError" in result.err
    # Another command alone has nothing to do with it.
    result = command("split", "he walks | he waves")
    assert (result.code, result.err) == (0, "")
    assert "he waves" in result.out


def test_the_list_says_what_cannot_be_used(packages: Packages, command: Command) -> None:
    packages.add("bad", "[motioncollage.models]\nbad = part:f [gpu]\n", part="import nobody_has_this")
    result = command("plugins")
    assert result.code == 0, result.err
    (row,) = [line for line in result.out.splitlines() if "nobody_has_this" in line]
    assert "model 'bad' of bad 1.2 needs nobody_has_this" in row
    assert 'pip install "bad[gpu]"' in row
    # Lists of models leave it out.
    assert command("models").code == 0


def test_a_double_name_is_one_line_on_the_command_line(packages: Packages, command: Command) -> None:
    packages.add("thief", "[motioncollage.commands]\ngenerate = thief:f\n", thief="f = 1")
    result = command("generate", "he walks")
    assert result.code == 2
    assert "command 'generate' is brought by" in result.err
    assert "thief 1.2" in result.err
    assert result.err.count("\n") == 1
