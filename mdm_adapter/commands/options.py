"""Parameters that commands of motion share."""

from pathlib import Path
from typing import Annotated

from mdm_adapter.io.incoming import READABLE
from motioncollage.shell import values
from motioncollage.shell.values import ADVANCED, LENGTH, MAKING


def _check_prompt(name: str, prompt: str) -> None:
    from mdm_adapter.prompts.file_names import ask_about_files

    ask_about_files(prompt)


Prompt = Annotated[
    str,
    values.argument(
        'A sentence, "a | b | c", or a timeline: [{"text": ..., "seconds": ...}], a .json or a .csv file.',
        check=_check_prompt,
    ),
]
MotionFile = Annotated[Path, values.file_to_read(f"A motion: {READABLE}.", what="motion")]
Length = Annotated[
    float, values.seconds("Length of the whole motion; by default each action gets its own.", panel=LENGTH)
]
Precision = Annotated[
    str,
    values.option(
        "auto (bfloat16 where it is fast; float32 for the last steps), float32, bfloat16; the preset's by default.",
        panel=ADVANCED,
    ),
]
Chosen = Annotated[str, values.option("Which samples, such as 1 or 1,3; all by default.", panel=MAKING)]
Feet = Annotated[
    str,
    values.option(
        "held: standing feet do not slide; free: as the model leaves them. The model's own by default.",
        panel=MAKING,
    ),
]
