"""Assertions that tell the two values they compare, at next to no cost while they hold. Python 3.9 up.

pytest's own rewriting explains more, and takes longer for one failing assertion than a candidate's whole run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType
from typing import Any

from . import ticks

SAY = "@say"
"""Name among the builtins of what puts two values and an operator into words."""
_LEFT, _RIGHT = "@left", "@right"
_SMALL = 10**12
_WORDS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def compiled(text: str, filename: str) -> CodeType:
    """The code of a test module, its loops counted."""
    tree: Any = compile(text, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    ticks.add_ticks(tree)
    _Telling().visit(tree)
    code: CodeType = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
    return code


class _Telling(ast.NodeVisitor):
    """Gives the assertions inside functions a message; elsewhere the names would be seen."""

    def __init__(self) -> None:
        self._in_function = False

    def _enter(self, node: ast.AST, is_function: bool) -> None:
        before, self._in_function = self._in_function, is_function
        self.generic_visit(node)
        self._in_function = before

    def visit_FunctionDef(self, node: ast.AST) -> None:
        self._enter(node, True)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node, False)

    def visit_Assert(self, node: ast.Assert) -> None:
        if not self._in_function or node.msg is not None:
            return
        test, words = node.test, ""
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            words = _WORDS[type(test.ops[0])]
            test.left = _kept(_LEFT, test.left)
            test.comparators = [_kept(_RIGHT, test.comparators[0])]
        else:
            node.test = _kept(_LEFT, test)
        names: list[ast.expr] = [ast.Name(each, ast.Load()) for each in (_LEFT, _RIGHT)[: 2 if words else 1]]
        node.msg = ast.Call(ast.Name(SAY, ast.Load()), [ast.Constant(words), *names], [])


def _kept(name: str, value: ast.expr) -> ast.expr:
    """An expression whose value is kept under a name as well."""
    kept: ast.expr = ast.NamedExpr(ast.Name(name, ast.Store()), value)
    return ast.copy_location(kept, value)


def words_of(operator: str, left: Any, right: Any, shown: Callable[[Any], str]) -> str:
    """The assertion with its values, each put into words by ``shown`` unless its ``repr`` is known to be short."""
    one = repr(left) if _is_short(left) else shown(left)
    if not operator:
        return f"assert {one}"
    return f"assert {one} {operator} {repr(right) if _is_short(right) else shown(right)}"


def _is_short(value: Any) -> bool:
    """Whether a value is one number or a short list of them, as the values of many a test are."""
    kind = type(value)
    if kind is list and 0 < len(value) <= 20 and set(map(type, value)) == {int}:
        return bool(min(value) > -_SMALL and max(value) < _SMALL)
    return kind is bool or (kind is int and -_SMALL < value < _SMALL)
