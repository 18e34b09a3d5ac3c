"""The pieces of a GLB file that tell how nodes move, out of files nobody vouches for.

Every number is checked before it is used, and every refusal is one line: the value, and the remedy.
"""

import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.geometry import Floats

MAX_BYTES = 512 * 2**20
MAX_JSON = 64 * 2**20
MAX_NODES = 20_000
MAX_COUNT = 6_000_000  # entries of an accessor that is read
_AGAIN = "export the file again"
_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
PATHS = {"translation": 3, "rotation": 4, "scale": 3}
INTERPOLATIONS = ("LINEAR", "STEP", "CUBICSPLINE")


@dataclass(frozen=True, eq=False)
class Channel:
    """How one property of one node moves.

    path: a key of `PATHS`. times: float64 [K], seconds, increasing. values: float64 [K, n], or [K, 3, n] (in-tangent,
    value, out-tangent) with CUBICSPLINE.
    """

    node: int
    path: str
    times: Floats
    values: Floats
    interpolation: str


class Glb:
    """An open GLB file: its JSON and its binary part."""

    def __init__(self, path: Path) -> None:
        self.label = path.name if path.name.isprintable() else ascii(path.name)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise self.error("not a regular file", "give the path of a .glb file")
        if status.st_size > MAX_BYTES:
            raise self.error(
                f"{status.st_size:,} bytes, more than {MAX_BYTES:,}", "export the skeleton without meshes"
            )
        self.binary = b""
        self._arrays: dict[int, Floats] = {}
        raw = path.read_bytes()
        if len(raw) < 20 or raw[:4] != b"glTF":
            raise self.error("it does not begin as a GLB file does", "give a binary glTF 2.0 file (.glb)")
        version, length = (int.from_bytes(raw[at : at + 4], "little") for at in (4, 8))
        if version != 2:
            raise self.error(f"glTF version {version}", "export it as glTF 2.0")
        if length > len(raw):
            raise self.error(
                f"{len(raw):,} of {length:,} bytes are there", "it is truncated: get a complete copy"
            )
        text = None
        at = 12
        while at + 8 <= length:
            size, kind = int.from_bytes(raw[at : at + 4], "little"), raw[at + 4 : at + 8]
            if size > length - at - 8:
                raise self.error(
                    f"a part of {size:,} bytes does not fit", "it is truncated: get a complete copy"
                )
            body = raw[at + 8 : at + 8 + size]
            if kind == b"JSON" and text is None:
                text = body
            elif kind == b"BIN\0" and not self.binary:
                self.binary = body
            at += 8 + size
        self.json = self._parse(text)

    def error(self, problem: str, remedy: str = _AGAIN) -> ValueError:
        """The error to raise: one line with the file, the problem and what to do."""
        return ValueError(f"{self.label}: {' '.join(problem.split())[:300]}; {remedy}")

    def _parse(self, text: bytes | None) -> dict[str, Any]:
        if text is None or len(text) > MAX_JSON:
            raise self.error("it has no JSON part, or one of more than 64 MB")
        try:
            found = json.loads(text.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self.error(f"its JSON part cannot be read ({error})") from None
        if not isinstance(found, dict):
            raise self.error("its JSON part is no object")
        return found

    def entries(self, key: str) -> list[dict[str, Any]]:
        """A top-level list of objects; empty if it is absent."""
        return self.objects(self.json, key, key)

    def objects(self, parent: dict[str, Any], key: str, what: str) -> list[dict[str, Any]]:
        found = parent.get(key, [])
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise self.error(f"{what} is no list of objects")
        return found

    def index(self, parent: dict[str, Any], key: str, count: int, what: str) -> int:
        """parent[key] as the number of one of `count` things."""
        return self.whole(parent.get(key), f"{what}: {key}", 0, count - 1)

    def whole(self, value: Any, what: str, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(f"{what} is {str(value)[:40]}, not a whole number from {low} to {high}")
        return value

    def numbers(self, parent: dict[str, Any], key: str, default: Sequence[float], what: str) -> Floats:
        """parent[key] as that many finite numbers."""
        value = parent.get(key, default)
        good = isinstance(value, (list, tuple)) and len(value) == len(default)
        good = good and all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in value)
        if not good or not all(abs(x) < 1e12 for x in value):  # also refuses nan
            raise self.error(f"{what}: {key} is not {len(default)} finite numbers")
        return np.array(value, dtype=np.float64)

    def accessor(self, number: int) -> Floats:
        """The numbers of an accessor, float64 [count, width]. Read once: a file may use it any number of times."""
        if number not in self._arrays:
            self._arrays[number] = self._accessor(number)
        return self._arrays[number]

    def _accessor(self, number: int) -> Floats:
        what = f"accessor {number}"
        accessors, views = self.entries("accessors"), self.entries("bufferViews")
        entry = accessors[number]
        if "sparse" in entry:
            raise self.error(f"{what} is sparse", "export without sparse accessors")
        view = views[self.index(entry, "bufferView", len(views), what)]
        if view.get("extensions"):
            raise self.error(f"{what} is compressed", "export without compression (meshopt, Draco)")
        if self.index(view, "buffer", len(self.entries("buffers")), what) != 0 or not self.binary:
            raise self.error(f"{what} lies in another file", "export as one .glb file")
        dtype = np.dtype(_COMPONENTS.get(self._component(entry), "<f4"))
        kind = entry.get("type")
        if not isinstance(kind, str) or kind not in _WIDTHS:
            raise self.error(f"{what} has the type {str(kind)[:20]!r}")
        width = _WIDTHS[kind]
        count = self.whole(entry.get("count"), f"{what}: count", 1, MAX_COUNT)
        begin = self.whole(view.get("byteOffset", 0), f"{what}: byteOffset", 0, MAX_BYTES)
        length = self.whole(view.get("byteLength"), f"{what}: byteLength", 1, MAX_BYTES)
        offset = self.whole(entry.get("byteOffset", 0), f"{what}: byteOffset", 0, MAX_BYTES)
        step = self.whole(view.get("byteStride", width * dtype.itemsize), f"{what}: byteStride", 1, 1024)
        last = offset + (count - 1) * step + width * dtype.itemsize
        if step < width * dtype.itemsize or last > length or begin + length > len(self.binary):
            raise self.error(
                f"{what} reaches beyond the end of the file", "it is damaged: get a complete copy"
            )
        values: NDArray[Any] = np.ndarray(
            (count, width), dtype, self.binary, begin + offset, (step, dtype.itemsize)
        )
        result = values.astype(np.float64)
        if dtype.kind != "f" and entry.get("normalized") is True:
            result = np.maximum(result / np.iinfo(dtype).max, -1.0)
        if not np.isfinite(result).all():
            raise self.error(f"{what} holds numbers that are not finite")
        return result

    def _component(self, entry: dict[str, Any]) -> int:
        found = entry.get("componentType")
        if not isinstance(found, int) or found not in _COMPONENTS:
            raise self.error(f"an accessor has the component type {str(found)[:20]}")
        return found

    def parents(self) -> list[int]:
        """The parent of every node, -1 for those without.

        Raises:
            ValueError: too many nodes, two parents, or a circle.
        """
        nodes = self.entries("nodes")
        if not 0 < len(nodes) <= MAX_NODES:
            raise self.error(
                f"it has {len(nodes)} nodes, not 1 to {MAX_NODES:,}", "export the skeleton alone"
            )
        parents = [-1] * len(nodes)
        for number, node in enumerate(nodes):
            children = node.get("children", [])
            if not isinstance(children, list):
                raise self.error(f"node {number}: children is no list")
            for child in children:
                child = self.whole(child, f"node {number}: child", 0, len(nodes) - 1)
                if parents[child] >= 0:
                    raise self.error(f"node {child} has two parents")
                parents[child] = number
        reached = [number for number, parent in enumerate(parents) if parent < 0]
        for number in reached:
            reached.extend(nodes[number].get("children", []))
        if len(reached) != len(nodes):
            raise self.error("some nodes hang on each other in a circle")
        return parents

    def names(self) -> list[str]:
        """The names of all nodes; `node 3` for one without."""
        found = [node.get("name") for node in self.entries("nodes")]
        return [name if isinstance(name, str) and name else f"node {i}" for i, name in enumerate(found)]

    def channels(self, number: int) -> list[Channel]:
        """How nodes move in an animation; channels of other things (morph targets) are left out."""
        animation = self.entries("animations")[number]
        what, nodes = f"animation {number}", len(self.entries("nodes"))
        samplers = self.objects(animation, "samplers", f"{what}: samplers")
        accessors = len(self.entries("accessors"))
        found: dict[tuple[int, str], Channel] = {}
        times: dict[int, Floats] = {}
        for entry in self.objects(animation, "channels", f"{what}: channels"):
            target = entry.get("target")
            if not isinstance(target, dict):
                raise self.error(f"{what}: a channel has no target")
            path = target.get("path")
            if not isinstance(path, str) or path not in PATHS or "node" not in target:
                continue
            node = self.index(target, "node", nodes, what)
            sampler = samplers[self.index(entry, "sampler", len(samplers), what)]
            kind = sampler.get("interpolation", "LINEAR")
            if not isinstance(kind, str) or kind not in INTERPOLATIONS:
                raise self.error(
                    f"{what} interpolates by {str(kind)[:20]!r}, not {', '.join(INTERPOLATIONS)}"
                )
            clock = self.index(sampler, "input", accessors, what)
            if clock not in times:
                found_times = self.accessor(clock)
                if found_times.shape[1] != 1:
                    raise self.error(f"{what}: a time is not one number")
                times[clock] = found_times[:, 0]
                if (np.diff(times[clock]) <= 0).any() or not 0 <= times[clock][0] <= times[clock][-1] < 1e6:
                    raise self.error(f"{what}: its times do not increase from 0 s")
            values = self.accessor(self.index(sampler, "output", accessors, what))
            keys, each = len(times[clock]), 3 if kind == "CUBICSPLINE" else 1
            if values.shape != (keys * each, PATHS[path]):
                raise self.error(f"{what}: {list(values.shape)} values of {path} for {keys} times")
            if each == 3:
                values = values.reshape(keys, 3, -1)
            if (node, path) in found:
                raise self.error(f"{what} moves the {path} of node {node} twice")
            found[node, path] = Channel(node, path, times[clock], values, kind)
        return list(found.values())
