"""Prompts: whatever a user writes -> a list of actions, one full sentence for each.

    read_prompt("a man walks for 4 seconds, then waves")   # plain English: split by spaCy's parse
    read_prompt("walk forward | wave [3s] | bow")          # bars: taken as they stand
    read_prompt("scene.json"), read_prompt("scene.csv")    # timelines: starts, overlaps, transitions

`read_split` gives the same actions with notes on what could have been read otherwise ("'and' taken as: at
the same time"). A `Splitter` of one's own goes in as `read_prompt(text, splitter=...)`; `EnglishSplitter` is
the one that is used otherwise. Nothing here imports spaCy before a prompt has to be split.
"""

from mdm_adapter.prompts.action import Action
from mdm_adapter.prompts.language import load_language
from mdm_adapter.prompts.splitter import EnglishSplitter, Split, Splitter, split_prompt
from mdm_adapter.prompts.timeline import parse_timeline, read_prompt, read_split

__all__ = [
    "Action",
    "EnglishSplitter",
    "Split",
    "Splitter",
    "load_language",
    "parse_timeline",
    "read_prompt",
    "read_split",
    "split_prompt",
]
