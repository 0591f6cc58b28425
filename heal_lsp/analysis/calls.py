"""The functions of the workspace that an expression of a test runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heal_lsp.analysis.testcode import Scope
from heal_lsp.analysis.values import Class, Evaluator, Function, Instance, Value

_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitOr: "or", ast.BitXor: "xor", ast.BitAnd: "and",
}  # fmt: skip
_COMPARISONS = {
    ast.Eq: ("eq", "eq"), ast.NotEq: ("ne", "ne"), ast.Lt: ("lt", "gt"), ast.LtE: ("le", "ge"),
    ast.Gt: ("gt", "lt"), ast.GtE: ("ge", "le"),
}  # fmt: skip
_BUILTINS = frozenset(
    ["abs", "bool", "bytes", "float", "format", "hash", "int", "iter", "len", "next", "repr"]
)
_BUILTIN_METHODS = {"str": ("str", "repr"), "list": ("iter",), "sorted": ("lt",), "sum": ("iter", "add")}


def functions_of(node: ast.expr, scope: Scope, evaluator: Evaluator) -> Iterator[Function]:
    """The functions that evaluating one node runs, its parts left out, or that it names by reference."""
    if isinstance(node, ast.Call):
        for value in evaluator.evaluate(node.func, scope):
            yield from _run(value, evaluator)
        yield from _builtin(node, scope, evaluator)
    elif isinstance(node, ast.Attribute):
        for value in evaluator.evaluate(node.value, scope):
            yield from (each for each in evaluator.member(value, node.attr) if isinstance(each, Function))
    elif isinstance(node, ast.Name):
        yield from (each for each in evaluator.evaluate(node, scope) if isinstance(each, Function))
    elif isinstance(node, ast.BinOp):
        name = _BINARY[type(node.op)]
        yield from _method(node.left, f"__{name}__", scope, evaluator)
        yield from _method(node.right, f"__r{name}__", scope, evaluator)
    elif isinstance(node, ast.Subscript):
        yield from _method(node.value, "__getitem__", scope, evaluator)
    elif isinstance(node, ast.Compare):
        yield from _compared(node, scope, evaluator)


def name_of(node: ast.expr) -> str:
    """The name by which a node calls or reads something; may be empty."""
    named = node.func if isinstance(node, ast.Call) else node
    return named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")


def name_place(node: ast.expr) -> tuple[int, int] | None:
    """Line and column, in bytes, of the name by which a node calls or reads something."""
    named = node.func if isinstance(node, ast.Call) else node
    if isinstance(named, ast.Name):
        return named.lineno, named.col_offset
    if isinstance(named, ast.Attribute) and named.end_lineno is not None and named.end_col_offset is not None:
        return named.end_lineno, named.end_col_offset - len(named.attr.encode())
    return None


def _run(value: Value, evaluator: Evaluator) -> Iterator[Function]:
    if isinstance(value, Function):
        yield value
    elif isinstance(value, Class):
        for name in ("__init__", "__new__", "__post_init__"):
            yield from (each for each in evaluator.member(value, name) if isinstance(each, Function))
    elif isinstance(value, Instance):
        yield from (each for each in evaluator.member(value, "__call__") if isinstance(each, Function))


def _builtin(node: ast.Call, scope: Scope, evaluator: Evaluator) -> Iterator[Function]:
    """``len(x)`` runs ``x.__len__``."""
    if not isinstance(node.func, ast.Name) or not node.args:
        return
    name = node.func.id
    for method in _BUILTIN_METHODS.get(name, (name,) if name in _BUILTINS else ()):
        yield from _method(node.args[0], f"__{method}__", scope, evaluator)


def _compared(node: ast.Compare, scope: Scope, evaluator: Evaluator) -> Iterator[Function]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(operator, (ast.In, ast.NotIn)):
            yield from _method(right, "__contains__", scope, evaluator)
        elif type(operator) in _COMPARISONS:
            own, mirrored = _COMPARISONS[type(operator)]
            yield from _method(left, f"__{own}__", scope, evaluator)
            yield from _method(right, f"__{mirrored}__", scope, evaluator)


def _method(node: ast.expr, name: str, scope: Scope, evaluator: Evaluator) -> Iterator[Function]:
    for value in evaluator.evaluate(node, scope):
        if isinstance(value, Instance):
            yield from (each for each in evaluator.member(value, name) if isinstance(each, Function))
