"""Hostile values, files and command lines for `test_fuzz.py`."""

import io
import json
import math
import os
import random
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer
from hypothesis import strategies as st
from PIL import Image

from motioncollage.shell.main import build

NUMBERS = (
    "0", "-1", "1", "2", "8", "0.5", "nan", "-nan", "inf", "-inf", "1e309", "-1e30", "1e-320", "99999999999999999999999", "",
    "x", "½", "１", " 3", "3;4", "0x10", "1e400", "\x1b[31m1", "1\n2", "--", "True", "9" * 5000,
)  # fmt: skip
TEXTS = (
    "", " ", "a person walks", "a | b", "|", "a [3s] | b", "a [nan s]", "[/b]", "[red]x[/]", "\x1b]0;x\x07", "\u202eabc", "\udcff",
    "a\nb", "a\tb", "'", '"', "[" * 500, "{", '[{"text": "a", "seconds": 1e999}]', '[{"text": "a"}]', '{"text": []}', "w " * 3000,
    "x" * 10_000, "../../etc/passwd", "/dev/zero", "hf:", "hf:a", "all", "short,short", ",", "1,2", "0,0 0,1", "nan,nan", "1e308,1e308",
    "upper-body", "0,99", "circular", "in-place", "bvh", "bvh,glb,nope", "npz", "y", "w", "paper", "mdm", "ddim", "heun", "starter",
    "landscapes", "dit", "trans_enc", "bert", "static", "cpu", "cuda", "bfloat16", "float64", "meadow", "meadow,evening", "nothing",
)  # fmt: skip
# Options that make a command short enough for thousands of cases; a case may give its own in their place.
CHEAP: dict[str, tuple[str, ...]] = {
    "generate": ("--steps", "1", "--no-video", "--no-sheet", "--seconds", "1"),
    "loop": ("--steps", "1", "--no-video", "--no-sheet", "--seconds", "2"),
    "edit": ("--steps", "1", "--no-video", "--no-sheet"),
    "view": ("--no-open",),
    "train denoiser": (
        *("--steps", "1", "--width", "32", "--layers", "1", "--transitions", "1", "--batch-size", "2"),
        *("--no-mirror", "--diffusion-steps", "4"),
    ),
    "train evaluator": ("--steps", "1", "--batch-size", "2", "--no-mirror"),
    "train image": ("--steps", "1", "--batch-size", "1", "--size", "8"),
    "image": ("--steps", "1", "--width", "64", "--face", "64", "--height", "64"),
    "image fid": ("--count", "4", "--crops", "1", "--methods", "baseline"),
    "eval": ("--methods", "short", "--repetitions", "1", "--texts", "32", "--no-timing", "--quick"),
}
# What commands write that take the name of a file, not of a folder.
FILES = {"view": "{out}/a.html", "timeline": "{out}/a.png", "texts embed": "{out}/a.safetensors"}
# They wait for clients, ask a network, or make motion whatever they are told.
LEFT_OUT = ("serve", "studio", "models fetch", "doctor")


@dataclass(frozen=True)
class Option:
    """A parameter of a command."""

    name: str
    kind: str
    flag: bool
    argument: bool
    required: bool
    several: int


@dataclass(frozen=True)
class Case:
    """A command line; {out} and {file:NAME} stand for what only a run knows."""

    words: tuple[str, ...]

    def argv(self, out: Path, files: Path) -> list[str]:
        found = []
        for word in self.words:
            name = word[6:-1] if word.startswith("{file:") else ""
            found.append(str(out) if word == "{out}" else str(files / name) if name else word)
        return found


def all_options() -> dict[str, list[Option]]:
    """Every command of the shell with its parameters, as the shell itself declares them."""
    found: dict[str, list[Option]] = {}

    def walk(command: Any, name: str) -> None:
        if hasattr(command, "commands"):
            for own, inner in command.commands.items():
                walk(inner, f"{name} {own}".strip())
        elif name not in LEFT_OUT:
            found[name] = [_option(param) for param in command.params if param.name != "help"]

    walk(typer.main.get_command(build()), "")
    return found


def _option(param: Any) -> Option:
    # Newer versions of typer keep the annotation, older ones click's type.
    described = getattr(param, "type_descriptor", None)
    kind = str(described.annotation if described else param.type).lower()
    name = max(param.opts, key=len)
    return Option(
        name, kind, bool(getattr(param, "is_flag", False)), param.param_type_name == "argument", param.required,
        param.nargs,
    )  # fmt: skip


def cases(options: dict[str, list[Option]], files: list[str]) -> st.SearchStrategy[Case]:
    """Command lines: mostly sensible, a few values hostile.

    Hypothesis draws a generator, which picks evenly: left to itself it would stay with the first of each list for long.
    """
    hostile = [f"{{file:{name}}}" for name in files]

    def value(option: Option, rng: random.Random) -> str:
        if "path" in option.kind:
            return rng.choice(hostile)
        if any(kind in option.kind for kind in ("int", "float")):
            return (
                rng.choice(NUMBERS)
                if rng.random() < 0.8
                else repr(rng.uniform(-2, 2) * 10 ** rng.uniform(-9, 30))
            )
        if option.argument and rng.random() < 0.3:
            return rng.choice(hostile)
        return rng.choice(TEXTS) if rng.random() < 0.8 else _any_text(rng)

    def case(rng: random.Random) -> Case:
        name = rng.choice(sorted(options))
        mine = options[name]
        given: list[str] = []
        for argument in (option for option in mine if option.argument):
            if argument.required or rng.random() < 0.5:
                given.append(value(argument, rng))
        chosen = rng.sample(
            [o for o in mine if not o.argument], min(rng.randint(0, 3), sum(not o.argument for o in mine))
        )
        for option in mine:
            if not option.argument and (option in chosen or (option.required and rng.random() < 0.9)):
                given.append(option.name)
                given += [] if option.flag else [value(option, rng) for _ in range(max(1, option.several))]
        names = {option.name for option in mine}
        cheap = CHEAP.get(name, CHEAP.get(name.split()[0], ()))
        return Case((*name.split(), *_usable(cheap, names), *_more(name, names), *given))

    return st.randoms(use_true_random=True).map(case)


def _any_text(rng: random.Random) -> str:
    """Characters of any kind, but no surrogates, which no shell can send, and no null."""
    return "".join(
        chr(rng.choice((rng.randrange(1, 128), rng.randrange(1, 0xD800)))) for _ in range(rng.randint(1, 20))
    )


def _usable(words: tuple[str, ...], names: set[str]) -> list[str]:
    """Of the options that make a command short, those that this one has."""
    kept: list[str] = []
    keep = False
    for word in words:
        if word.startswith("--"):
            keep = word in names or word.replace("--no-", "--") in names
        if keep:
            kept.append(word)
    return kept


def _more(name: str, names: set[str]) -> list[str]:
    """Where to write, and the small model where motion is made."""
    found = []
    if "--out" in names:
        found += ["--out", FILES.get(name, "{out}")]
    if "--model" in names:
        found += ["--model", "{file:tiny}" if name.startswith("image") else "{file:toy}"]
    return found


def hostile_files(folder: Path, motion: Path, pack: Path) -> list[str]:
    """Files and folders that a command may be given, good ones among them; their names."""
    whole = motion.read_bytes()
    made: dict[str, bytes] = {
        "good.npz": whole, "cut.npz": whole[: len(whole) // 2], "empty.npz": b"", "noise.npz": bytes(range(256)) * 8,
        "empty.bvh": b"", "bad.bvh": b"HIERARCHY\nROOT a\n{\nOFFSET nan nan nan\n", "bad.glb": b"glTF\x02\0\0\0\xff\xff\xff\xff",
        "bad.json": b'[{"text": "a", "seconds": 1' + b"0" * 400, "deep.json": b"[" * 100_000, "rows.csv": b"text,seconds\na,1\n",
        "excel.csv": "\ufefftext;seconds\r\na;1,5\r\n".encode(), "bad.csv": b'"', "path.csv": b"0,0\n0,1\n", "bad.png": b"\x89PNG\r\n\x1a\n",
        "\x1b[31mred.npz": whole, "a.safetensors": b"\x08\0\0\0\0\0\0\0{}      ", "x.txt": b"hello",
    }  # fmt: skip
    for name, content in made.items():
        (folder / name).write_bytes(content)
    header = {"descr": "<f4", "fortran_order": False, "shape": (1, 50_000, 22, 3)}
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("joints.npy", "w", force_zip64=True) as stream,
    ):
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(bytes(50_000 * 264))
    Image.new("RGB", (64, 64), "green").save(folder / "good.png")
    Image.new("L", (64, 64)).save(folder / "black.png")
    pictures = folder / "pictures"
    for name in ("meadow", "evening"):
        (pictures / name).mkdir(parents=True)
        Image.new("RGB", (96, 64), "blue").save(pictures / name / "a.png")
    (folder / "folder").mkdir()
    broken = folder / "broken-pack"
    broken.mkdir()
    (broken / "motions.npz").write_bytes(whole)
    (broken / "captions.jsonl").write_text(json.dumps({"name": 1}) + "\n")
    (folder / "pack").symlink_to(pack)
    os.mkfifo(folder / "pipe.npz")
    for name, target in {"zero.npz": "/dev/zero", "null.csv": "/dev/null", "loop.npz": "loop.npz"}.items():
        (folder / name).symlink_to(target)
    return [*(entry.name for entry in folder.iterdir()), "missing.npz", "missing", "n" * 300]


# What may stand where JSON holds something else.
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1e308,
        math.nan,
        math.inf,
        "",
        "x",
        "\x1b[31m",
        [],
        {},
        [[]],
        10**30,
        2**63,
        "9" * 4000,
    ),
    *("../../etc/passwd", "/dev/zero", [1] * 10_000),
)


def other_json(value: Any, rng: random.Random) -> Any:
    """JSON of which a value or two are others, or gone."""
    spots: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        for key in inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ():
            spots.append((inner, key))
            walk(inner[key])

    walk(value)
    for holder, key in rng.sample(spots, min(len(spots), rng.randint(1, 2))):
        if rng.random() < 0.2:
            holder.clear()
        elif isinstance(holder, dict) or key < len(holder):
            holder[key] = rng.choice(VALUES)
    return value


def other_arrays(whole: bytes, rng: random.Random) -> bytes:
    """An archive of arrays of which one has another type, shape or value, or is gone."""
    with np.load(io.BytesIO(whole), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("no archive of arrays")
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    spoilt = array.astype(np.float64) if array.dtype.kind in "fiu" else np.zeros(3)
    spoilt.flat[: spoilt.size // 2] = rng.choice((math.nan, math.inf, 1e300, -1e30))
    others = (
        np.atleast_1d(array)[..., :0],
        array[None],
        array.astype("U8"),
        spoilt,
        np.array("[{}]"),
        np.array(2.0**40),
        array != array,
    )
    arrays[name] = rng.choice(others)
    if rng.random() < 0.15:
        del arrays[name]
    out = io.BytesIO()
    rng.choice((np.savez, np.savez_compressed))(out, **arrays)
    return out.getvalue()


def structured(whole: bytes, rng: random.Random) -> bytes | None:
    """A file that is sound on the outside and says something else inside; None for kinds that have no inside."""
    if whole[:4] == b"PK\x03\x04":
        try:
            return other_arrays(whole, rng)
        except ValueError:
            return None  # an archive of something else
    if whole[:4] == b"glTF":
        (length,) = struct.unpack("<I", whole[12:16])
        text = json.dumps(other_json(json.loads(whole[20 : 20 + length]), rng)).encode()
        text += b" " * (-len(text) % 4)
        rest = whole[20 + length :]
        head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
        return head + text + rest
    if whole[8:9] == b"{":
        (length,) = struct.unpack("<Q", whole[:8])
        text = json.dumps(other_json(json.loads(whole[8 : 8 + length]), rng)).encode()
        return struct.pack("<Q", len(text)) + text + whole[8 + length :]
    if whole[:1] in (b"[", b"{"):
        lines = [json.dumps(other_json(json.loads(line), rng)) for line in _documents(whole)]
        return "\n".join(lines).encode()
    return None


def _documents(whole: bytes) -> list[str]:
    """One JSON document, or one a line."""
    text = whole.decode()
    try:
        json.loads(text)
    except ValueError:
        return text.splitlines()
    return [text]


@st.composite
def mutations(pick: Any, whole: bytes) -> bytes:
    """A file that something has gone wrong with: bytes changed, cut, repeated, numbers made huge, or other content."""
    if pick(st.booleans()):
        inside = structured(whole, random.Random(pick(st.integers(0, 2**32))))
        if inside is not None:
            return inside
    data = bytearray(whole)
    for _ in range(pick(st.integers(1, 4))):
        at = pick(st.integers(0, max(0, len(data) - 1)) | st.integers(0, min(400, max(0, len(data) - 1))))
        kind = pick(st.sampled_from(("flip", "cut", "huge", "repeat", "zero", "words")))
        if kind == "flip" and data:
            data[at] ^= 1 << pick(st.integers(0, 7))
        elif kind == "cut":
            del data[at:]
        elif kind == "huge":
            data[at : at + 4] = b"\xff\xff\xff\x7f"
        elif kind == "repeat":
            data[at:at] = data[at : at + 64]
        elif kind == "zero":
            data[at : at + 16] = bytes(16)
        else:
            data[at : at + 8] = pick(
                st.sampled_from((b"nan", b"1e999", b"-1", b'"', b"\xff\xfe", b"{", b"99999999999"))
            )
    return bytes(data)
