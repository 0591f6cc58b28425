"""The words that tell a person what a change does."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from heal_lsp.core.text import Edit, apply_edits
from heal_lsp.proposers.search.rank import Change
from heal_lsp.proposers.search.subject import Subject
from heal_lsp.proposers.search.trees import FUNCTIONS

_LONGEST = 60


def describe(subject: Subject, change: Change) -> str:
    """``old → new`` for the smallest code around a change that says enough."""
    if change.note:
        return change.note
    together = _words(subject, change.edits)
    if together is not None:
        return together
    parts = [_words(subject, (each,)) or f"change in line {change.line}" for each in change.edits]
    return " and ".join(dict.fromkeys(parts))


def _words(subject: Subject, edits: Sequence[Edit]) -> str | None:
    """Edits that lie close together as ``old → new``; None when they do not."""
    node = _around(subject, min(each.start for each in edits), max(each.end for each in edits))
    if node is None or (len(edits) > 1 and isinstance(node, FUNCTIONS)):
        return None
    first, last = subject.source.span(node)
    old = subject.source.slice(first, last)
    try:
        new = apply_edits(old, [Edit(each.start - first, each.end - first, each.new) for each in edits])
    except ValueError:
        return None
    return _arrow(old, new)


def _arrow(old: str, new: str) -> str:
    """Two texts with an arrow between; long ones are cut to where they differ."""
    one, two = " ".join(old.split()), " ".join(new.split())
    if max(len(one), len(two)) > _LONGEST:
        skipped = next((at for at, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, skipped - _LONGEST // 3)
        one, two = (("…" if start else "") + text[start:] for text in (one, two))
    return f"`{_short(one)}` → `{_short(two)}`"


def _around(subject: Subject, start: int, end: int) -> ast.AST | None:
    """The largest expression around a span that still reads well, else the smallest node around it."""
    best: tuple[int, ast.AST] | None = None
    smallest: tuple[int, ast.AST] | None = None
    for site in subject.sites:
        first, last = subject.source.span(site.node)
        if first <= start and end <= last:
            size = last - first
            if smallest is None or size < smallest[0]:
                smallest = (size, site.node)
            if (
                size <= _LONGEST // 2
                and not isinstance(site.node, FUNCTIONS)
                and (best is None or size > best[0])
            ):
                best = (size, site.node)
    chosen = best or smallest
    return chosen[1] if chosen else None


def _short(code: str) -> str:
    flat = " ".join(code.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
