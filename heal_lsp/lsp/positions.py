"""Between an editor's positions, the core's byte offsets and 1-based lines, and Python's characters.

Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else, as in LSP and in Python's own tokenizer;
``str.splitlines`` also breaks at form feeds and Unicode separators, which source files do contain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_ENDINGS = "\r\n"


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text with their endings."""
    return tuple(_LINE.findall(text))


class Lines:
    """One text, ready for conversions in the encoding that was agreed with the editor."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self.text = text
        self._lines: Sequence[str] = split_lines(text)
        self._codec = codec

    def character(self, position: lsp.Position) -> int:
        """Index into the text.

        A position beyond a line's end means that end; beyond the last line, the text's end.
        """
        if position.line >= len(self._lines):
            return len(self.text)
        before = sum(len(each) for each in self._lines[: position.line])
        line = self._lines[position.line].rstrip(_ENDINGS)
        units = 0
        for index, each in enumerate(line):
            if units >= position.character:
                return before + index
            units += self._codec.client_num_units(each)
        return before + len(line)

    def position(self, offset: int) -> lsp.Position:
        """The editor's position of a byte offset. An offset inside ``\\r\\n`` means its start."""
        index = len(self.text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "surrogatepass"))
        for number, line in enumerate(self._lines):
            if index < len(line):
                return lsp.Position(number, self._codec.client_num_units(line.rstrip(_ENDINGS)[:index]))
            index -= len(line)
        last = self._lines[-1] if self._lines else ""
        if last and last[-1] not in _ENDINGS:
            return lsp.Position(len(self._lines) - 1, self._codec.client_num_units(last))
        return lsp.Position(len(self._lines), 0)

    def written(self, line: int) -> lsp.Range:
        """The range of what is written in a 1-based line, without the blanks around it.

        A missing line gives the last.
        """
        number, text = self._line(line)
        body = text.strip()
        start = len(text) - len(text.lstrip()) if body else 0
        return self._range(number, text, start, start + len(body))

    def word(self, line: int, name: str) -> lsp.Range:
        """The range of a name in a 1-based line; of the whole line if it is not there."""
        number, text = self._line(line)
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if name else None
        return self._range(number, text, *found.span()) if found else self.written(line)

    def _line(self, line: int) -> tuple[int, str]:
        number = min(max(line - 1, 0), max(len(self._lines) - 1, 0))
        return number, self._lines[number].rstrip(_ENDINGS) if self._lines else ""

    def _range(self, number: int, text: str, start: int, end: int) -> lsp.Range:
        units = self._codec.client_num_units
        return lsp.Range(lsp.Position(number, units(text[:start])), lsp.Position(number, units(text[:end])))


def moved(old: str, new: str, line: int) -> int:
    """Where a 1-based line of ``old`` is in ``new``: what is before and after a change keeps its text."""
    if old == new:
        return line
    head, tail, before, after = _change(old, new)
    if line <= head:
        return line
    if line > before - tail:
        return line + after - before
    return max(min(line, after - tail), 1)


@lru_cache(maxsize=64)
def _change(old: str, new: str) -> tuple[int, int, int, int]:
    """Equal lines at the start and at the end of two texts, and the number of lines of each."""
    before, after = split_lines(old), split_lines(new)
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return head, tail, len(before), len(after)
