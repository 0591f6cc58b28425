"""Calls: another function or method, arguments exchanged, dropped, added; calls put around and taken away."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from heal_lsp.core.text import Edit
from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.kinds import NUMBERS, compatible
from heal_lsp.proposers.search.pool import available
from heal_lsp.proposers.search.subject import Site

_FUNCTIONS: tuple[tuple[str, ...], ...] = (
    ("min", "max"), ("any", "all"), ("sorted", "reversed", "list", "set", "tuple"),
    ("int", "float", "round", "str", "abs"), ("sum", "len", "max", "min"), ("ord", "chr", "int", "str"),
    ("str", "repr", "bin", "hex"), ("range", "enumerate", "zip"), ("ceil", "floor", "round"),
    ("dict", "set", "list"),
    ("map", "filter"), ("isinstance", "issubclass"),
)  # fmt: skip
_METHODS: tuple[tuple[str, ...], ...] = (
    ("append", "extend", "add", "update", "remove", "discard"),
    ("upper", "lower", "swapcase", "title", "capitalize"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum", "isspace"), ("lower", "islower"),
    ("upper", "isupper"),
    ("keys", "values", "items"), ("startswith", "endswith"), ("find", "index", "rfind", "count"),
    ("strip", "lstrip", "rstrip"), ("split", "splitlines", "rsplit"), ("pop", "popleft"),
    ("append", "appendleft", "insert"), ("add", "discard", "remove", "update"), ("get", "setdefault", "pop"),
    ("union", "intersection", "difference"), ("issubset", "issuperset", "isdisjoint"),
    ("heappush", "heappop"),
    ("ceil", "floor"), ("sort", "reverse"), ("permutations", "combinations"),
)  # fmt: skip
_MORE_ARGUMENTS = frozenset(
    (
        "split",
        "strip",
        "pop",
        "round",
        "range",
        "get",
        "min",
        "max",
        "join",
        "sum",
        "int",
        "replace",
        "enumerate",
        "zip",
    )
)


@operator("function", 1.6, ast.Call)
def function(site: Site) -> Drafts:
    """``min(...)`` → ``max(...)``, ``a.append(b)`` → ``a.extend(b)``; another function of the module."""
    node = site.node
    assert isinstance(node, ast.Call)
    span = _name_span(site, node)
    if span is None:
        return
    start, end, called = span
    groups = _FUNCTIONS if isinstance(node.func, ast.Name) else _METHODS + _FUNCTIONS
    others = dict.fromkeys(each for group in groups if called in group for each in group if each != called)
    for rank, other in enumerate(each for each in others if _can_be_called(site, node, each)):
        yield Draft.single(start, end, other, site.line, 0.1 * rank)
    if isinstance(node.func, ast.Name):
        for other, arity in site.subject.module_functions.items():
            if other != called and (arity == len(node.args) or called not in site.subject.module_functions):
                yield Draft.single(start, end, other, site.line, 0.7)


def _can_be_called(site: Site, node: ast.Call, other: str) -> bool:
    """Whether nothing that is known of the types speaks against another function or method."""
    kinds = site.subject.kinds
    if isinstance(node.func, ast.Attribute):
        owners = [getattr(builtins, kind, None) for kind in kinds.of(node.func.value)]
        if owners and not any(owner is None or hasattr(owner, other) for owner in owners):
            return False
    first = kinds.of(node.args[0]) if node.args else frozenset()
    counts = bool(first) and first <= NUMBERS
    if other in ("enumerate", "zip"):
        return not counts and len(node.args) == 1
    return not (
        counts and other in ("extend", "update", "len", "sum", "sorted", "reversed", "list", "set", "tuple")
    )


def _name_span(site: Site, node: ast.Call) -> tuple[int, int, str] | None:
    """Where the name of the called function or method is written."""
    source = site.subject.source
    if isinstance(node.func, ast.Name):
        return (*source.span(node.func), node.func.id)
    if isinstance(node.func, ast.Attribute):
        end = source.span(node.func)[1]
        return end - len(node.func.attr.encode()), end, node.func.attr
    return None


@operator("arguments", 1.7, ast.Call)
def arguments(site: Site) -> Drafts:
    """``g(a, b)`` → ``g(b, a)``."""
    node = site.node
    assert isinstance(node, ast.Call)
    yield from exchanges(site, node.args)


def exchanges(site: Site, parts: Sequence[ast.expr]) -> Drafts:
    """Every two of some neighbours exchanged, nearest first."""
    source, get = site.subject.source, site.subject.fragment
    for gap in range(1, min(len(parts), 6)):
        for left in range(len(parts) - gap):
            one, two = parts[left], parts[left + gap]
            if isinstance(one, ast.Starred) or isinstance(two, ast.Starred) or get(one).key == get(two).key:
                continue
            edits = (
                Edit(*source.span(one), get(two).at(f.Level.TEST)),
                Edit(*source.span(two), get(one).at(f.Level.TEST)),
            )
            yield Draft(edits, site.line, 0.1 * (gap - 1))


@operator("argument-drop", 2.8, ast.Call)
def argument_drop(site: Site) -> Drafts:
    """``g(a, b)`` → ``g(a)``, ``g(b)``; a keyword argument left away."""
    node = site.node
    assert isinstance(node, ast.Call)
    everything: list[ast.AST] = [*node.args, *node.keywords]
    if len(everything) > 1 or node.keywords:
        for position in range(len(everything)):
            extra = -0.6 if position >= len(node.args) else 0.0
            yield without(site, everything, position, extra)


def without(site: Site, parts: Sequence[ast.AST], position: int, extra: float = 0.0) -> Draft:
    """A list of parts with commas between, less one of them."""
    spans = [site.subject.source.span(each) for each in parts]
    if position + 1 < len(parts):
        return Draft.single(spans[position][0], spans[position + 1][0], "", site.line, extra)
    start = spans[position - 1][1] if position else spans[position][0]
    return Draft.single(start, spans[position][1], "", site.line, extra)


@operator("argument-add", 2.9, ast.Call)
def argument_add(site: Site) -> Drafts:
    """A further argument, where the function takes more than it is given."""
    node = site.node
    assert isinstance(node, ast.Call)
    span = _name_span(site, node)
    if span is None or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
        return
    called, count = span[2], len(node.args)
    arity = site.subject.module_functions.get(called, -1)
    known = called in _MORE_ARGUMENTS and called not in site.subject.module_functions
    if not (arity > count or (known and count <= 2)):
        return
    for each in available(site):
        if each.size <= (3 if arity > count else 1) and "function" not in each.kinds:
            yield _added(site, node, each.fragment.at(f.Level.TEST), 0.0 if arity > count else 0.6, each.size)


def _added(site: Site, node: ast.Call, text: str, extra: float = 0.0, size: int = 0) -> Draft | None:
    source = site.subject.source
    close = source.span(node)[1] - 1
    if any(isinstance(each, ast.GeneratorExp) for each in node.args):
        return None
    has_any = bool(node.args or node.keywords)
    if has_any and source.data[:close].rstrip().endswith(b","):
        return None
    return Draft.single(close, close, f", {text}" if has_any else text, site.line, extra, size)


@operator("keyword-add", 2.5, ast.Call)
def keyword_add(site: Site) -> Drafts:
    """``sorted(a)`` → ``sorted(a, reverse=True)``, ``max(a)`` → ``max(a, key=len)``."""
    node = site.node
    assert isinstance(node, ast.Call)
    span = _name_span(site, node)
    if span is None:
        return
    given = {each.arg for each in node.keywords}
    if span[2] in ("sorted", "sort") and "reverse" not in given:
        yield _added(site, node, "reverse=True")
    if span[2] in ("sorted", "sort", "min", "max") and "key" not in given:
        for rank, key in enumerate(("len", "abs", "sum", "str", "int", "str.lower")):
            yield _added(site, node, f"key={key}", 1.0 + 0.1 * rank)


@operator("unwrap", 2.2, ast.Call)
def unwrap(site: Site) -> Drafts:
    """``g(a)`` → ``a``, ``a.g(b)`` → ``a``."""
    node = site.node
    assert isinstance(node, ast.Call)
    if site.role == "Expr.value":
        return
    for each in node.args:
        if not isinstance(each, ast.Starred):
            yield site.replace(site.subject.fragment(each))
    if isinstance(node.func, ast.Attribute):
        yield site.replace(site.subject.fragment(node.func.value), 0.2)


@operator("range", 2.0, ast.Call)
def range_bounds(site: Site) -> Drafts:
    """``range(a)`` → ``range(1, a)``, ``range(1, a + 1)``, steps, and downwards."""
    node = site.node
    assert isinstance(node, ast.Call)
    if not (isinstance(node.func, ast.Name) and node.func.id == "range") or node.keywords:
        return
    given = [site.subject.fragment(each) for each in node.args]
    if len(given) == 1:
        yield site.replace(f.call("range", f.literal(1), given[0]))
        yield site.replace(f.call("range", f.literal(2), given[0]), 0.2)
        yield site.replace(f.call("range", f.literal(1), f.binary(given[0], "+", f.literal(1))), 0.4)
    elif len(given) == 2:
        yield site.replace(f.call("range", given[1]), 0.6)
        for step in (2, -1):
            yield site.replace(f.call("range", *given, f.literal(step)), 0.6)
        yield site.replace(f.call("range", given[1], given[0], f.literal(-1)), 0.6)


@operator("call-own", 3.6, ast.expr)
def call_own(site: Site) -> Drafts:
    """``a`` → ``g(a)``, with a function of the module that takes one argument."""
    if (
        not isinstance(site.node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call))
        or site.role == "Call.func"
    ):
        return
    if isinstance(getattr(site.node, "ctx", None), ast.Store) or site.fragment.size > 6:
        return
    kinds = site.subject.kinds
    for other, arity in site.subject.module_functions.items():
        gives = kinds.names.get(f"{other}()", frozenset())
        if arity == 1 and compatible(gives, site.kinds) is not False:
            yield site.replace(f.call(other, site.fragment), 0.2)


FAMILY = (
    function, arguments, argument_drop, argument_add, keyword_add, unwrap, range_bounds, call_own,
)  # fmt: skip
