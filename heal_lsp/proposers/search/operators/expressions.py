"""Expressions borrowed from elsewhere in the function, and calls or displays put around one."""

from __future__ import annotations

import ast

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Drafts, operator
from heal_lsp.proposers.search.kinds import NUMBERS, SEQUENCES, compatible
from heal_lsp.proposers.search.pool import Ingredient, available, is_value
from heal_lsp.proposers.search.subject import Site

_ATOMS = (
    ast.Starred,
    ast.Slice,
    ast.JoinedStr,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.Lambda,
    ast.NamedExpr,
)
_CALLABLE = frozenset({"function", "builtin", "type", "module"})
_STREAMS = frozenset({"set", "dict", "map", "filter", "range", "zip", "reversed", "generator", "enumerate"})
_TESTS = ("If.test", "While.test", "IfExp.test", "BoolOp.values", "comprehension.ifs", "Assert.test")


def _may_change(site: Site) -> bool:
    return isinstance(site.node, ast.expr) and not isinstance(site.node, _ATOMS) and is_value(site)


@operator("borrow", 2.8, ast.expr)
def borrow(site: Site) -> Drafts:
    """An expression → another one of the function, of the same type if that is known."""
    if not _may_change(site):
        return
    own, is_name = site.fragment, isinstance(site.node, ast.Name)
    for each in available(site):
        if each.kinds & _CALLABLE or (is_name and each.is_name):
            continue
        fits = compatible(site.kinds, each.kinds)
        if fits is False and site.kinds and site.role not in _TESTS:
            continue
        if own.key in each.fragment.key and _holds(each, own.key):
            # the same value is used in another form elsewhere: a likely slip when the form is small
            extra = (-0.6 if fits else -0.1) if each.size <= own.size + 4 else 0.6 + (0.0 if fits else 1.2)
        else:
            extra = 0.0 if fits else 1.2
        yield site.replace(each.fragment, extra + (0.8 if each.fragment.constant else 0.0), each.size)


def _holds(ingredient: Ingredient, key: str) -> bool:
    """Whether an expression has another, given by its text, as a part."""
    return any(isinstance(each, ast.expr) and ast.unparse(each) == key for each in ast.walk(ingredient.node))


@operator("constant-instead", 3.4, ast.expr)
def constant_instead(site: Site) -> Drafts:
    """An expression → ``0``, ``1``, ``[]``, ``''`` or ``None``."""
    if not _may_change(site) or isinstance(site.node, ast.Constant):
        return
    for value in (0, 1, -1, "", None):
        kind = frozenset({type(value).__name__})
        if compatible(site.kinds, kind) is not False:
            yield site.replace(f.literal(value), 0.4 if site.kinds & kind else 1.4)
    if "list" in site.kinds:
        yield site.replace(f.listed(), -0.6)


@operator("wrap", 2.9, ast.expr)
def wrap(site: Site) -> Drafts:
    """``a`` → ``abs(a)``, ``len(a)``, ``list(a)``, ``sorted(a)`` and the like, as its type allows."""
    node = site.node
    if not _may_change(site) or isinstance(node, (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set)):
        return
    if site.role in _TESTS or site.role in ("Attribute.value", "UnaryOp.operand", "keyword.value"):
        return
    for rank, called in enumerate(_wrappers(site)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == called):
            yield site.replace(f.call(called, site.fragment), 0.08 * rank)


def _wrappers(site: Site) -> list[str]:
    kinds, node = site.kinds, site.node
    found: list[str] = []
    if kinds & NUMBERS:
        difference = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        found += (
            ["abs", "str", "int", "round", "float"] if difference else ["abs", "int", "str", "round", "float"]
        )
    if kinds & SEQUENCES:
        found += ["len", "sorted", "set", "list", "sum", "tuple", "max", "min", "reversed", "enumerate"]
    if "str" in kinds:
        found += ["int", "float", "ord"]
    if kinds & _STREAMS or (not kinds and isinstance(node, ast.Call)):
        found += ["list", "sorted", "len", "set", "tuple", "sum"]
    if not kinds and not isinstance(node, ast.Call):
        found += ["abs", "len", "str", "int", "list", "sorted", "set"]
    return list(dict.fromkeys(found))


@operator("wrap-both", 3.2, ast.Compare)
def wrap_both(site: Site) -> Drafts:
    """``a == b`` → ``set(a) == set(b)``, ``sorted(a) == sorted(b)``, ``a.lower() == b.lower()`` ..."""
    node = site.node
    assert isinstance(node, ast.Compare)
    if (
        len(node.ops) != 1
        or isinstance(node.comparators[0], ast.Constant)
        or isinstance(node.left, ast.Constant)
    ):
        return
    left, right = site.subject.fragment(node.left), site.subject.fragment(node.comparators[0])
    word = f.OPERATORS[type(node.ops[0])]
    kinds = site.subject.kinds.of(node.left) | site.subject.kinds.of(node.comparators[0])
    if not kinds or kinds & SEQUENCES:
        for rank, called in enumerate(("set", "sorted", "len", "list", "sum")):
            yield site.replace(f.compare(f.call(called, left), word, f.call(called, right)), 0.1 * rank)
    if not kinds or kinds & NUMBERS:
        yield site.replace(f.compare(f.call("abs", left), word, f.call("abs", right)))
    if not kinds or "str" in kinds:
        for called in ("lower", "strip"):
            yield site.replace(f.compare(f.method(left, called), word, f.method(right, called)), 0.3)


@operator("method", 3.3, ast.expr)
def text_method(site: Site) -> Drafts:
    """``a`` → ``a.lower()``, ``a.strip()``, ``a.encode()`` and the like for text."""
    if not _may_change(site) or "str" not in site.kinds or isinstance(site.node, ast.Constant):
        return
    for rank, called in enumerate(
        ("lower", "upper", "strip", "split", "swapcase", "isdigit", "isalpha", "encode")
    ):
        yield site.replace(f.method(site.fragment, called), 0.05 * rank)


@operator("join", 3.5, ast.expr)
def concatenate(site: Site) -> Drafts:
    """``a`` → ``a + b`` for sequences; ``a + [x]`` for a list."""
    if not _may_change(site) or isinstance(site.node, ast.Constant) or site.role in _TESTS:
        return
    kinds = site.kinds & SEQUENCES
    if not kinds or len(site.kinds) > 2:
        return
    own = site.fragment
    for each in available(site):
        if each.kinds & kinds and len(each.kinds) <= 2 and each.size <= 4 and not each.fragment.constant:
            yield site.replace(f.binary(own, "+", each.fragment), 0.0, each.size)
            yield site.replace(f.binary(each.fragment, "+", own), 0.0, each.size)
        elif "list" in kinds and each.size <= 2 and not each.kinds & _CALLABLE and not each.fragment.constant:
            yield site.replace(f.binary(own, "+", f.listed(each.fragment)), 0.4, each.size)
            yield site.replace(f.binary(f.listed(each.fragment), "+", own), 0.5, each.size)


@operator("enlist", 2.8, ast.expr)
def enlist(site: Site) -> Drafts:
    """``a`` → ``[a]``; a list returned → ``[b]`` with a variable."""
    if not _may_change(site) or isinstance(site.node, (ast.Tuple, ast.Constant)):
        return
    places = (
        "Return.value",
        "Call.args",
        "Assign.value",
        "Yield.value",
        "BinOp.right",
        "BinOp.left",
        "List.elts",
    )
    if site.role in places and not (site.role in ("BinOp.left", "BinOp.right") and site.kinds & NUMBERS):
        yield site.replace(f.listed(site.fragment), 0.0 if site.role != "Call.args" else 0.4)
    if site.role in ("Return.value", "Assign.value") and "list" in site.kinds:
        for name in site.names:
            kinds = site.subject.kinds.names.get(name, frozenset())
            if not kinds & _CALLABLE:
                yield site.replace(f.listed(f.name(name)), 0.6 if name in site.scope.parameters else 0.8)


FAMILY = (borrow, constant_instead, wrap, wrap_both, text_method, concatenate, enlist)
