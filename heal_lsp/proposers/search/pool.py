"""Ingredients: the target's expressions that may be put elsewhere, and simple conditions on its variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import attrs

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.fragment import Fragment
from heal_lsp.proposers.search.kinds import CONTAINERS, NUMBERS, SEQUENCES, compatible
from heal_lsp.proposers.search.subject import Site, Subject
from heal_lsp.proposers.search.trees import names_in, size_of

_CALLABLE = frozenset({"function", "builtin", "type", "module"})
_NOT_VALUES = (
    ast.Starred,
    ast.Slice,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.NamedExpr,
    ast.Lambda,
    ast.JoinedStr,
)
_MOST_NODES = 14


@attrs.frozen
class Ingredient:
    """An expression of the target: its text, the variables it reads and its possible types."""

    fragment: Fragment
    node: ast.expr
    names: frozenset[str]
    kinds: frozenset[str]

    @property
    def size(self) -> int:
        return self.fragment.size

    @property
    def is_name(self) -> bool:
        return isinstance(self.node, ast.Name)


def collect(subject: Subject) -> Iterator[Ingredient]:
    """Every distinct expression of the target that could stand elsewhere, and every variable."""
    seen: set[str] = set()
    for site in subject.sites:
        node = site.node
        if not isinstance(node, ast.expr) or isinstance(node, _NOT_VALUES) or not is_value(site):
            continue
        if size_of(node) > _MOST_NODES:
            continue
        piece = site.fragment
        if piece.key not in seen:
            seen.add(piece.key)
            yield Ingredient(piece, node, _free(node), site.kinds)
    for scope in subject.scopes:
        for name in scope.bound:
            if name not in seen:
                seen.add(name)
                node = ast.Name(name, ast.Load())
                yield Ingredient(f.name(name), node, frozenset({name}), subject.kinds.of(node))


def _free(node: ast.expr) -> frozenset[str]:
    """Variables that an expression needs from around it, without those of its own comprehensions."""
    stored = {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return names_in(node) - stored


def is_value(site: Site) -> bool:
    """Whether a site is an expression that is read for its value."""
    if isinstance(getattr(site.node, "ctx", None), (ast.Store, ast.Del)):
        return False
    return site.role not in ("Call.func", "Expr.value", "FunctionDef.defaults", "AsyncFunctionDef.defaults")


def available(site: Site) -> list[Ingredient]:
    """The ingredients whose variables all hold something at a site."""
    subject, names = site.subject, frozenset(site.names)
    found = subject.available.get(names)
    if found is None:
        found = [
            each
            for each in subject.ingredients
            if all(name in names or subject.is_global(name) for name in each.names)
        ]
        subject.available[names] = found
    return found


def variables(site: Site) -> list[tuple[str, frozenset[str]]]:
    """The variables at a site that hold values, with their types."""
    kinds = site.subject.kinds.names
    pairs = [(name, kinds.get(name, frozenset())) for name in site.names if name not in ("self", "cls", "_")]
    return [(name, found) for name, found in pairs if not found & _CALLABLE]


def negate(subject: Subject, node: ast.expr, piece: Fragment) -> Fragment:
    """The opposite of a condition, given its node and its text."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return subject.fragment(node.operand)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = f.NEGATIONS[f.OPERATORS[type(node.ops[0])]]
        return f.compare(subject.fragment(node.left), opposite, subject.fragment(node.comparators[0]))
    return f.invert(piece)


def conditions(site: Site) -> list[tuple[Fragment, float]]:
    """Simple conditions that can be asked at a site, the likeliest first, each with what it adds to costs."""
    names = frozenset(site.names)
    known = site.subject.conditions.get(names)
    if known is None:
        known = site.subject.conditions[names] = _conditions(site)
    return known


def _conditions(site: Site) -> list[tuple[Fragment, float]]:
    found: dict[str, tuple[Fragment, float]] = {}

    def add(piece: Fragment, extra: float) -> None:
        known = found.get(piece.key)
        if known is None or known[1] > extra:
            found[piece.key] = (piece, extra)

    for each in available(site):
        node = each.node
        asked = isinstance(node, ast.Compare) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        )
        if asked or (each.kinds == {"bool"} and not isinstance(node, ast.Constant)):
            add(each.fragment, 0.5)
            add(negate(site.subject, node, each.fragment), 0.5)
    held = variables(site)
    for name, kinds in held:
        for piece, extra in _about(f.name(name), kinds):
            add(piece, extra)
    for name, kinds in held:
        for other, others in held:
            if name != other:
                for piece, extra in _relating(name, kinds, other, others):
                    add(piece, extra)
    return sorted(found.values(), key=lambda pair: pair[1])[:80]


def _about(name: Fragment, kinds: frozenset[str]) -> Iterator[tuple[Fragment, float]]:
    """Conditions on one variable."""
    yield f.invert(name), 0.2
    yield name, 0.3
    if kinds & NUMBERS:
        for operator, extra in (("==", 0.6), (">", 0.8), ("<=", 0.8), ("<", 0.8), ("!=", 0.8)):
            yield f.compare(name, operator, f.literal(0)), extra
            if operator in ("==", ">", "<="):
                yield f.compare(name, operator, f.literal(1)), extra
    if not kinds or kinds - NUMBERS - SEQUENCES - {"bool", "set", "dict"}:
        yield f.compare(name, "is", f.literal(None)), 0.3
        yield f.compare(name, "is not", f.literal(None)), 0.3
    if kinds & CONTAINERS:
        for operator, extra in (("==", 1.0), ("<=", 1.0), (">", 1.2)):
            yield f.compare(f.call("len", name), operator, f.literal(1)), extra


def _relating(
    name: str, kinds: frozenset[str], other: str, others: frozenset[str]
) -> Iterator[tuple[Fragment, float]]:
    """Conditions on two variables."""
    one, two = f.name(name), f.name(other)
    if others & (CONTAINERS | {"deque"}) and not kinds & {"list", "set", "dict"}:
        yield f.compare(one, "not in", two), 0.7
        yield f.compare(one, "in", two), 0.9
    if name < other and kinds and compatible(kinds, others):
        for operator in ("==", "!=", "<", ">", "<=", ">="):
            if operator in ("==", "!=") or kinds & (NUMBERS | {"str"}):
                yield f.compare(one, operator, two), 0.9
    elif name < other and not (kinds and others):
        yield f.compare(one, "==", two), 1.1
        yield f.compare(one, "!=", two), 1.1
