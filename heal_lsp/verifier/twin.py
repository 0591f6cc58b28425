"""The twin of a failing test: the same test with one expectation altered, which an honest run must see fail.

It catches a candidate that tampers with the machinery that judges it, or whose results equal everything.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator

import attrs

from heal_lsp.core.text import Edit, apply_edits, line_starts

_OPPOSITES = {
    "assertEqual": "assertNotEqual",
    "assertTrue": "assertFalse",
    "assertIs": "assertIsNot",
    "assertIsNone": "assertIsNotNone",
    "assertIn": "assertNotIn",
    "assertIsInstance": "assertNotIsInstance",
    "assertAlmostEqual": "assertNotAlmostEqual",
    "assertRegex": "assertNotRegex",
    "assertGreater": "assertLessEqual",
    "assertLess": "assertGreaterEqual",
}
_OPPOSITES |= {other: name for name, other in _OPPOSITES.items()}
_EQUALITIES = ("assertEqual", "assertListEqual", "assertDictEqual", "assertTupleEqual", "assertSetEqual")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Twin:
    """The test file's text with the twin in it, and the twin's id."""

    text: str
    test: str


def make_twin(text: str, test: str, line: int) -> Twin | None:
    """Put a twin of a test behind it. ``line`` is where it failed. None when no function is the test."""
    path, _, rest = test.partition("::")
    names = rest.partition("[")[0].split("::")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    function = _find(tree.body, names)
    if function is None:
        return None
    source = _Source(text)
    name = _twin_name(function.name)
    edits = [_rename(source, function, name), _alteration(source, function, line)]
    start = source.line_start(min([function.lineno, *(each.lineno for each in function.decorator_list)]))
    end = source.offset(function.end_lineno or function.lineno, function.end_col_offset or 0)
    copied = source.part(start, end)
    try:
        copy = apply_edits(copied, [Edit(each.start - start, each.end - start, each.new) for each in edits])
        behind = source.line_end(end)
        whole = apply_edits(text, [Edit(behind, behind, source.newline * 2 + copy)])
        ast.parse(whole)
    except (SyntaxError, ValueError):
        return None
    ending = test[len(path) + 2 + len(rest.partition("[")[0]) :]
    return Twin(whole, "::".join([path, *names[:-1], name]) + ending)


def _find(body: list[ast.stmt], names: list[str]) -> _Function | None:
    """The function that a node id names; of several definitions the last counts, as in Python."""
    for node in reversed(body):
        if (
            len(names) == 1
            and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.name == names[0]
        ):
            return node
        if len(names) > 1 and isinstance(node, ast.ClassDef) and node.name == names[0]:
            return _find(node.body, names[1:])
    return None


def _twin_name(name: str) -> str:
    """A name that pytest collects whenever it collects ``name``, and that nobody can know beforehand."""
    token = secrets.token_hex(4)
    return f"{name[: -len('_test')]}_{token}_test" if name.endswith("_test") else f"{name}_{token}"


class _Source:
    """A text with the offsets of what the syntax tree names by line and column."""

    def __init__(self, text: str) -> None:
        self._data = text.encode("utf-8", "surrogatepass")
        self._starts = line_starts(text)
        self.newline = "\r\n" if b"\r\n" in self._data else "\n"

    def line_start(self, line: int) -> int:
        return self._starts[line - 1]

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def line_end(self, offset: int) -> int:
        """Where the line that holds an offset ends, without its line ending."""
        after = next((each for each in self._starts if each > offset), len(self._data) + 1)
        return len(self._data[:after].rstrip(b"\r\n")) if after <= len(self._data) else len(self._data)

    def part(self, start: int, end: int) -> str:
        return self._data[start:end].decode("utf-8", "surrogatepass")

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)

    def code(self, node: ast.expr) -> str:
        return self.part(*self.span(node))


def _rename(source: _Source, function: _Function, name: str) -> Edit:
    start, end = source.span(function)
    # the span of a definition starts at ``def`` or ``async``, its decorators are not part of it
    at = source.part(start, end).index(function.name, len("async def") if _is_async(function) else len("def"))
    at = start + len(source.part(start, end)[:at].encode())
    return Edit(at, at + len(function.name.encode()), name)


def _is_async(function: _Function) -> bool:
    return isinstance(function, ast.AsyncFunctionDef)


def _alteration(source: _Source, function: _Function, line: int) -> Edit:
    """Alter the expectation that failed, else the last that can be altered, else add one that cannot hold."""
    ranked = sorted(
        _statements(function, 0), key=lambda each: (not _holds(each[0], line), each[1], -each[0].lineno)
    )
    for statement, _ in ranked:
        found = _altered(source, statement)
        if found is not None:
            return found
    first, last = function.body[0], function.body[-1]
    end = source.span(last)[1]
    separator = source.newline + " " * first.col_offset if first.lineno != function.lineno else "; "
    return Edit(end, end, f"{separator}assert not 'an honest run'")


def _statements(node: ast.AST, depth: int) -> Iterator[tuple[ast.stmt, int]]:
    """The statements that a function itself runs, each with how deep it lies: what lies deep may not run at all."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(child, ast.stmt):
            yield child, depth
        yield from _statements(child, depth + 1)


def _holds(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _altered(source: _Source, statement: ast.stmt) -> Edit | None:
    if isinstance(statement, ast.Assert):
        return _altered_assert(source, statement.test)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return _altered_call(source, statement.value)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and _name(call) in ("raises", "assertRaises") and call.args:
                return Edit(*source.span(call.args[0]), "type('Unheard', (Exception,), {})")
    return None


def _altered_assert(source: _Source, test: ast.expr) -> Edit:
    if (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], (ast.Eq, ast.Is, ast.In))
    ):
        expected = test.comparators[0]
        return Edit(*source.span(expected), f"[{source.code(expected)}]")
    start, end = source.span(test)
    return Edit(start, end, f"not ({source.code(test)})")


def _altered_call(source: _Source, call: ast.Call) -> Edit | None:
    name = _name(call)
    if name in _EQUALITIES and len(call.args) >= 2:
        return Edit(*source.span(call.args[1]), f"[{source.code(call.args[1])}]")
    if name in _OPPOSITES and isinstance(call.func, ast.Attribute):
        end = source.span(call.func)[1]
        return Edit(end - len(name), end, _OPPOSITES[name])
    return None


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
