"""Conditions: the opposite, a part dropped, ``and`` for ``or``, a simple condition added or put instead."""

from __future__ import annotations

import ast

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.pool import conditions, negate
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import COMPREHENSIONS

_TESTS = ("If.test", "While.test", "IfExp.test", "BoolOp.values", "comprehension.ifs", "Assert.test")
_VALUES = ("Return.value", "Assign.value")


def is_condition(site: Site) -> bool:
    """Whether a site is read as true or false."""
    if site.role in _TESTS:
        return True
    return site.role in _VALUES and site.kinds == {"bool"}


@operator("boolean", 1.1, ast.BoolOp)
def boolean(site: Site) -> Drafts:
    """``a and b`` → ``a or b``, at every place or at one."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    new = "or" if isinstance(node.op, ast.And) else "and"
    parts = [site.subject.fragment(each) for each in node.values]
    yield site.replace(f.boolean(new, parts))
    source = site.subject.source
    for left, right in zip(node.values, node.values[1:], strict=False):
        span = source.operator_between(left, right)
        if span is not None and len(parts) > 2:
            yield Draft.single(*span, new, site.line, 0.3)


@operator("part-drop", 1.8, ast.BoolOp)
def part_drop(site: Site) -> Drafts:
    """``a and b`` → ``a``, ``b``."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    parts = [site.subject.fragment(each) for each in node.values]
    word = "and" if isinstance(node.op, ast.And) else "or"
    for position in range(len(parts)):
        yield site.replace(f.boolean(word, parts[:position] + parts[position + 1 :]))


@operator("parts-reversed", 2.2, ast.BoolOp)
def parts_reversed(site: Site) -> Drafts:
    """``a and b`` → ``b and a``: what is asked first may guard the other."""
    node = site.node
    assert isinstance(node, ast.BoolOp)
    parts = [site.subject.fragment(each) for each in node.values]
    yield site.replace(f.boolean("and" if isinstance(node.op, ast.And) else "or", parts[::-1]))


@operator("negate", 1.8, ast.expr)
def opposite(site: Site) -> Drafts:
    """``a`` → ``not a``."""
    node = site.node
    if (
        isinstance(node, ast.expr)
        and is_condition(site)
        and not isinstance(node, (ast.Constant, ast.Compare))
    ):
        yield site.replace(negate(site.subject, node, site.fragment))


@operator("condition-constant", 3.8, ast.expr)
def constant(site: Site) -> Drafts:
    """``if a`` → ``if True``, ``if False``."""
    if is_condition(site) and not isinstance(site.node, (ast.BoolOp, ast.Constant)):
        yield site.replace(f.literal(True), -1.0)
        yield site.replace(f.literal(False), -1.0)


@operator("condition-instead", 3.0, ast.expr)
def instead(site: Site) -> Drafts:
    """``if a`` → ``if b``, with a simple condition over what the function has."""
    if is_condition(site):
        endless = -0.8 if site.role == "While.test" and isinstance(site.node, ast.Constant) else 0.0
        for piece, extra in conditions(site):
            yield site.replace(piece, extra + endless)


@operator("condition-joined", 3.4, ast.expr)
def joined(site: Site) -> Drafts:
    """``if a`` → ``if a or b``, ``if a and b``; before it where the order guards."""
    if not is_condition(site) or isinstance(site.node, ast.Constant) or site.role == "BoolOp.values":
        return
    own = site.fragment
    for piece, extra in conditions(site):
        if piece.key == own.key or piece.key in (f"not {own.key}",):
            continue
        yield site.replace(f.boolean("or", [own, piece]), extra)
        yield site.replace(f.boolean("and", [own, piece]), extra)
        yield site.replace(f.boolean("or", [piece, own]), extra + 0.05)
        yield site.replace(f.boolean("and", [piece, own]), extra + 0.1)


@operator("choice", 1.8, ast.IfExp)
def choice(site: Site) -> Drafts:
    """``a if c else b`` → ``b if c else a``, ``a``, ``b``."""
    node = site.node
    assert isinstance(node, ast.IfExp)
    body, test, other = (site.subject.fragment(each) for each in (node.body, node.test, node.orelse))
    text = f"{other.at(f.Level.OR)} if {test.at(f.Level.OR)} else {body.at(f.Level.TEST)}"
    yield site.replace(f.Fragment(text, f.Level.TEST, body.size + test.size + other.size))
    yield site.replace(body, 0.8)
    yield site.replace(other, 0.8)


@operator("filter", 2.4, *COMPREHENSIONS)
def filters(site: Site) -> Drafts:
    """``[a for a in b if c]`` → without the condition, or with a simple one more."""
    node = site.node
    last = node.generators[-1]  # type: ignore[attr-defined]
    source = site.subject.source
    for condition in last.ifs:
        start, end = source.span(condition)
        word = source.data.rindex(b"if", 0, start)
        text = source.data[word:start].strip()
        gap = len(source.data[:word]) - len(source.data[:word].rstrip(b" "))
        yield Draft.single(word - gap, end, "", site.line) if text == b"if" else None
    if not last.ifs and isinstance(node, (ast.ListComp, ast.SetComp)):
        inner = site.subject.site(node.elt)
        close = source.span(node)[1] - 1
        for piece, extra in conditions(inner):
            yield Draft.single(close, close, f" if {piece.at(f.Level.OR)}", site.line, 1.6 + extra)


FAMILY = (boolean, part_drop, parts_reversed, opposite, constant, instead, joined, choice, filters)
