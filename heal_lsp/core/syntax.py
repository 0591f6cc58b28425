"""Functions in a syntax tree: which there are, what they are called, and what their callers rely on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from copy import copy

import attrs

from heal_lsp.core.model import Target
from heal_lsp.core.text import line_of, line_starts, lines

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Parameter = tuple[str, str]
"""Kind (``posonly``, ``plain``, ``*``, ``kwonly``, ``**``) and name."""

_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


@attrs.frozen(eq=False)
class Definition:
    """A function in a tree. ``index`` tells apart those of one qualified name: the first has 0."""

    node: FunctionNode
    qualname: str
    index: int
    holder: ast.AST
    """The innermost class, function or module around it."""

    @property
    def local(self) -> bool:
        """Whether it is defined inside another function."""
        return "<locals>" in self.qualname


def parse(text: str) -> ast.Module:
    """The tree of a text, which may start with a byte order mark.

    Raises:
        SyntaxError: it is no program of the running Python.
    """
    try:
        return ast.parse(text.removeprefix("\ufeff"))
    except ValueError as error:  # a NUL byte, a lone surrogate
        raise SyntaxError(str(error), ("<text>", 1, 1, "")) from error
    except (RecursionError, MemoryError) as error:
        raise SyntaxError("it is nested too deeply", ("<text>", 1, 1, "")) from error


def definitions(tree: ast.Module) -> tuple[Definition, ...]:
    """Every function of a module, in the order of their places, however deep it is nested."""
    found: list[Definition] = []
    counts: dict[str, int] = {}
    stack: list[tuple[ast.AST, str, ast.AST]] = [(tree, "", tree)]
    while stack:
        node, prefix, holder = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            qualname = prefix + node.name
            found.append(Definition(node, qualname, counts.get(qualname, 0), holder))
            counts[qualname] = counts.get(qualname, 0) + 1
            prefix, holder = f"{qualname}.<locals>.", node
        elif isinstance(node, ast.ClassDef):
            prefix, holder = f"{prefix}{node.name}.", node
        stack.extend((child, prefix, holder) for child in reversed(_blocks(node)))
    return tuple(found)


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement in a tree, in the order of their places."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        stack.extend(reversed(_blocks(node)))


def _blocks(node: ast.AST) -> list[ast.AST]:
    return [child for block in _BLOCKS for child in _listed(getattr(node, block, None))]


def _listed(block: object) -> list[ast.AST]:
    return [each for each in block if isinstance(each, ast.AST)] if isinstance(block, list) else []


def definition_at(text: str, tree: ast.Module, target: Target) -> Definition | None:
    """The definition that a target names, in the very text that the target was found in."""
    line = line_of(line_starts(text), target.start)
    for each in definitions(tree):
        at_place = each.node.lineno == target.line or first_line(each.node) == line
        if at_place and each.node.name == target.name:
            return each
    return None


def same_definition(tree: ast.Module, sought: Definition) -> Definition | None:
    """The definition of the same qualified name and order in another version of the text."""
    for each in definitions(tree):
        if (each.qualname, each.index) == (sought.qualname, sought.index):
            return each
    return None


@attrs.frozen(eq=False)
class Version:
    """A text with its lines and its tree."""

    tree: ast.Module
    lines: tuple[str, ...]


def version(text: str) -> Version:
    """Parse a text.

    Raises:
        SyntaxError: it is no program of the running Python.
    """
    return Version(parse(text), tuple(lines(text)))


def changed_parts(old: Version, new: Version) -> tuple[ast.Module, ast.Module]:
    """The two trees without the statements of modules and classes that are the same in both.

    Told by the lines alone, so that what one small change costs does not grow with the file.
    """
    front = common_start(old.lines, new.lines)
    rest = min(len(old.lines), len(new.lines)) - front
    back = common_start(old.lines[len(old.lines) - rest :][::-1], new.lines[len(new.lines) - rest :][::-1])

    def trimmed(before: list[ast.stmt], after: list[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
        shared = min(len(before), len(after))
        start, kept = 0, 0
        while start < shared and max(_last_line(before[start]), _last_line(after[start])) <= front:
            start += 1
        while kept < shared - start:
            one, other = before[-1 - kept], after[-1 - kept]
            below = len(old.lines) - first_line(one)
            same_place = below == len(new.lines) - first_line(other) and one.col_offset == other.col_offset
            if below >= back or not same_place:
                break
            kept += 1
        before, after = before[start : len(before) - kept], after[start : len(after) - kept]
        if len(before) == len(after) == 1:
            one, other = before[0], after[0]
            if isinstance(one, ast.ClassDef) and isinstance(other, ast.ClassDef) and one.name == other.name:
                inner = trimmed(one.body, other.body)
                return [_with_body(one, inner[0])], [_with_body(other, inner[1])]
        return before, after

    before, after = trimmed(old.tree.body, new.tree.body)
    return ast.Module(before, []), ast.Module(after, [])


def _with_body(node: ast.ClassDef, body: list[ast.stmt]) -> ast.ClassDef:
    made = copy(node)
    made.body = body
    return made


def common_start(one: Sequence[str], other: Sequence[str]) -> int:
    """How many elements two sequences have in common at their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def first_line(node: ast.stmt) -> int:
    """The line on which a statement starts, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def parameters(node: FunctionNode) -> tuple[Parameter, ...]:
    """Kinds and names of the parameters, in order."""
    given = node.args
    return (
        *(("posonly", each.arg) for each in given.posonlyargs),
        *(("plain", each.arg) for each in given.args),
        *(("*", each.arg) for each in ([given.vararg] if given.vararg else [])),
        *(("kwonly", each.arg) for each in given.kwonlyargs),
        *(("**", each.arg) for each in ([given.kwarg] if given.kwarg else [])),
    )


def body_without_docstring(node: FunctionNode) -> list[ast.stmt]:
    """The statements of a function after its docstring."""
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def folded(node: ast.AST) -> str | None:
    """The string that an expression always is, put together from pieces; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _together("", [node.left, node.right])
    if isinstance(node, ast.JoinedStr):
        return _together(
            "", [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
        )
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
        and len(node.args) == 1
        and isinstance(node.args[0], (ast.List, ast.Tuple))
    ):
        separator = folded(node.func.value)
        return None if separator is None else _together(separator, node.args[0].elts)
    return None


def _together(separator: str, nodes: list[ast.expr]) -> str | None:
    pieces = [folded(each) for each in nodes]
    known = [each for each in pieces if each is not None]
    return separator.join(known) if len(known) == len(pieces) else None


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, outer before inner, in the order of their places."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
