"""The attempts of one repair: what the next proposal sees, and what keeps a candidate from running twice."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from heal_lsp.core.model import Attempt, Candidate, Task
from heal_lsp.core.text import digest


class Memory:
    """Attempts of one repair, in order."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._seen = {_shape(task.base)}
        self._attempts: list[Attempt] = []

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts)

    def is_new(self, candidate: Candidate) -> bool:
        """Whether no candidate with the same syntax tree was admitted before; admits it."""
        key = _key(candidate, {self._task.target.path: self._task.base})
        if key is None:
            return True  # it does not apply or parse: the rails refuse it with the reason
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def record(self, attempt: Attempt) -> None:
        """Add an attempt."""
        self._attempts.append(attempt)


def _key(candidate: Candidate, bases: Mapping[str, str]) -> str | None:
    parts = []
    for path, edits in sorted(candidate.edits.items()):
        if path not in bases:
            parts.append(repr((path, edits)))
            continue
        try:
            parts.append(_shape(candidate.text(path, bases[path])))
        except (ValueError, SyntaxError, RecursionError):
            return None
    return parts[0] if len(parts) == 1 else "|".join(parts)


def _shape(text: str) -> str:
    """Name the syntax tree of a text, whatever its comments and layout."""
    try:
        return digest(ast.dump(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return digest(text)
