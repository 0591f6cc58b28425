"""Small questions about syntax trees that many rooms of the search ask."""

from __future__ import annotations

import ast
import builtins

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BLOCKS = ("body", "orelse", "finalbody")
BUILTINS = frozenset(dir(builtins))


def arguments_of(node: Function | ast.Lambda) -> list[ast.arg]:
    """The parameters of a function, in order."""
    spec = node.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return named + [each for each in (spec.vararg, spec.kwarg) if each is not None]


def size_of(node: ast.AST) -> int:
    """How many nodes an expression has; operators and contexts do not count."""
    skipped = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
    return sum(1 for each in ast.walk(node) if not isinstance(each, skipped))


def names_in(node: ast.AST) -> frozenset[str]:
    """Variables that a node reads or binds."""
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def is_docstring(node: ast.AST) -> bool:
    """Whether a statement is a bare string."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
