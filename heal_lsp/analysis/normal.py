"""A function's source reduced to what it does, for use in a key."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize

from heal_lsp.core.model import Target, TargetKind
from heal_lsp.core.syntax import FunctionNode, definition_at, parse, walk

_LAYOUT = frozenset([tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER])


def normalised(text: str, target: Target) -> str:
    """The target without comments, layout and docstrings; independent of where in the file it stands.

    A text that this Python cannot parse is reduced token by token, which keeps docstrings.
    """
    try:
        tree = parse(text)
    except SyntaxError:
        return _by_tokens(_slice(text, target))
    if target.kind is TargetKind.MODULE:
        return _without_docstrings(tree)
    found = definition_at(text, tree, target)
    return _by_tokens(_slice(text, target)) if found is None else _without_docstrings(found.node)


def source_of(text: str, target: Target) -> str:
    """The target's own text, moved to the left margin, with plain line endings."""
    return _slice(text, target)


def _slice(text: str, target: Target) -> str:
    data = text.encode("utf-8", "surrogatepass")
    line = max(data.rfind(b"\n", 0, target.start), data.rfind(b"\r", 0, target.start)) + 1
    before = data[line : target.start]
    start = line if not before.strip() else target.start
    piece = data[start : target.end].decode("utf-8", "replace")
    return textwrap.dedent(piece.replace("\r\n", "\n").replace("\r", "\n"))


def _without_docstrings(node: ast.Module | FunctionNode) -> str:
    copy = ast.parse(ast.unparse(node))
    for each in walk(copy):
        holds = isinstance(each, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if holds and _starts_with_string(each.body):  # type: ignore[attr-defined]
            each.body = each.body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(ast.fix_missing_locations(copy))


def _starts_with_string(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _by_tokens(source: str) -> str:
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NEWLINE:
                words.append("\n")
            elif token.type in (tokenize.INDENT, tokenize.DEDENT):
                words.append(tokenize.tok_name[token.type])
            elif token.type not in _LAYOUT:
                words.append(token.string)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return " ".join(source.split())
    return " ".join(words)
