"""`motioncollage texts embed`: sentences embedded once, where the encoder fits, and used everywhere."""

from pathlib import Path
from typing import Annotated

from motioncollage.files import read_text
from motioncollage.shell import values
from motioncollage.shell.options import Force
from motioncollage.shell.output import console, notes
from motioncollage.wording import plural


def embed(
    sentences: list[str], text_encoder: str,
    out: Annotated[Path, values.written(endings=(".safetensors",))] = Path("sentences.safetensors"),
    name: str | None = None, add: bool = False, force: Force = False,
) -> None:  # fmt: skip
    """Embed sentences for models whose text encoder is too large to run everywhere; with the file they need none.

    Arguments:
        sentences: Sentences, prompts of several actions, or text files (.txt) with a sentence on every line.
    What to make:
        text_encoder: Where the encoder is: a folder of LLM2Vec (base, mntp, supervised), or the address of a server.
    Output:
        out: The file; put beside a model's config.yaml it is found there.
        add: Keep what the file has and embed what it lacks.
    Advanced:
        name: What the file calls the encoder; files of different ones do not mix.
    """
    from mdm_adapter.models.kimodo.text import embed_sentences, places, read_embeddings, write_embeddings

    if add and force:
        raise ValueError("--add keeps what a file has and --force replaces it; give one of the two")
    if out.exists() and not (add or force):
        raise ValueError(
            f"{out} exists; use --add to keep what it has, --force to replace it, or another --out"
        )
    wanted = _listed(sentences)
    if Path(text_encoder).is_file():
        raise ValueError(
            f"--text-encoder {text_encoder} is a file, which knows its own sentences only; give a folder or an address"
        )
    known = read_embeddings(out) if add and out.exists() else None
    called = name or (known.encoder if known else places.name_of(text_encoder))
    made = embed_sentences(wanted, places.load_encoder(text_encoder), name=called, known=known)
    write_embeddings(out, made, force=add or force)
    fresh = len(made) - (len(known) if known else 0)
    console.print(
        f"wrote {out}: {plural(len(made), 'sentence')}, {fresh} of them new, by {called}", soft_wrap=True
    )
    if known is not None and fresh == 0:
        notes.print("all of them were there already")


def _listed(sentences: list[str]) -> list[str]:
    """The sentences themselves, those of text files, and those that prompts of several actions are split into.

    Raises:
        ValueError: a file that is missing, too large or empty.
    """
    from mdm_adapter.prompts import read_prompt

    found: list[str] = []
    for entry in sentences:
        if entry.lower().endswith(".txt"):
            found += read_text(entry, "list of sentences").splitlines()
        else:
            # As the commands ask for them, so that a prompt embedded here is one that can be made.
            found += [entry, *(action.text for action in read_prompt(entry))]
    found = [text.strip() for text in found if text.strip()]
    if not found:
        raise ValueError("no sentences were given; name some, or a .txt with a sentence on every line")
    return found
