"""Every operator of the search, one family a module.

A new operator is a function that yields drafts, declared with its name, cost and node types, and listed in
its module's ``FAMILY``. A cost is about the negative logarithm of how likely the change is to be the repair:
1 for a flipped flag, 3 for an expression from elsewhere, 5 for a guard.
"""

from __future__ import annotations

from heal_lsp.proposers.search.draft import Operator
from heal_lsp.proposers.search.operators import (
    arithmetic,
    calls,
    comparisons,
    conditions,
    exceptions,
    expressions,
    indexing,
    literals,
    moves,
    names,
    returns,
    statements,
)

OPERATORS: tuple[Operator, ...] = (
    *literals.FAMILY,
    *comparisons.FAMILY,
    *arithmetic.FAMILY,
    *names.FAMILY,
    *calls.FAMILY,
    *conditions.FAMILY,
    *indexing.FAMILY,
    *expressions.FAMILY,
    *statements.FAMILY,
    *moves.FAMILY,
    *returns.FAMILY,
    *exceptions.FAMILY,
)
