"""YAML of strangers, read as plain values."""

from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20


def parse_yaml(path: Path, *, extra: str) -> Any:
    """What a file holds: trees of names, numbers and texts, nothing that runs.

    Args:
        extra: of this package, that brings PyYAML.

    Raises:
        ImportError: PyYAML is missing.
        ValueError: too large, no YAML, or one that refers to itself; without the file's name.
    """
    try:
        import yaml
    except ImportError as error:
        raise ImportError(f"{path.name} needs PyYAML: pip install 'motioncollage[{extra}]'") from error
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        # Aliases let a few lines stand for gigabytes; these files have none.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ValueError("it refers to itself with * and &")
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no YAML ({type(error).__name__})") from error
