"""Where the functions of a text are, in bytes.

The standard library's parser gives exact byte columns and is an order of magnitude faster than libcst, so it
comes first. What it cannot read, because the file is broken or of a newer Python than this one, goes to
parso, which recovers from errors: a function still has its span when the error is elsewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from heal_lsp.core.model import Target, TargetKind
from heal_lsp.core.syntax import Definition, FunctionNode, definitions, parse
from heal_lsp.core.text import line_of, line_starts

if TYPE_CHECKING:
    from parso.tree import BaseNode, Leaf, NodeOrLeaf

BOM = "\ufeff"
_ACCESSORS = frozenset(["setter", "getter", "deleter"])
_GRAMMARS = ("3.14", "3.13", "3.12")


def functions(text: str, path: str = "") -> tuple[Target, ...]:
    """Every function of a text, in the order of their places, nested ones after the function around them."""
    try:
        tree = parse(text)
    except SyntaxError:
        return recovered(text, path)
    return of_tree(text, path, tree)


def of_tree(text: str, path: str, tree: ast.Module) -> tuple[Target, ...]:
    """The functions of a text whose tree is known."""
    lines = _Lines(text)
    return tuple(_target(each, path, lines) for each in definitions(tree))


def module_target(text: str, path: str) -> Target:
    """The whole file as a target, for a statement outside any function."""
    starts = line_starts(text)
    size = len(text.encode("utf-8", "surrogatepass"))
    name = path.rpartition("/")[2]
    last = len(starts) - (len(starts) > 1 and text.endswith(("\n", "\r")))
    return Target(path, name, name, TargetKind.MODULE, 0, size, 1, last)


def innermost(targets: Iterable[Target], line: int, starts: Sequence[int]) -> Target | None:
    """The innermost function whose lines, decorators included, hold the line; None outside any.

    ``starts`` are the line starts of the text.
    """
    inside = [each for each in targets if line_of(starts, each.start) <= line <= each.end_line]
    return min(inside, key=lambda each: each.end - each.start, default=None)


class _Lines:
    """Turns the parsers' positions in a text into byte offsets."""

    def __init__(self, text: str) -> None:
        self.shift = len(BOM.encode()) if text.startswith(BOM) else 0
        body = text.removeprefix(BOM)
        self.data = body.encode("utf-8", "surrogatepass")
        self.starts = line_starts(body)

    def offset(self, line: int, column: int) -> int:
        """``column`` in bytes."""
        return self.starts[line - 1] + column + self.shift

    def line(self, number: int) -> bytes:
        end = self.starts[number] if number < len(self.starts) else len(self.data)
        return self.data[self.starts[number - 1] : end]


def _target(definition: Definition, path: str, lines: _Lines) -> Target:
    node = definition.node
    start_line, start_column = node.lineno, node.col_offset
    if node.decorator_list:
        start_line, start_column = _at_sign(node, lines)
    return Target(
        path,
        node.name,
        definition.qualname,
        kind_of(node, definition.holder),
        lines.offset(start_line, start_column),
        lines.offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
        node.lineno,
        node.end_lineno or node.lineno,
        isinstance(node, ast.AsyncFunctionDef),
    )


def _at_sign(node: FunctionNode, lines: _Lines) -> tuple[int, int]:
    """The place of the ``@`` of the first decorator: the first thing of a line at or above the expression."""
    number = node.decorator_list[0].lineno
    while number > 1 and not lines.line(number).lstrip(b" \t\x0c").startswith(b"@"):
        number -= 1
    return number, lines.line(number).index(b"@")


def kind_of(node: FunctionNode, holder: ast.AST) -> TargetKind:
    """Function, method or property."""
    if not isinstance(holder, ast.ClassDef):
        return TargetKind.FUNCTION
    if any(is_property_decorator(ast.unparse(each)) for each in node.decorator_list):
        return TargetKind.PROPERTY
    return TargetKind.METHOD


def is_property_decorator(decorator: str) -> bool:
    """Whether a decorator's source makes its method an attribute."""
    name = decorator.partition("(")[0].rpartition(".")[2].strip()
    return name.lower().endswith("property") or name in _ACCESSORS


def recovered(text: str, path: str) -> tuple[Target, ...]:
    """The functions of a text that does not parse, as far as an error-recovering parser sees them."""
    from parso.grammar import load_grammar

    for version in _GRAMMARS:
        try:
            grammar = load_grammar(version=version)
            break
        except NotImplementedError:
            continue
    else:
        grammar = load_grammar()
    lines = _Lines(text)
    module = grammar.parse(text.removeprefix(BOM))
    found: list[Target] = []
    stack: list[tuple[NodeOrLeaf, str, str]] = [(module, "", "")]
    while stack:
        node, prefix, holder = stack.pop()
        if node.type in ("funcdef", "classdef"):
            name = node.name.value  # type: ignore[attr-defined]
            if node.type == "funcdef":
                found.append(_recovered_target(node, path, prefix + name, holder, lines))  # type: ignore[arg-type]
                prefix, holder = f"{prefix}{name}.<locals>.", "function"
            else:
                prefix, holder = f"{prefix}{name}.", "class"
        stack.extend((child, prefix, holder) for child in reversed(getattr(node, "children", ())))
    return tuple(found)


def _recovered_target(node: BaseNode, path: str, qualname: str, holder: str, lines: _Lines) -> Target:
    outer: NodeOrLeaf = node
    asynchronous = False
    while outer.parent is not None and outer.parent.type in ("decorated", "async_funcdef", "async_stmt"):
        outer = outer.parent
        asynchronous = asynchronous or outer.type.startswith("async")
    last: Leaf | None = node.get_last_leaf()  # type: ignore[no-untyped-call]
    while last is not None and last.type in ("newline", "endmarker"):
        last = last.get_previous_leaf()  # type: ignore[no-untyped-call]
    end = (last or node).end_pos
    decorators = [each.get_code() for each in node.get_decorators()]  # type: ignore[attr-defined]
    kind = TargetKind.METHOD if holder == "class" else TargetKind.FUNCTION
    if holder == "class" and any(is_property_decorator(each.strip().lstrip("@")) for each in decorators):
        kind = TargetKind.PROPERTY
    return Target(
        path,
        qualname.rpartition(".")[2],
        qualname,
        kind,
        _parso_offset(lines, outer.start_pos),
        _parso_offset(lines, end),
        node.start_pos[0],
        end[0],
        asynchronous,
    )


def _parso_offset(lines: _Lines, position: tuple[int, int]) -> int:
    """parso counts columns in characters."""
    number, column = position
    line = lines.line(number).decode("utf-8", "surrogatepass")
    return lines.offset(number, len(line[:column].encode("utf-8", "surrogatepass")))
