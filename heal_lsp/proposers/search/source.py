"""A Python file as text, bytes and tree, and the way between their positions."""

from __future__ import annotations

import ast
import re
import warnings

from heal_lsp.core.text import line_of, line_starts

_BOM = "\ufeff"
_GAP = re.compile(rb"#[^\r\n]*|[()\s\\]+|(not\s+in\b|is\s+not\b|[^\s()#\\]+)")


def parse(text: str) -> ast.Module:
    """The tree of a text, without the warnings that the compiler has about it.

    Raises:
        SyntaxError, ValueError, RecursionError: the text is no Python of this interpreter's version.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


class Source:
    """One text. Spans are pairs of byte offsets, the end exclusive."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.starts = line_starts(text)
        self.tree = parse(text.removeprefix(_BOM))
        if text.startswith(_BOM):
            self.starts[0] = len(_BOM.encode())
        self.eol = (
            "\r\n"
            if b"\r\n" in self.data
            else "\r"
            if b"\r" in self.data and b"\n" not in self.data
            else "\n"
        )

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and a column in bytes, as :mod:`ast` counts them."""
        return self.starts[line - 1] + column

    def start(self, node: ast.AST) -> int:
        """Where a node starts; for a definition, its first decorator."""
        first = min(
            [node, *getattr(node, "decorator_list", ())], key=lambda each: (each.lineno, each.col_offset)
        )
        start = self.offset(first.lineno, first.col_offset)
        return start if first is node else self.data.rindex(b"@", 0, start)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The bytes of a node, without parentheses that merely group it."""
        return self.start(node), self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def slice(self, start: int, end: int) -> str:
        """The text of a span."""
        return self.data[start:end].decode("utf-8", "surrogatepass")

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.slice(*self.span(node))

    def line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return line_of(self.starts, offset)

    def line_end(self, line: int) -> int:
        """The offset after a line's line ending."""
        return self.starts[line] if line < len(self.starts) else len(self.data)

    def grouped(self, start: int, end: int) -> bool:
        """Whether a parenthesis opens right before a span and one closes right after it."""
        return self.data[:start].rstrip().endswith(b"(") and self.data[end : end + 200].lstrip()[:1] == b")"

    def operator_between(self, left: ast.AST, right: ast.AST) -> tuple[int, int] | None:
        """The span of the operator between two operands; comments and parentheses are passed over."""
        start, end = self.span(left)[1], self.span(right)[0]
        for found in _GAP.finditer(self.data, start, end):
            if found.group(1):
                return found.span(1)
        return None
