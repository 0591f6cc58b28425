"""What a failing line of a test calls: expressions that lead to the fault, the likeliest first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import attrs

from heal_lsp.analysis.bindings import assigned_before, parameter_names
from heal_lsp.analysis.sources import Sources
from heal_lsp.analysis.testcode import Scope, fixture, flat, parametrized, results

_EXPECTED = re.compile(r"(?i)^(exp|want|should|golden|reference)")
_ASSERTS = re.compile(r"(?i)^(assert|fail|check|expect|verify)")
_TELLING = (ast.Call, ast.Attribute, ast.Name, ast.BinOp, ast.Compare, ast.Subscript)
_DEPTH = 6


@attrs.frozen(eq=False)
class Clue:
    """An expression and where it stands. ``weak`` ones are not part of the failing statement's own values."""

    node: ast.expr
    scope: Scope
    weak: bool = False


def statement_at(scope: Scope, line: int) -> ast.stmt | None:
    """The innermost statement that holds a line."""
    body = scope.function.body if scope.function else (scope.module.tree.body if scope.module.tree else [])
    holding = [each for each in flat(body) if each.lineno <= line <= (each.end_lineno or each.lineno)]
    return min(holding, key=lambda each: ((each.end_lineno or 0) - each.lineno, -each.lineno), default=None)


def clues(sources: Sources, scope: Scope, line: int) -> Iterator[Clue]:
    """The clues of the statement on a line: its own values first, then what was done to them before."""
    statement = statement_at(scope, line)
    if statement is None:
        yield from _anywhere(sources, scope, line)
        return
    trail = _Trail(sources, line)
    yield from trail.follow(_values(statement), scope)
    for condition in _conditions(scope, statement):
        yield from trail.follow([condition], scope)
    names = {name for value in _values(statement) for name in _names(value)}
    for related in (True, False):
        for earlier in _earlier(scope, statement):
            if bool(names & _names(earlier)) is related:
                for clue in trail.follow(_values(earlier), scope):
                    yield attrs.evolve(clue, weak=True)


def _anywhere(sources: Sources, scope: Scope, line: int) -> Iterator[Clue]:
    """The clues of a whole test, for a failure that only tells which test it was: its process ended there."""
    if scope.function is None or line >= scope.function.body[0].lineno:
        return
    statements = list(flat(scope.function.body))
    for statement in sorted(statements, key=lambda each: not isinstance(each, ast.Assert)):
        yield from _Trail(sources, statement.lineno).follow(_values(statement), scope)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _values(statement: ast.stmt) -> list[ast.expr]:
    """The expressions that a statement evaluates by itself, the one under test first."""
    if isinstance(statement, ast.Assert):
        return _sides(statement.test)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        inner = [value for each in reversed(list(flat(statement.body))) for value in _values(each)]
        return [*inner, *(each.context_expr for each in statement.items)]
    if isinstance(statement, (ast.If, ast.While)):
        return _sides(statement.test)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        return [statement.iter]
    if isinstance(statement, ast.Expr) and isinstance(call := _awaited(statement.value), ast.Call):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if _ASSERTS.match(name):
            return [*_actual_first(call.args), call.func, *(each.value for each in call.keywords)]
    return [each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.expr)]


def _awaited(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _sides(test: ast.expr) -> list[ast.expr]:
    while isinstance(test, ast.UnaryOp):
        test = test.operand
    if isinstance(test, ast.BoolOp):
        return [side for each in test.values for side in _sides(each)]
    if isinstance(test, ast.Compare):
        if isinstance(test.ops[0], (ast.In, ast.NotIn)):
            return [test]
        return [*_actual_first([test.left, *test.comparators]), test]
    return [test]


def _actual_first(sides: list[ast.expr]) -> list[ast.expr]:
    """Values that are called expected come after the others."""
    return sorted(sides, key=lambda each: isinstance(each, ast.Name) and bool(_EXPECTED.match(each.id)))


def _conditions(scope: Scope, statement: ast.stmt) -> Iterator[ast.expr]:
    """Conditions under which a statement runs, the innermost first."""
    if scope.function is None:
        return
    around = [
        each
        for each in flat(scope.function.body)
        if isinstance(each, (ast.If, ast.While, ast.For))
        and each is not statement
        and each.lineno <= statement.lineno <= (each.end_lineno or 0)
    ]
    for each in reversed(around):
        yield each.iter if isinstance(each, ast.For) else each.test


def _earlier(scope: Scope, statement: ast.stmt) -> list[ast.stmt]:
    """Simple statements above one, the nearest first."""
    if scope.function is None:
        return []
    simple = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Assert, ast.With, ast.AsyncWith)
    above = [each for each in flat(scope.function.body) if each.lineno < statement.lineno]
    return [each for each in reversed(above) if isinstance(each, simple)]


class _Trail:
    """Walks expressions outermost first and follows names back to what they were given; nothing twice."""

    def __init__(self, sources: Sources, line: int) -> None:
        self._sources = sources
        self._line = line
        self._seen: set[int] = set()

    def follow(self, values: Iterable[ast.expr], scope: Scope, depth: int = 0) -> Iterator[Clue]:
        for value in values:
            yield from self._walk(value, scope, depth)

    def _walk(self, node: ast.AST, scope: Scope, depth: int) -> Iterator[Clue]:
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if isinstance(node, _TELLING):
            yield Clue(node, scope)
        if isinstance(node, ast.Name):
            if depth < _DEPTH and isinstance(node.ctx, ast.Load):
                yield from self._origins(node.id, scope, depth + 1)
        elif isinstance(node, ast.Call):
            yield from self._walk_call(node, scope, depth)
        else:
            for child in reversed(list(ast.iter_child_nodes(node))):
                yield from self._walk(child, scope, depth)

    def _walk_call(self, node: ast.Call, scope: Scope, depth: int) -> Iterator[Clue]:
        for child in (*reversed(node.keywords), *reversed(node.args)):
            yield from self._walk(child, scope, depth)
        if isinstance(node.func, ast.Attribute):
            self._seen.add(id(node.func))
            yield from self._walk(node.func.value, scope, depth)
        elif not isinstance(node.func, ast.Name):
            yield from self._walk(node.func, scope, depth)

    def _origins(self, name: str, scope: Scope, depth: int) -> Iterator[Clue]:
        """What a name was given: in the test, by ``parametrize``, or by a fixture."""
        if scope.function is None:
            return
        if (value := assigned_before(scope.function, name, self._line)) is not None:
            yield from self._walk(value, scope, depth)
        elif name in parameter_names(scope.function):
            module = Scope(scope.module)
            yield from self.follow(parametrized(scope, name), module, depth)
            if (source := fixture(self._sources, scope, name)) is not None and source.function is not None:
                yield from self.follow(results(source.function), source, depth)
