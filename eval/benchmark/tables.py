"""Tables of results for people: in a terminal of 80 columns, and on a page."""

import html
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from eval.benchmark.report import Results, columns, heading, in_blocks, main_columns, rows

TABLES = ("main", "all")  # what --table takes


def terminal_tables(results: Results, title: str, main: Sequence[str], which: str) -> list[Table]:
    """Methods down, metrics across: the four that matter, or all of them four at a time.

    Args:
        main: names of the metrics that matter; the first ones where there are none.
        which: one of TABLES.
    """
    shown = main_columns(results, main)
    others = [name for name in columns(results) if name not in shown] if which == "all" else []
    left_out = len(columns(results)) - len(shown) - len(others)
    caption = f"and {left_out} more: --table all, report.md" if left_out else None
    made = []
    for number, names in enumerate([shown, *in_blocks(others)]):
        table = plain_table(title if number == 0 else None, caption)
        table.add_column("method", no_wrap=True)
        for name in names:
            table.add_column(heading(results, name, short=True), justify="right")
        for row in rows(results, names):
            table.add_row(*row)
        made.append(table)
    return made


def plain_table(title: str | None, caption: str | None) -> Table:
    """Without lines between columns, which would cost the room of a number."""
    return Table(box=SIMPLE_HEAD, title=title, caption=caption, title_justify="left", caption_justify="left")


def page_table(results: Results, names: Sequence[str]) -> str:
    """A table in HTML, methods down."""
    head = "".join(f"<th>{html.escape(heading(results, name))}</th>" for name in names)
    body = "".join(
        f"<tr><th>{html.escape(method)}</th>"
        + "".join(f"<td>{html.escape(text)}</td>" for text in cells)
        + "</tr>"
        for method, *cells in rows(results, names)
    )
    return f"<table><thead><tr><th>method</th>{head}</tr></thead><tbody>{body}</tbody></table>"


def page_tables(results: Results, main: Sequence[str]) -> str:
    """The metrics that matter, and the rest folded away."""
    shown = main_columns(results, main)
    others = [name for name in columns(results) if name not in shown]
    rest = "".join(page_table(results, names) for names in in_blocks(others))
    folded = f"<details><summary>{len(others)} more metrics</summary>{rest}</details>" if others else ""
    return page_table(results, shown) + folded
