"""The text of a metric, from the lines of its body."""

from __future__ import annotations

import textwrap


def metric_text(body: str, head: str = "", *, signature: str = "df", returns: str = "") -> str:
    """A source whose calc_metric has this body.

    Args:
        body: its lines, not indented.
        head: what stands before it.
        signature: its parameters.
        returns: what it declares to return, if anything.
    """
    arrow = f" -> {returns}" if returns else ""
    lines = textwrap.indent(body.strip("\n"), "    ")
    return f"{head}\ndef calc_metric({signature}){arrow}:\n{lines}\n"
