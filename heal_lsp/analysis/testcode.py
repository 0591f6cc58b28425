"""Test functions: finding one by its id, and what surrounds it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

import attrs

from heal_lsp.analysis.sources import Module, Sources
from heal_lsp.core.syntax import FunctionNode, body_without_docstring

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@attrs.frozen(eq=False)
class Scope:
    """Where an expression stands: its file, the function around it and the class around that."""

    module: Module
    function: FunctionNode | None = None
    owner: ast.ClassDef | None = None
    case: str = ""
    """The bracketed part of a parametrized test's id."""


def split_id(test: str) -> tuple[str, list[str], str]:
    """A test id in its parts: path, names and parametrization (``1-x`` of ``a.py::A::f[1-x]``)."""
    path, _, rest = test.partition("::")
    plain, bracket, case = rest.partition("[")
    return path, [each for each in plain.split("::") if each], case.removesuffix("]") if bracket else ""


def find(sources: Sources, test: str) -> Scope | None:
    """The test function that an id names. A method may come from a base class in the same file."""
    path, names, case = split_id(test)
    module = sources.module(path)
    if module is None or module.tree is None or not names:
        return None
    owner: ast.ClassDef | None = None
    body: list[ast.stmt] = module.tree.body
    for name in names[:-1]:
        owner = class_in(body, name)
        if owner is None:
            return None
        body = owner.body
    found = function_in(body, names[-1])
    if found is None and owner is not None:
        for base in owner.bases:
            parent = base.id if isinstance(base, ast.Name) else ""
            inherited = find(sources, f"{path}::{parent}::{names[-1]}") if parent != owner.name else None
            if inherited is not None:
                return attrs.evolve(inherited, owner=owner, case=case)
    return None if found is None else Scope(module, found, owner, case)


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a block and of the blocks in it, without going into functions and classes."""
    for each in body:
        yield each
        if isinstance(each, (*_FUNCTIONS, ast.ClassDef)):
            continue
        for block in ("body", "orelse", "finalbody"):
            yield from flat(getattr(each, block, []))
        for clause in (*getattr(each, "handlers", ()), *getattr(each, "cases", ())):
            yield from flat(clause.body)


def class_in(body: list[ast.stmt], name: str) -> ast.ClassDef | None:
    """The class of that name in a block."""
    return next((each for each in flat(body) if isinstance(each, ast.ClassDef) and each.name == name), None)


def function_in(body: list[ast.stmt], name: str) -> FunctionNode | None:
    """The last function of that name in a block, which is the one in force."""
    found = None
    for each in flat(body):
        if isinstance(each, _FUNCTIONS) and each.name == name:
            found = each
    return found


def scope_at(module: Module, line: int) -> Scope:
    """The scope of a line."""
    if module.tree is None:
        return Scope(module)
    function: FunctionNode | None = None
    owner: ast.ClassDef | None = None
    body = module.tree.body
    while True:
        inner = next((each for each in flat(body) if _holds(each, line)), None)
        if isinstance(inner, _FUNCTIONS):
            function = inner
        elif isinstance(inner, ast.ClassDef):
            owner = inner
        else:
            return Scope(module, function, owner)
        body = inner.body


def _holds(node: ast.stmt, line: int) -> bool:
    return isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and node.lineno <= line <= (node.end_lineno or 0)


def is_fixture(node: FunctionNode) -> bool:
    """Whether a function is a pytest fixture."""
    return any("fixture" in ast.unparse(each).partition("(")[0] for each in node.decorator_list)


def fixture(sources: Sources, scope: Scope, name: str) -> Scope | None:
    """The fixture that a test's parameter asks for: from its class, its file, or the nearest conftest.py."""
    tree = scope.module.tree
    bodies = ([scope.owner.body] if scope.owner else []) + ([tree.body] if tree else [])
    for body in bodies:
        found = _fixture_in(body, name)
        if found is not None and found is not scope.function:
            return Scope(scope.module, found, scope.owner if body is not bodies[-1] else None)
    folder = posixpath.dirname(scope.module.path)
    while True:
        conftest = sources.module(posixpath.join(folder, "conftest.py"))
        if conftest is not None and conftest.tree is not None and conftest is not scope.module:
            found = _fixture_in(conftest.tree.body, name)
            if found is not None:
                return Scope(conftest, found)
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _fixture_in(body: list[ast.stmt], name: str) -> FunctionNode | None:
    for each in flat(body):
        if isinstance(each, _FUNCTIONS) and is_fixture(each) and name in (each.name, _given_name(each)):
            return each
    return None


def _given_name(node: FunctionNode) -> str | None:
    for decorator in node.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else []:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return None


def results(function: FunctionNode) -> list[ast.expr]:
    """What a function returns or yields, the last first."""
    found: list[ast.expr] = []
    stack: list[ast.AST] = list(body_without_docstring(function))
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Return, ast.Yield)) and node.value is not None:
            found.append(node.value)
        if not isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(node))
    return sorted(found, key=lambda each: (-each.lineno, -each.col_offset))


def parametrized(scope: Scope, name: str) -> list[ast.expr]:
    """The values that ``parametrize`` gives a parameter; those that the test's id names come first."""
    decorators = [
        *(scope.function.decorator_list if scope.function else []),
        *(scope.owner.decorator_list if scope.owner else []),
    ]
    values = [value for each in decorators if isinstance(each, ast.Call) for value in _values(each, name)]
    return sorted(values, key=lambda each: not _is_named(each, scope.case))


def _is_named(value: ast.expr, case: str) -> bool:
    return isinstance(value, (ast.Name, ast.Attribute)) and ast.unparse(value).rpartition(".")[2] in case


def _values(call: ast.Call, name: str) -> Iterator[ast.expr]:
    if not ast.unparse(call.func).endswith("parametrize") or len(call.args) < 2:
        return
    given = call.args[0]
    if isinstance(given, ast.Constant):
        names = [each.strip() for each in str(given.value).split(",")]
    else:
        names = [str(each.value) for each in getattr(given, "elts", []) if isinstance(each, ast.Constant)]
    if name not in names:
        return
    for row in getattr(call.args[1], "elts", []):
        if isinstance(row, ast.Call) and ast.unparse(row.func).endswith("param"):
            cells = row.args
        else:
            cells = row.elts if len(names) > 1 and isinstance(row, (ast.Tuple, ast.List)) else [row]
        if names.index(name) < len(cells):
            yield cells[names.index(name)]
