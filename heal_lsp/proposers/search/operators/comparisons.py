"""Comparisons: another operator, exchanged sides, a bound moved by one."""

from __future__ import annotations

import ast

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.subject import Site

_SWAPS = {
    "<": ("<=", ">", ">=", "!=", "=="), "<=": ("<", ">=", ">", "==", "!="),
    ">": (">=", "<", "<=", "!=", "=="),
    ">=": (">", "<=", "<", "==", "!="), "==": ("!=", "<=", ">=", "<", ">", "in", "is"),
    "!=": ("==", "<", ">", "<=", ">=", "not in"), "is": ("is not", "=="), "is not": ("is", "!="),
    "in": ("not in", "=="), "not in": ("in", "!="),
}  # fmt: skip


@operator("compare", 1.0, ast.Compare)
def compare(site: Site) -> Drafts:
    """``a < b`` → ``a <= b`` and the other comparisons."""
    node = site.node
    assert isinstance(node, ast.Compare)
    operands = [node.left, *node.comparators]
    for position, kind in enumerate(node.ops):
        old = f.OPERATORS[type(kind)]
        for rank, new in enumerate(_SWAPS[old]):
            if new == "is" and not (isinstance(operands[position + 1], ast.Constant)):
                continue
            yield operator_draft(site, operands[position], operands[position + 1], new, 0.15 * rank)


@operator("compare-sides", 2.0, ast.Compare)
def compare_sides(site: Site) -> Drafts:
    """``a < b`` → ``b < a``; where order does not matter there is nothing to do."""
    node = site.node
    assert isinstance(node, ast.Compare)
    if len(node.ops) == 1 and f.OPERATORS[type(node.ops[0])] in ("in", "not in"):
        left, right = (site.subject.fragment(each) for each in (node.left, node.comparators[0]))
        yield site.replace(f.compare(right, f.OPERATORS[type(node.ops[0])], left))


@operator("compare-bound", 2.7, ast.Compare)
def compare_bound(site: Site) -> Drafts:
    """``a < 3`` → ``a <= 2``, ``a > 4``: operator and bound together."""
    node = site.node
    assert isinstance(node, ast.Compare)
    bound = node.comparators[0]
    if len(node.ops) != 1 or not isinstance(bound, ast.Constant) or type(bound.value) not in (int, float):
        return
    for step in (-1, 1):
        for rank, new in enumerate(_SWAPS[f.OPERATORS[type(node.ops[0])]]):
            if new not in ("in", "is", "is not", "not in"):
                moved = f.literal(bound.value + step)  # type: ignore[operator]
                yield site.replace(f.compare(site.subject.fragment(node.left), new, moved), 0.1 * rank)


def operator_draft(site: Site, left: ast.AST, right: ast.AST, new: str, extra: float = 0.0) -> Draft | None:
    """Write another operator between two operands, and nothing else."""
    source = site.subject.source
    span = source.operator_between(left, right)
    if span is None:
        return None
    start, end = span
    if new[0].isalpha():
        new = ("" if source.data[start - 1 : start].isspace() else " ") + new
        new += "" if source.data[end : end + 1].isspace() else " "
    return Draft.single(start, end, new, site.line, extra)


FAMILY = (compare, compare_sides, compare_bound)
