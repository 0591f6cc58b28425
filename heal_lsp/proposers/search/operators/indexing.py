"""Indexes, slices and displays: bounds added and dropped, elements exchanged, keys that may be missing."""

from __future__ import annotations

import ast

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Drafts, operator
from heal_lsp.proposers.search.kinds import SEQUENCES
from heal_lsp.proposers.search.operators.calls import exchanges, without
from heal_lsp.proposers.search.pool import Ingredient, available, is_value
from heal_lsp.proposers.search.subject import Site

_INT = frozenset({"int"})


@operator("slice-bound", 2.2, ast.Slice)
def slice_bound(site: Site) -> Drafts:
    """``a[i:j]`` → ``a[i:]``, ``a[:j]``; a bound where there is none; a step."""
    node = site.node
    assert isinstance(node, ast.Slice)
    get = site.subject.fragment
    lower, upper, step = (get(each) if each else None for each in (node.lower, node.upper, node.step))
    if lower:
        yield site.replace(f.section(None, upper, step))
    if upper:
        yield site.replace(f.section(lower, None, step))
    if not (lower and upper):
        yield site.replace(f.section(upper, lower, step), 0.2)
    if step:
        yield site.replace(f.section(lower, upper, None))
    else:
        for size in (-1, 2):
            yield site.replace(f.section(lower, upper, f.literal(size)), 0.8)
    for each in _indexes(site):
        if not lower:
            yield site.replace(f.section(each.fragment, upper, step), 0.6, each.size)
        if not upper:
            yield site.replace(f.section(lower, each.fragment, step), 0.6, each.size)


def _indexes(site: Site) -> list[Ingredient]:
    return [each for each in available(site) if each.kinds and each.kinds <= _INT and each.size <= 3]


@operator("slice-add", 3.1, ast.expr)
def slice_add(site: Site) -> Drafts:
    """``a`` → ``a[1:]``, ``a[:n]``, ``a[::-1]``, ``a[i]``."""
    if not is_value(site) or isinstance(site.node, (ast.Constant, ast.Starred, ast.Slice, ast.Tuple)):
        return
    kinds = site.kinds
    if not kinds & SEQUENCES or len(kinds) > 2:
        return
    piece = site.fragment
    yield site.replace(f.subscript(piece, f.section(f.literal(1), None)))
    yield site.replace(f.subscript(piece, f.section(None, f.literal(-1))))
    yield site.replace(f.subscript(piece, f.section(None, None, f.literal(-1))))
    for each in _indexes(site):
        if each.fragment.constant:
            continue
        yield site.replace(f.subscript(piece, f.section(each.fragment, None)), 0.1, each.size)
        yield site.replace(f.subscript(piece, f.section(None, each.fragment)), 0.1, each.size)
        yield site.replace(f.subscript(piece, each.fragment), 0.6, each.size)
    for index in (0, -1):
        yield site.replace(f.subscript(piece, f.literal(index)), 0.6)


@operator("subscript", 2.4, ast.Subscript)
def subscript(site: Site) -> Drafts:
    """``a[i]`` → ``a``, ``a[i:]``, ``a[:i]``; ``a[i][j]`` → ``a[j][i]``."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    get = site.subject.fragment
    value, index = get(node.value), get(node.slice)
    if isinstance(node.value, ast.Subscript):
        inner = f.subscript(get(node.value.value), index)
        yield site.replace(f.subscript(inner, get(node.value.slice)), -0.2)
    if not is_value(site):
        return
    yield site.replace(value, 0.8)
    if isinstance(node.slice, ast.Constant):
        for rank, called in enumerate(("sum", "max", "min", "len")):
            yield site.replace(f.call(called, value), 0.9 + 0.1 * rank)
    if not isinstance(node.slice, (ast.Slice, ast.Tuple)):
        yield site.replace(f.subscript(value, f.section(index, None)), 0.8)
        yield site.replace(f.subscript(value, f.section(None, index)), 0.8)


@operator("get", 3.2, ast.Subscript)
def get_key(site: Site) -> Drafts:
    """``a[k]`` → ``a.get(k)``, ``a.get(k, 0)``; likely when a KeyError was raised."""
    node = site.node
    assert isinstance(node, ast.Subscript)
    if (
        not is_value(site)
        or isinstance(node.slice, ast.Slice)
        or site.subject.kinds.of(node.value) & SEQUENCES
    ):
        return
    extra = -1.8 if site.subject.exception == "KeyError" else 0.6
    value, key = site.subject.fragment(node.value), site.subject.fragment(node.slice)
    if key.level == f.Level.TUPLE:
        key = f.Fragment(f"({key.text})")
    defaults = [f.literal(0), f.literal(""), f.listed(), f.name("{}")]
    yield site.replace(f.method(value, "get", key), extra)
    for rank, default in enumerate(defaults):
        yield site.replace(f.method(value, "get", key, default), extra + 0.1 + 0.15 * rank)


@operator("elements", 1.8, ast.Tuple, ast.List)
def elements(site: Site) -> Drafts:
    """``a, b`` → ``b, a``; also where the tuple is assigned to, or is an index."""
    node = site.node
    assert isinstance(node, (ast.Tuple, ast.List))
    if 2 <= len(node.elts) <= 6:
        yield from exchanges(site, node.elts)


@operator("element-drop", 2.9, ast.Tuple, ast.List, ast.Set)
def element_drop(site: Site) -> Drafts:
    """``[a, b]`` → ``[a]``, ``[b]``."""
    node = site.node
    assert isinstance(node, (ast.Tuple, ast.List, ast.Set))
    if isinstance(getattr(node, "ctx", None), ast.Store):
        return
    if len(node.elts) > (2 if isinstance(node, ast.Tuple) else 1) and len(node.elts) <= 20:
        for position in range(len(node.elts)):
            yield without(site, node.elts, position)
    if isinstance(node, ast.List) and len(node.elts) == 1:
        yield site.replace(site.subject.fragment(node.elts[0]), -0.4)


FAMILY = (slice_bound, slice_add, subscript, get_key, elements, element_drop)
