"""Text models from a hub: which files they are, and where they come from. Importing this imports no PyTorch."""

from pathlib import Path

from motioncollage.hub import HubLayout, PicklesOnly, Unreachable, converted, get

TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json")
LAYOUT = HubLayout(
    needs=(("config.json",), ("model.safetensors",), TOKENIZER_FILES),
    takes=("merges.txt", "special_tokens_map.json", "tokenizer_config.json", "added_tokens.json"),
)


def fetched_folder(name: str) -> Path:
    """The folder of a text model on a hub, fetched once; of a repository of pickles, the hub's own conversion.

    Raises:
        ValueError: it cannot be had; one line that names `--text-encoder`.
    """
    try:
        return get(name, (LAYOUT,)).folder
    except ValueError as error:
        # Older repositories have safetensors only as a pull request of the hub's converter.
        perhaps = isinstance(error, (PicklesOnly, Unreachable))
        offered = converted(name, (LAYOUT,)) if perhaps else None
        if offered is not None:
            return offered.folder
        raise ValueError(f"text model {error}; or give its folder: --text-encoder FOLDER") from error
