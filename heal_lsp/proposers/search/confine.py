"""Keeping edits within the target: its last line's end is not its own."""

from __future__ import annotations

from collections.abc import Sequence

from heal_lsp.core.text import Edit
from heal_lsp.proposers.search.source import Source


def confined(edits: Sequence[Edit], source: Source, end: int) -> tuple[Edit, ...]:
    """The same change with no edit beyond ``end``, where the target ends, if it reaches to the line's end only.

    Whole lines are edited with their endings. What follows ``end`` on its line, a comment or just the ending,
    stays where it is, so that the new text takes over the line ending before it instead.
    """
    limit = source.line_end(source.line(max(0, end - 1)))
    return tuple(_confined(each, source, end) if end < each.end <= limit else each for each in edits)


def _confined(edit: Edit, source: Source, end: int) -> Edit:
    tail = source.slice(end, edit.end)
    if edit.start >= end:
        return Edit(end, end, source.eol + _without_ending(edit.new))
    if edit.new:
        kept = edit.new.removesuffix(tail)
        return Edit(edit.start, end, kept if kept != edit.new else _without_ending(edit.new))
    before = source.data[: edit.start]
    length = 2 if before.endswith(b"\r\n") else 1
    return Edit(edit.start - length, end, "")


def _without_ending(text: str) -> str:
    for ending in ("\r\n", "\n", "\r"):
        if text.endswith(ending):
            return text[: -len(ending)]
    return text
