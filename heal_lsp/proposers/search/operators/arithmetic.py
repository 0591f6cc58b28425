"""Arithmetic: another operator, exchanged or dropped operands, other grouping, off by one, a further term."""

from __future__ import annotations

import ast

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.kinds import NUMBERS, SEQUENCES
from heal_lsp.proposers.search.operators.comparisons import operator_draft
from heal_lsp.proposers.search.pool import available, is_value
from heal_lsp.proposers.search.subject import Site

SWAPS = {
    "+": ("-", "*", "/"), "-": ("+", "%", "//", "*", "/"), "*": ("+", "**", "//", "/", "-"), "/": ("//", "*", "%"),
    "//": ("%", "/", "*"), "%": ("//", "/", "-"), "**": ("*", "//"), "^": ("&", "|"), "&": ("|", "^"),
    "|": ("&", "^"),
    "<<": (">>",), ">>": ("<<",), "@": ("*",),
}  # fmt: skip
_AT_INDEX = (
    "Subscript.slice",
    "Slice.lower",
    "Slice.upper",
    "Call.args",
    "Compare.comparators",
    "Compare.left",
)
_UNSCALED = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.Compare,
    ast.BoolOp,
    ast.JoinedStr,
    ast.Lambda,
)


@operator("binary", 1.2, ast.BinOp)
def binary(site: Site) -> Drafts:
    """``a + b`` → ``a - b`` and the like, with the operands as they are grouped now."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if site.kinds == {"str"} and isinstance(node.op, ast.Mod):
        return
    left, right = site.subject.fragment(node.left), site.subject.fragment(node.right)
    numeric = not (site.kinds & SEQUENCES)
    old = f.OPERATORS[type(node.op)]
    for rank, new in enumerate(SWAPS.get(old, ())):
        if _is_idle(new, node.right):
            continue
        level = f.BINARY_LEVELS[new]
        extra = 0.15 * rank + (0.0 if numeric else 1.5)
        keeps = level == f.BINARY_LEVELS[old] and new != "**" and level >= site.level
        yield (
            operator_draft(site, node.left, node.right, new, extra)
            if keeps
            else site.replace(f.binary(left, new, right), extra)
        )


def _is_idle(operator: str, right: ast.expr) -> bool:
    """Whether an operator with such a right operand changes nothing, always gives 0, or fails."""
    if not isinstance(right, ast.Constant) or isinstance(right.value, bool):
        return False
    return (right.value == 1 and operator in ("*", "/", "//", "%", "**")) or (
        right.value == 0 and operator in ("+", "-", "/", "//", "%")
    )


@operator("binary-regrouped", 2.2, ast.BinOp)
def binary_regrouped(site: Site) -> Drafts:
    """Another operator written where the old one stood, with the grouping that follows from it."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    old = f.OPERATORS[type(node.op)]
    for new in SWAPS.get(old, ()):
        if f.BINARY_LEVELS[new] != f.BINARY_LEVELS[old] and not _is_idle(new, node.right):
            yield operator_draft(site, node.left, node.right, new)


@operator("augmented", 1.3, ast.AugAssign)
def augmented(site: Site) -> Drafts:
    """``a += b`` → ``a -= b`` and the like; ``a = b``."""
    node = site.node
    assert isinstance(node, ast.AugAssign)
    span = site.subject.source.operator_between(node.target, node.value)
    if span is None:
        return
    for rank, new in enumerate(SWAPS.get(f.OPERATORS[type(node.op)], ())):
        yield Draft.single(*span, f"{new}=", site.line, 0.15 * rank)
    yield Draft.single(*span, "=", site.line, 1.1)


@operator("operands", 1.7, ast.BinOp)
def operands(site: Site) -> Drafts:
    """``a % b`` → ``b % a``."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    if isinstance(node.op, ast.Mult) or (
        isinstance(node.op, ast.Add) and site.kinds and site.kinds <= NUMBERS
    ):
        return
    left, right = site.subject.fragment(node.left), site.subject.fragment(node.right)
    if isinstance(node.op, ast.Add) and f.level_of(node.left, left.text) == f.Level.SUM:
        yield _rotated(site, node)
    yield site.replace(f.binary(right, f.OPERATORS[type(node.op)], left))


def _rotated(site: Site, node: ast.BinOp) -> Draft | None:
    """``a + b + c`` → ``c + a + b`` without new parentheses."""
    left, right = site.subject.fragment(node.left), site.subject.fragment(node.right)
    return site.replace(f.Fragment(f"{right.at(f.Level.TERM)} + {left.text}", f.Level.SUM), 0.2)


@operator("operand-drop", 2.0, ast.BinOp)
def operand_drop(site: Site) -> Drafts:
    """``a + b`` → ``a``, ``b``; ``a + b + c`` → ``b + c``."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    yield site.replace(site.subject.fragment(node.left))
    yield site.replace(site.subject.fragment(node.right))
    if isinstance(node.left, ast.BinOp):
        inner = site.subject.fragment(node.left.left)
        right = site.subject.fragment(node.right)
        yield site.replace(f.binary(inner, f.OPERATORS[type(node.left.op)], right), 0.2)
    if isinstance(node.right, ast.BinOp):
        left, inner = site.subject.fragment(node.left), site.subject.fragment(node.right.right)
        yield site.replace(f.binary(left, f.OPERATORS[type(node.right.op)], inner), 0.2)
    first = node.left
    if isinstance(first, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        while (
            isinstance(first, ast.BinOp)
            and isinstance(first.op, ast.Add)
            and isinstance(first.left, ast.BinOp)
        ):
            first = first.left
        if isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
            start, end = site.subject.source.span(first.left)[0], site.subject.source.span(first.right)[0]
            yield Draft.single(start, end, "", site.line, 0.1)


@operator("regroup", 2.4, ast.BinOp)
def regroup(site: Site) -> Drafts:
    """``a + b * c`` → ``(a + b) * c``."""
    node = site.node
    assert isinstance(node, ast.BinOp)
    get, outer = site.subject.fragment, f.OPERATORS[type(node.op)]
    if isinstance(node.left, ast.BinOp):
        inner = node.left
        moved = f.binary(get(inner.right), outer, get(node.right))
        yield site.replace(f.binary(get(inner.left), f.OPERATORS[type(inner.op)], moved))
    if isinstance(node.right, ast.BinOp):
        inner = node.right
        moved = f.binary(get(node.left), outer, get(inner.left))
        yield site.replace(f.binary(moved, f.OPERATORS[type(inner.op)], get(inner.right)))


@operator("unary-drop", 1.5, ast.UnaryOp)
def unary_drop(site: Site) -> Drafts:
    """``-a`` → ``a``, ``not a`` → ``a``."""
    node = site.node
    assert isinstance(node, ast.UnaryOp)
    yield site.replace(site.subject.fragment(node.operand))


@operator("off-by-one", 2.1, ast.expr)
def off_by_one(site: Site) -> Drafts:
    """``a`` → ``a + 1``, ``a - 1``."""
    if not _may_be_number(site) or _is_step(site.node) or (site.parent and _is_step(site.parent.node)):
        return
    near = 0.0 if site.role in _AT_INDEX or site.role == "Return.value" else 0.5
    known = 0.0 if site.kinds & NUMBERS else 1.2
    for sign in ("+", "-"):
        yield site.replace(f.binary(site.fragment, sign, f.literal(1)), near + known)


@operator("scale", 3.4, ast.expr)
def scale(site: Site) -> Drafts:
    """``a`` → ``a * 2``, ``a // 2``, ``a ** 2``, ``-a``."""
    if not _may_be_number(site) or not site.kinds & NUMBERS:
        return
    piece = site.fragment
    yield site.replace(f.minus(piece), -0.3)
    for sign in ("*", "//", "**"):
        yield site.replace(f.binary(piece, sign, f.literal(2)), 0.1)


@operator("further-term", 3.3, ast.expr)
def further_term(site: Site) -> Drafts:
    """``a`` → ``a + b``, ``a - b``, ``a * b``, ``max(a, b)``, with ``b`` from the function."""
    if not _may_be_number(site) or not site.kinds & NUMBERS:
        return
    piece = site.fragment
    for each in available(site):
        if not each.kinds or not each.kinds <= NUMBERS or each.size > 4 or each.fragment.constant:
            continue
        for sign, extra in (("+", 0.0), ("-", 0.0), ("*", 0.5), ("//", 0.8), ("%", 0.8), ("/", 0.8)):
            yield site.replace(f.binary(piece, sign, each.fragment), extra, each.size)
        yield site.replace(f.binary(each.fragment, "-", piece), 0.5, each.size)
        if each.fragment.key != piece.key:
            yield site.replace(f.call("max", each.fragment, piece), 0.2, each.size)
            yield site.replace(f.call("min", each.fragment, piece), 0.2, each.size)


@operator("clamp", 3.4, ast.expr)
def clamp(site: Site) -> Drafts:
    """``a`` → ``max(0, a)``, ``max(1, a)``, ``min(0, a)``."""
    if _may_be_number(site) and site.kinds & NUMBERS:
        piece = site.fragment
        yield site.replace(f.call("max", f.literal(0), piece))
        yield site.replace(f.call("max", f.literal(1), piece), 0.2)
        yield site.replace(f.call("min", f.literal(0), piece), 0.2)


def _may_be_number(site: Site) -> bool:
    if isinstance(site.node, _UNSCALED) or not isinstance(site.node, ast.expr) or not is_value(site):
        return False
    if site.role in (
        "keyword.value",
        "Starred.value",
        "Attribute.value",
        "Subscript.value",
        "FormattedValue.value",
    ):
        return False
    if site.role in (
        "BoolOp.values",
        "If.test",
        "While.test",
        "IfExp.test",
        "comprehension.ifs",
        "UnaryOp.operand",
    ):
        return False
    if isinstance(site.node, (ast.Starred, ast.Slice, ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)):
        return False
    return not site.kinds or bool(site.kinds & NUMBERS)


def _is_step(node: ast.AST) -> bool:
    """Whether a node adds or subtracts a constant already: then the constant is what changes."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Add, ast.Sub))
        and isinstance(node.right, ast.Constant)
    )


FAMILY = (
    binary, binary_regrouped, augmented, operands, operand_drop, regroup, unary_drop, off_by_one, scale,
    further_term, clamp,
)  # fmt: skip
