"""The words that tell a person what a change does."""

from __future__ import annotations

import ast

from heal_lsp.core.text import apply_edits
from heal_lsp.proposers.search.rank import Change
from heal_lsp.proposers.search.subject import Subject

_LONGEST = 60


def describe(subject: Subject, change: Change) -> str:
    """``old → new`` for the smallest code around a change that says enough."""
    if change.note:
        return change.note
    start = min(each.start for each in change.edits)
    end = max(each.end for each in change.edits)
    node = _around(subject, start, end)
    if node is None:
        return f"change in line {change.line}"
    first, last = subject.source.span(node)
    old = subject.source.slice(first, last)
    inside = [type(each)(each.start - first, each.end - first, each.new) for each in change.edits]
    try:
        new = apply_edits(old, inside)
    except ValueError:
        return f"change in line {change.line}"
    return f"`{_short(old)}` → `{_short(new)}`"


def _around(subject: Subject, start: int, end: int) -> ast.AST | None:
    """The largest expression around a span that still fits a line of words, else the smallest node around it."""
    best: tuple[int, ast.AST] | None = None
    smallest: tuple[int, ast.AST] | None = None
    for site in subject.sites:
        first, last = subject.source.span(site.node)
        if first <= start and end <= last:
            size = last - first
            if smallest is None or size < smallest[0]:
                smallest = (size, site.node)
            if size <= _LONGEST // 2 and (best is None or size > best[0]):
                best = (size, site.node)
    chosen = best or smallest
    return chosen[1] if chosen else None


def _short(code: str) -> str:
    flat = " ".join(code.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
