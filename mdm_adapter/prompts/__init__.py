"""Prompts: plain English, bars or JSON -> a list of actions. `read_prompt` takes them all."""

from mdm_adapter.prompts.action import Action
from mdm_adapter.prompts.language import load_language
from mdm_adapter.prompts.splitter import split_prompt
from mdm_adapter.prompts.timeline import parse_timeline, read_prompt

__all__ = ["Action", "load_language", "parse_timeline", "read_prompt", "split_prompt"]
