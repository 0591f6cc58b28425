"""What an operator is, and what it yields."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from heal_lsp.core.text import Edit

if TYPE_CHECKING:
    from heal_lsp.proposers.search.subject import Site


@attrs.frozen
class Draft:
    """A change that an operator suggests at one site."""

    edits: tuple[Edit, ...]
    line: int
    extra: float = 0.0
    """Added to the operator's cost: how much less likely than its best this one is."""
    size: int = 0
    """Nodes of the syntax tree that the change brings in beyond what the operator's cost covers."""
    note: str = ""
    """The change for people; empty: derived from the texts before and after."""

    @staticmethod
    def single(
        start: int, end: int, new: str, line: int, extra: float = 0.0, size: int = 0, note: str = ""
    ) -> Draft:
        """A draft of one edit."""
        return Draft((Edit(start, end, new),), line, extra, size, note)


Drafts = Iterable["Draft | None"]


@attrs.frozen
class Operator:
    """A kind of change: its name, its cost, the nodes where it applies and what it yields there."""

    name: str
    cost: float
    at: tuple[type[ast.AST], ...]
    drafts: Callable[[Site], Drafts]


def operator(name: str, cost: float, *at: type[ast.AST]) -> Callable[[Callable[[Site], Drafts]], Operator]:
    """Declare an operator around the function that yields its drafts; a None among them counts as nothing."""

    def declare(drafts: Callable[[Site], Drafts]) -> Operator:
        return Operator(name, cost, at, drafts)

    return declare
