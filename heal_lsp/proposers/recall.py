"""The proposer that remembers: a stored fix for the same failure, carried over to the present text."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from difflib import SequenceMatcher

import attrs

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Baseline, Candidate, Fix, Target, Task
from heal_lsp.core.ports import FixStore
from heal_lsp.core.syntax import Definition, definitions, first_line, parse
from heal_lsp.core.text import Edit, digest, line_of, line_starts

_ENDING = re.compile(r"\r\n|\r|\n")


class RecallProposer:
    """Yields the fix that is stored under ``key``, if there is one and it fits the target's present text."""

    name = "recall"
    budget = Budget(attempts=1, seconds=10.0)

    def __init__(self, store: FixStore, key: str) -> None:
        self._store = store
        self.key = key
        """Where the fix is stored: whoever sees it fail evicts it there."""

    async def propose(
        self, task: Task, baseline: Baseline, memory: Memory
    ) -> AsyncGenerator[Candidate, None]:
        """Yield at most one candidate, which is verified like any other."""
        fix = await asyncio.to_thread(self._store.get, self.key)
        if fix is None:
            return
        edits = await asyncio.to_thread(_carried, fix, task)
        if edits:
            known = fix.candidate
            yield attrs.evolve(
                known, base=digest(task.base), edits={task.target.path: edits}, proposer=self.name
            )


def _carried(fix: Fix, task: Task) -> tuple[Edit, ...] | None:
    """A fix's edits for the present text of the target's file; None when they do not fit it."""
    if len(fix.changes) != 1 or set(fix.candidate.edits) != {fix.changes[0].path}:
        return None
    old, edits = fix.changes[0].old, fix.candidate.edits[fix.changes[0].path]
    if old == task.base:
        return edits
    try:
        moved = _Move(old, task.base, task.target, edits)
    except (SyntaxError, LookupError):
        return None
    carried = [moved.edit(each) for each in edits]
    return (
        None if any(each is None for each in carried) else tuple(each for each in carried if each is not None)
    )


class _Move:
    """From a text to another in which the same function stands at another place.

    Raises:
        SyntaxError: one of the texts is no Python.
        LookupError: the old text has no function that the edits belong to.
    """

    def __init__(self, old: str, new: str, target: Target, edits: tuple[Edit, ...]) -> None:
        self._starts = line_starts(old), line_starts(new)
        self._lines = _ENDING.split(old), _ENDING.split(new)
        self._eol = "\r\n" if "\r\n" in new else "\n"
        before = _edited(parse(old), target.name, [line_of(self._starts[0], each.start) for each in edits])
        if before is None:
            raise LookupError(target.name)
        self._first = first_line(before.node)
        self._last = int(before.node.end_lineno or before.node.lineno)
        start = line_of(self._starts[1], target.start)
        self._map = self._matched(start, target.end_line)
        self._end = start

    def _matched(self, start: int, end: int) -> Mapping[int, int]:
        """The function's old lines by number, with the number of the same line now."""
        one, two = self._lines[0][self._first - 1 : self._last], self._lines[1][start - 1 : end]
        blocks = SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
        return {
            self._first + block.a + step: start + block.b + step
            for block in blocks
            for step in range(block.size)
        }

    def edit(self, edit: Edit) -> Edit | None:
        """One edit at its new place; None when that place is gone or looks different."""
        first, last = line_of(self._starts[0], edit.start), line_of(self._starts[0], edit.end)
        new_first = self._place(first)
        new_last = new_first if first == last else self._place(last)
        if new_first is None or new_last is None or new_last - new_first != last - first:
            return None
        start = self._starts[1][new_first - 1] + edit.start - self._starts[0][first - 1]
        end = self._starts[1][new_last - 1] + edit.end - self._starts[0][last - 1]
        return Edit(start, end, _ENDING.sub(self._eol, edit.new))

    def _place(self, line: int) -> int | None:
        if self._first <= line <= self._last:
            return self._map.get(line)
        if line == self._last + 1:  # an edit that ends with the function's last line ending
            before = self._map.get(self._last)
            return None if before is None or before >= len(self._starts[1]) else before + 1
        wanted = self._lines[0][line - 1]
        return next((at for at, text in enumerate(self._lines[1][: self._end], 1) if text == wanted), None)


def _edited(tree: ast.Module, name: str, lines: list[int]) -> Definition | None:
    """The innermost function of a name that holds the last of the edited lines."""
    found = None
    for each in definitions(tree):
        end = int(each.node.end_lineno or each.node.lineno)
        if each.node.name == name and first_line(each.node) <= max(lines) <= end + 1:
            found = each
    return found
