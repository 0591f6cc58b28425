"""Functions in a syntax tree: which there are, what they are called, and what their callers rely on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import attrs

from heal_lsp.core.model import Target
from heal_lsp.core.text import line_of, line_starts

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
        stack.extend((child, prefix, holder) for child in reversed(_statements(node)))
    return tuple(found)


def _statements(node: ast.AST) -> list[ast.AST]:
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


def first_line(node: FunctionNode) -> int:
    """The line on which a function starts, its decorators included."""
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


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
