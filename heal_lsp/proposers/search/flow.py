"""Signs of something forgotten in how a function uses its variables: never read, never filled, never moved on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import attrs

from heal_lsp.proposers.search.trees import FUNCTIONS, LOOPS, Function, arguments_of, names_in

_FILLING = frozenset(
    ("append", "extend", "add", "update", "insert", "appendleft", "push", "put", "setdefault")
)
_EMPTY_CALLS = frozenset(("list", "set", "dict", "deque", "defaultdict", "Counter", "OrderedDict"))


@attrs.frozen
class Flow:
    """Variables of a function by what seems to be missing."""

    unread: frozenset[str]
    """Bound, and no use is made of the value."""
    unfilled: frozenset[str]
    """Made as an empty container that nothing is ever put into."""
    stuck: frozenset[str]
    """Asked about by a ``while`` whose body never changes them, or set once before a loop that reads them."""


def flow_of(function: Function) -> Flow:
    """Read the signs from a function's tree, nested functions included."""
    bound = {each.arg for each in arguments_of(function)} | {name for name, _ in _bindings(function)}
    return Flow(
        frozenset(bound - _read(function) - {"self", "cls", "_"}),
        frozenset(_emptied(function) - _filled(function)),
        frozenset(_stuck(function)),
    )


def _bindings(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node
        elif isinstance(node, FUNCTIONS) and node is not tree:
            yield node.name, node


def _read(function: Function) -> set[str]:
    """Variables whose value is used; that an element of one is set, or that it is added to, is no use."""
    written = {
        id(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in written
    }


def _emptied(function: Function) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = node.value
            display = isinstance(value, (ast.List, ast.Dict)) and not getattr(
                value, "elts", getattr(value, "keys", [])
            )
            called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and not value.args
            if display or (called and value.func.id in _EMPTY_CALLS):  # type: ignore[attr-defined]
                found.add(node.targets[0].id)
    return found


def _filled(function: Function) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FILLING:
            found |= names_in(node.func.value)
        elif isinstance(node, ast.Call):  # a function may fill what it is given
            found |= {each.id for each in node.args if isinstance(each, ast.Name)}
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found |= names_in(node.value)
        elif isinstance(node, ast.AugAssign):
            found |= names_in(node.target)
    return found


def _stuck(function: Function) -> set[str]:
    found: set[str] = set()
    for loop in ast.walk(function):
        if not isinstance(loop, LOOPS):
            continue
        body = ast.Module(loop.body, [])
        changed = {name for name, _ in _bindings(body)} | _touched(body)
        if isinstance(loop, ast.While):
            asked = names_in(loop.test)
            if not asked & changed:
                found |= asked
        read = {
            each.id
            for each in ast.walk(body)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
        }
        found |= (read & _set_once(function)) - changed
    return found


def _touched(body: ast.AST) -> set[str]:
    """Variables whose methods are called or whose elements are set: they may change by that."""
    found: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= names_in(node.func.value)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found |= names_in(node.value)
    return found


def _set_once(function: Function) -> set[str]:
    """Variables that are set a single time, to a constant."""
    counts: dict[str, int] = {}
    for name, _ in _bindings(function):
        counts[name] = counts.get(name, 0) + 1
    return {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and counts[target.id] == 1
    }
