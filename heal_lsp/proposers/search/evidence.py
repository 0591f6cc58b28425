"""What the failing tests show of the target: the arguments it is called with, and the literals they hold."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from heal_lsp.core.model import Task

_MOST = 40


def samples(task: Task, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, list[Any]]:
    """Literal values that the target's parameters take, by name."""
    names = [each.arg for each in [*function.args.posonlyargs, *function.args.args]]
    if names and names[0] in ("self", "cls"):
        names = names[1:]
    found: dict[str, list[Any]] = {}
    for tree in _trees(task):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == task.target.name:
                pairs = list(zip(names, node.args, strict=False))
                pairs += [(each.arg, each.value) for each in node.keywords if each.arg in names]
                for name, argument in pairs:
                    value = _value(argument)
                    if value is not _NO_VALUE:
                        found.setdefault(name, []).append(value)
    if (
        task.failure.path == task.target.path
        and task.target.line <= task.failure.line <= task.target.end_line
    ):
        for each in task.failure.values:
            value = _value_of_text(each.text)
            if value is not _NO_VALUE and each.name in names:
                found.setdefault(each.name, []).append(value)
    return found


def test_literals(task: Task) -> list[Any]:
    """Short strings and numbers that the failing tests hold, each once."""
    found: dict[tuple[str, Any], None] = {}
    for tree in _trees(task):
        for node in ast.walk(tree):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, (str, int, float)) and not isinstance(value, bool) and len(str(value)) <= 30:
                found[(type(value).__name__, value)] = None
    return [value for _, value in list(found)[:_MOST]]


_NO_VALUE = object()


def _trees(task: Task) -> Iterator[ast.AST]:
    for text in task.test_sources.values():
        tree = _tree(text)
        if tree is not None:
            yield tree


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_VALUE


def _value_of_text(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_VALUE
