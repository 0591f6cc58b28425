"""A module's code with one function of it changed, without compiling the rest. Standard library only, Python 3.9 up.

Only the changed function is parsed and compiled, in a skeleton of the classes around it, which gives it its
name, its mangled names and its ``__class__``; its code object takes the old one's place inside the module's.
What that cannot do faithfully (a changed signature, decorator or default, a new ``super()``, statements that
leave the function) is told by comparing the skeleton's own code, and then the whole module is compiled.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Sequence
from types import CodeType
from typing import Any

from . import ticks

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FEATURES = importlib.import_module("__future__")
_FUTURE = sum({getattr(_FEATURES, each).compiler_flag for each in _FEATURES.all_feature_names})
Edits = Sequence[tuple[int, int, str]]
"""Start and end, in bytes of the text's UTF-8 form, and what takes the place of these."""
_SHOWN = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags")


class Graft:
    """The code of a module, with edits of the function around a line.

    Raises:
        SyntaxError: the text is no program of this Python.
    """

    def __init__(self, text: str, filename: str, line: int) -> None:
        self._data = text.encode("utf-8", "surrogatepass")
        self._filename = filename
        self.code = self.whole(())
        """The module's code without any edit."""
        self._unit: _Unit | None = None
        found = _outermost(ast.parse(text), line)
        if found is not None:
            self._unit = _unit(self._data, self.code, filename, *found)

    def changed(self, edits: Edits) -> CodeType:
        """The module's code with edits.

        Raises:
            SyntaxError: the changed text is no program of this Python; or what else ``compile`` raises.
        """
        unit = self._unit
        if unit is not None:
            function = unit.compiled(self._data, edits)
            if function is not None:
                return unit.put(self.code, function)
        return self.whole(edits)

    def whole(self, edits: Edits) -> CodeType:
        """The same, by compiling all of it."""
        text = _apply(self._data, edits, 0, len(self._data)).decode("utf-8", "surrogatepass")
        return compiled(text, self._filename)


def compiled(text: str, filename: str, flags: int = 0) -> CodeType:
    """The code of a text, its loops counted."""
    if not ticks.has_loops(text):
        plain: CodeType = compile(text, filename, "exec", flags, dont_inherit=True)
        return plain
    tree: Any = compile(text, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    ticks.add_ticks(tree)
    code: CodeType = compile(tree, filename, "exec", flags, dont_inherit=True)
    return code


def _apply(data: bytes, edits: Edits, start: int, end: int) -> bytes:
    """The bytes ``start`` to ``end`` with edits that lie within them."""
    pieces = []
    for first, last, new in sorted(edits, key=lambda each: each[:2]):
        pieces += [data[start:first], new.encode("utf-8", "surrogatepass")]
        start = last
    pieces.append(data[start:end])
    return b"".join(pieces)


class _Unit:
    """The outermost function that holds the target: where it lies in the text, and in the module's code."""

    def __init__(
        self, place: tuple[int, int, int], head: str, names: list[str], route: list[int], filename: str
    ) -> None:
        self._first, self._body, self._end = place
        self._head = head
        self._names = names
        self._route = route
        self._filename = filename
        self._flags = 0
        self._around: list[Any] = []

    def settle(self, data: bytes, code: CodeType) -> bool:
        """Learn what the unchanged function gives. False when it does not give what the module holds."""
        self._flags = code.co_flags & _FUTURE
        for index in self._route:
            code = code.co_consts[index]
        around = self._skeleton(data, ())
        self._around = [_shown(each) for each in around[:-1]]
        return self._shown_function(around[-1]) == self._shown_function(code)

    def compiled(self, data: bytes, edits: Edits) -> CodeType | None:
        """The code of the changed function; None when more than its body's code would change."""
        # what is put before the next line belongs to that line as well
        last = self._end if self._end == len(data) else self._end - 1
        if any(start < self._body or end > last for start, end, _ in edits):
            return None
        try:
            around = self._skeleton(data, edits)
        except (SyntaxError, ValueError):
            return None
        if [_shown(each) for each in around[:-1]] != self._around:
            return None
        return around[-1]

    def put(self, module: CodeType, function: CodeType) -> CodeType:
        """The module's code with the function in its place."""
        chain = [module]
        for index in self._route[:-1]:
            chain.append(chain[-1].co_consts[index])
        new = function
        for depth in range(len(chain) - 1, -1, -1):
            code, index = chain[depth], self._route[depth]
            consts = code.co_consts
            new = code.replace(co_consts=(*consts[:index], new, *consts[index + 1 :]))
        return new

    def _skeleton(self, data: bytes, edits: Edits) -> list[CodeType]:
        """The code of the skeleton's module, of the classes in it, and of the function."""
        text = _apply(data, edits, self._first, self._end).decode("utf-8", "surrogatepass")
        if text.rstrip("\r\n").endswith("\\"):
            raise SyntaxError("a line that goes on after the function")
        found = [compiled(self._head + text, self._filename, self._flags)]
        for name in self._names:
            [inner] = [
                each for each in found[-1].co_consts if isinstance(each, CodeType) and each.co_name == name
            ]
            found.append(inner)
        return found

    @staticmethod
    def _shown_function(code: CodeType) -> tuple[Any, ...]:
        return (code.co_name, code.co_firstlineno, code.co_freevars, code.co_code, code.co_names)


def _shown(code: CodeType) -> tuple[Any, ...]:
    """What must stay as it is around the function: everything but the function itself."""
    consts = [None if isinstance(each, CodeType) else (type(each), each) for each in code.co_consts]
    return (*(getattr(code, each) for each in _SHOWN), consts)


# -- finding the function ------------------------------------------------------------------------------------


def _outermost(tree: ast.AST, line: int) -> tuple[Any, list[ast.ClassDef]] | None:
    """The outermost function around a line, and the classes around it, outer before inner."""
    classes: list[ast.ClassDef] = []
    node: ast.AST | None = tree
    while node is not None:
        node = _statement_at(node, line)
        if isinstance(node, _Function):
            return node, classes
        if isinstance(node, ast.ClassDef):
            classes.append(node)
    return None


def _statement_at(node: ast.AST, line: int) -> ast.AST | None:
    """The statement (or handler) directly inside a node that spans a line."""
    for child in ast.iter_child_nodes(node):
        first = getattr(child, "lineno", None)
        if first is None or isinstance(child, ast.expr):
            continue
        if _first_line(child) <= line <= (getattr(child, "end_lineno", None) or first):
            return child
    return None


def _first_line(node: Any) -> int:
    lines: list[int] = [node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]
    return min(lines)


def _unit(
    data: bytes, module: CodeType, filename: str, function: Any, classes: list[ast.ClassDef]
) -> _Unit | None:
    """The function's place; None when it has none of its own, or is not found in the code as expected."""
    starts = [0, *(each.end() for each in _LINE_END.finditer(data)), len(data)]
    first = starts[_first_line(function) - 1]
    body = function.body[0]
    start = starts[_first_line(body) - 1]
    if _first_line(body) == function.lineno or not _alone(data, start, body):
        start += body.col_offset
    end = starts[function.end_lineno or function.lineno]
    head = _head(data[first : first + 4096], _first_line(function), classes)
    route = _route(module, [*classes, function])
    if head is None or route is None:
        return None
    names = [*(each.name for each in classes), function.name]
    unit = _Unit((first, start, end), head, names, route, filename)
    try:
        return unit if unit.settle(data, module) else None
    except (SyntaxError, ValueError):
        return None


def _alone(data: bytes, start: int, body: ast.stmt) -> bool:
    """Whether nothing but white space stands before a statement on its line."""
    return not data[start : start + body.col_offset].strip()


def _head(text: bytes, line: int, classes: list[ast.ClassDef]) -> str | None:
    """The lines of the skeleton before the function, so many that the function keeps its own line."""
    indent = text[: len(text) - len(text.lstrip(b" \t"))].decode("ascii")
    names = [f"class {each.name}:" for each in classes] or (["if 1:"] if indent else [])
    if len(names) > len(indent) or len(names) >= line:
        return None
    lines = [indent[:level] + each for level, each in enumerate(names)]
    return "\n" * (line - 1 - len(lines)) + "".join(each + "\n" for each in lines)


def _route(module: CodeType, nodes: Sequence[Any]) -> list[int] | None:
    """The function's code object in the module's: an index among the constants for each step."""
    route, code = [], module
    for node in nodes:
        lines = (node.lineno, _first_line(node))
        found = [
            index
            for index, each in enumerate(code.co_consts)
            if isinstance(each, CodeType) and each.co_name == node.name and each.co_firstlineno in lines
        ]
        if len(found) != 1:
            return None
        route.append(found[0])
        code = code.co_consts[found[0]]
    return route
