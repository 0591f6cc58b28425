"""Edits of whole statements: lines are moved, copied, wrapped and deleted in the file's own indentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from heal_lsp.core.text import Edit
from heal_lsp.proposers.search.draft import Draft
from heal_lsp.proposers.search.source import Source
from heal_lsp.proposers.search.subject import Site

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Block:
    """The lines of one or more neighbouring statements that have their lines for themselves."""

    def __init__(self, source: Source, statements: Sequence[ast.stmt]) -> None:
        first, last = statements[0], statements[-1]
        self.source = source
        self._statements = statements
        self.first_line = source.line(source.start(first))
        self.last_line = int(last.end_lineno or last.lineno)
        self.start = source.offset(self.first_line, 0)
        self.end = source.line_end(self.last_line)
        self.indent = source.slice(self.start, source.start(first))

    @staticmethod
    def of(site: Site, count: int = 1) -> Block | None:
        """The block of a statement and those after it; None when they share a line with other code."""
        block = site.siblings
        index = site.index or 0
        return Block.between(site.subject.source, block[index : index + count])

    @staticmethod
    def between(source: Source, statements: Sequence[ast.stmt]) -> Block | None:
        """The block of neighbouring statements; None when they share a line with other code."""
        if not statements:
            return None
        found = Block(source, statements)
        tail = source.slice(source.span(statements[-1])[1], found.end).strip()
        if found.indent.strip() or (tail and not tail.startswith("#")):
            return None
        return found

    def text(self, indent: str | None = None) -> str:
        """The lines, each with its ending, moved to another indentation; inside strings nothing moves."""
        body = self.source.slice(self.start, self.end)
        lines = _LINES.findall(body)
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += self.source.eol
        if indent is None or indent == self.indent:
            return "".join(lines)
        moved, fixed = [], _string_lines(self._statements)
        for number, line in enumerate(lines, self.first_line):
            if number in fixed or not line.strip() or not line.startswith(self.indent):
                moved.append(line)
            else:
                moved.append(indent + line[len(self.indent) :])
        return "".join(moved)


def _string_lines(statements: Sequence[ast.stmt]) -> set[int]:
    """Lines that start inside a string."""
    lines: set[int] = set()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno:
                lines.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return lines


def deeper(site: Site) -> str:
    """One more level of indentation, in the file's own way."""
    outer = site.subject.root
    source = site.subject.source
    block = Block.between(source, outer.body[:1])
    base = source.slice(source.offset(outer.lineno, 0), source.offset(outer.lineno, outer.col_offset))
    if block is not None and block.indent.startswith(base) and len(block.indent) > len(base):
        return block.indent[len(base) :]
    return "    "


def line_of_code(block: Block, code: str, indent: str | None = None) -> str:
    """Code of one or more lines (``\\n`` between them) as lines of the file."""
    prefix = block.indent if indent is None else indent
    return "".join(f"{prefix}{line}{block.source.eol}" for line in code.split("\n"))


def insert_before(site: Site, code: str, extra: float = 0.0, size: int = 0) -> Draft | None:
    """New lines of code before a statement."""
    block = Block.of(site)
    if block is None or site.is_elif:
        return None
    note = f"insert `{_short(code)}`"
    return Draft.single(block.start, block.start, line_of_code(block, code), site.line, extra, size, note)


def insert_after(site: Site, code: str, extra: float = 0.0, size: int = 0) -> Draft | None:
    """New lines of code after a statement, in the same block."""
    block = Block.of(site)
    if block is None or site.is_elif:
        return None
    text = line_of_code(block, code)
    if not block.source.slice(block.start, block.end).endswith(("\n", "\r")):
        text = block.source.eol + text.removesuffix(block.source.eol)
    note = f"insert `{_short(code)}`"
    return Draft.single(block.end, block.end, text, site.line, extra, size, note)


def rewrite(
    site: Site, text: str, note: str, count: int = 1, extra: float = 0.0, size: int = 0
) -> Draft | None:
    """Other lines in the place of a statement (and ``count - 1`` after it)."""
    block = Block.of(site, count)
    if block is None or site.is_elif:
        return None
    old = block.source.slice(block.start, block.end)
    if not old.endswith(("\n", "\r")):
        text = text.removesuffix(block.source.eol)
    return None if old == text else Draft.single(block.start, block.end, text, site.line, extra, size, note)


def replace_code(site: Site, code: str, extra: float = 0.0, size: int = 0) -> Draft | None:
    """Another simple statement in the place of one; comments beside it stay."""
    start, end = site.subject.source.span(site.node)
    old = site.subject.source.slice(start, end)
    if old == code or site.is_elif:
        return None
    note = f"`{_short(old)}` → `{_short(code)}`"
    return Draft.single(start, end, code, site.line, extra, size, note)


def delete(site: Site, extra: float = 0.0) -> Draft | None:
    """Take a statement out; ``pass`` takes the place of a block's last one."""
    source = site.subject.source
    note = f"delete `{_short(source.segment(site.node))}`"
    if len(site.siblings) == 1 and not site.is_elif:
        start, end = source.span(site.node)
        return Draft.single(start, end, "pass", site.line, extra, 0, note)
    if site.is_elif:
        start, end = source.offset(site.line, 0), source.line_end(int(site.node.end_lineno))  # type: ignore[attr-defined]
        return Draft.single(start, end, "", site.line, extra, 0, note)
    block = Block.of(site)
    return None if block is None else Draft.single(block.start, block.end, "", site.line, extra, 0, note)


def move(site: Site, source_block: Block, to: int, indent: str, line: int, emptied: bool) -> Draft:
    """Take lines from their block and put them, at another indentation, to an offset outside them."""
    left = line_of_code(source_block, "pass") if emptied else ""
    text = source_block.text(indent)
    if to == len(source_block.source.data) and source_block.source.data[-1:] not in (b"\n", b"\r"):
        if to == source_block.end:
            text = text.removesuffix(source_block.source.eol)
        else:
            text = source_block.source.eol + text.removesuffix(source_block.source.eol)
    note = f"move `{_short(source_block.text().strip())}`"
    if to in (source_block.start, source_block.end):
        parts = (text + left) if to == source_block.start else (left + text)
        return Draft.single(source_block.start, source_block.end, parts, line, note=note)
    edits = (Edit(source_block.start, source_block.end, left), Edit(to, to, text))
    return Draft(tuple(sorted(edits, key=lambda each: each.start)), line, note=note)


def _short(code: str) -> str:
    flat = " ".join(code.split())
    return flat if len(flat) <= 60 else flat[:59] + "…"
