"""What a change makes of the target: whether it is Python at all, and whether it was there before."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from types import CodeType
from typing import Any

from heal_lsp.core.text import Edit, apply_edits
from heal_lsp.proposers.search.subject import Subject


class Shapes:
    """The forms of the target that were seen, told apart by what they compile to."""

    def __init__(self, subject: Subject) -> None:
        source = subject.source
        root = subject.root
        self._start = source.offset(source.line(source.start(root)), 0)
        self._end = source.span(root)[1]
        self._text = source.slice(self._start, self._end)
        self._indented = self._text[:1] in (" ", "\t")
        self._compiles = "nonlocal" not in self._text
        self._seen: set[int] = set()
        self.is_new(())

    def is_new(self, edits: Sequence[Edit]) -> bool:
        """Whether edits give a target that compiles and that was not seen before; takes note of it."""
        inside = [each for each in edits if each.start >= self._start]
        outside = [each for each in edits if each.start < self._start]
        if any(each.end > self._end for each in inside):
            return False
        moved = [Edit(each.start - self._start, each.end - self._start, each.new) for each in inside]
        key = self._key(moved)
        if key is None:
            return False
        key = hash((key, tuple(outside)))
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _key(self, edits: Sequence[Edit]) -> Any:
        try:
            text = apply_edits(self._text, edits)
            if self._indented:
                text = f"class _:\n{text}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if self._compiles:
                    return _behaviour(compile(text, "<candidate>", "exec", dont_inherit=True))
                return ast.dump(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _behaviour(code: CodeType) -> tuple[Any, ...]:
    """What tells the working of two code objects apart, whatever their layout."""
    constants = tuple(
        _behaviour(each) if isinstance(each, CodeType) else (type(each).__name__, repr(each))
        for each in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, code.co_flags, names, constants, getattr(code, "co_exceptiontable", b""))
