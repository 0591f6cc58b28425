"""Where the names of a file or function get their values, by syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heal_lsp.analysis.testcode import flat
from heal_lsp.core.syntax import FunctionNode

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parameter_names(function: FunctionNode) -> list[str]:
    """The names of a function's parameters."""
    given = function.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    return [each.arg for each in (*every, *(each for each in (given.vararg, given.kwarg) if each))]


def assigned_before(function: FunctionNode, name: str, line: int) -> ast.expr | None:
    """The expression last given to a local name above a line."""
    found: ast.expr | None = None
    for statement in flat(function.body):
        if statement.lineno > line:
            continue
        for target, value in assignments(statement):
            if (
                isinstance(target, ast.Name)
                and target.id == name
                and (statement.lineno < line or found is None)
            ):
                found = value
    return found


def last_definition_before(body: list[ast.stmt], name: str, line: int) -> FunctionNode | ast.ClassDef | None:
    """The function or class last defined under a name above a line."""
    return last_definition([each for each in body if each.lineno <= line], name)


def last_definition(body: list[ast.stmt], name: str) -> FunctionNode | ast.ClassDef | None:
    """The function or class last defined under a name: what reading the name gives."""
    found: FunctionNode | ast.ClassDef | None = None
    for each in flat(body):
        if isinstance(each, (*_FUNCTIONS, ast.ClassDef)) and each.name == name and not _is_secondary(each):
            found = each
    return found


def _is_secondary(node: FunctionNode | ast.ClassDef) -> bool:
    """A property's setter, or the declaration of an overload: not what reading the name gives."""
    names = {ast.unparse(each).partition("(")[0].rpartition(".")[2] for each in node.decorator_list}
    return bool(names & {"setter", "deleter", "overload"})


def last_assignment(body: list[ast.stmt], name: str) -> ast.expr | None:
    """The expression last given to a name in a block."""
    found: ast.expr | None = None
    for statement in flat(body):
        for target, value in assignments(statement):
            if isinstance(target, ast.Name) and target.id == name:
                found = value
    return found


def assignments(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Pairs of a target and what it is given, tuples taken apart where both sides show their elements."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _pairs(target, statement.value)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        yield statement.target, statement.value
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            if item.optional_vars is not None:
                yield from _pairs(item.optional_vars, item.context_expr)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _pairs(statement.target, statement.iter)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, (ast.Tuple, ast.List)):
        known = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        alike = len(known) == len(target.elts)
        for index, each in enumerate(target.elts):
            yield from _pairs(each, known[index] if alike else value)
    else:
        yield target, value


def is_local(function: FunctionNode, name: str) -> bool:
    """Whether a name belongs to a function: a parameter, or given a value in it."""
    if name in parameter_names(function):
        return True
    return any(
        isinstance(target, ast.Name) and target.id == name
        for statement in flat(function.body)
        for target, _ in assignments(statement)
    )
