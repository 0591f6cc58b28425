"""Text of source files: digests, line starts, encodings, and the application of byte-span edits.

Every offset in the core is a byte offset into the UTF-8 form of the text, whatever the encoding of the file
on disk, because that is what :mod:`ast` and libcst's byte-span positions count.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import attrs

_NEWLINE = re.compile(rb"\r\n|\r|\n")
_BOMS = (codecs.BOM_UTF8,)


@attrs.frozen
class Edit:
    """Replace the bytes ``start`` to ``end`` (UTF-8, end exclusive) of a text by ``new``."""

    start: int
    end: int
    new: str


@attrs.frozen
class Encoding:
    """How a text is stored on disk: the codec's name and whether a byte order mark stands before it."""

    name: str = "utf-8"
    bom: bool = False


def digest(text: str) -> str:
    """Name a text: the SHA-256 of its UTF-8 form, with line endings as ``\\n`` and no byte order mark.

    Two buffers that differ in line endings alone are the same program, and editors differ in whether they
    show the carriage returns of a file.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def decode(data: bytes) -> tuple[str, Encoding]:
    """Read the bytes of a Python file as PEP 263 says; line endings are kept.

    Raises:
        UnicodeDecodeError: the bytes do not fit the encoding.
        SyntaxError: the coding cookie names no known encoding.
    """
    bom = data.startswith(_BOMS)
    name, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if bom:
        return data[len(codecs.BOM_UTF8) :].decode("utf-8"), Encoding("utf-8", bom=True)
    return data.decode(name), Encoding(name)


def encode(text: str, encoding: Encoding) -> bytes:
    """The bytes that ``text`` has on disk in ``encoding``.

    Raises:
        UnicodeEncodeError: the text has a character that the encoding lacks.
    """
    body = text.removeprefix("\ufeff").encode(encoding.name)
    return codecs.BOM_UTF8 + body if encoding.bom else body


def line_starts(text: str) -> list[int]:
    """Byte offset of each line's start. A line ends at ``\\n``, ``\\r\\n`` or ``\\r``, as Python reads it."""
    data = text.encode("utf-8", "surrogatepass")
    return [0, *(found.end() for found in _NEWLINE.finditer(data))]


def line_of(starts: Sequence[int], offset: int) -> int:
    """The 1-based line that holds a byte offset."""
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        if starts[middle] <= offset:
            low = middle
        else:
            high = middle
    return low + 1


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits whose offsets all refer to ``text``.

    Raises:
        ValueError: two edits overlap, or one lies outside the text or inside a character.
    """
    data = text.encode("utf-8", "surrogatepass")
    pieces: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if not position <= edit.start <= edit.end <= len(data):
            raise ValueError(
                f"edit {edit.start}..{edit.end} overlaps another or leaves the text ({len(data)} bytes)"
            )
        if _splits(data, edit.start) or _splits(data, edit.end):
            raise ValueError(f"edit {edit.start}..{edit.end} starts or ends inside a character")
        pieces += [data[position : edit.start], edit.new.encode("utf-8", "surrogatepass")]
        position = edit.end
    pieces.append(data[position:])
    return b"".join(pieces).decode("utf-8", "surrogatepass")


def difference(old: str, new: str) -> tuple[Edit, ...]:
    """The least edits that lead from ``old`` to ``new``: changed lines, narrowed to what differs in them."""
    before, after = lines(old), lines(new)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line.encode("utf-8", "surrogatepass")))
    edits = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            edits.append(_narrow(starts[a], "".join(before[a:b]), "".join(after[c:d])))
    return tuple(edits)


def rebase(edits: Iterable[Edit], old: str, new: str) -> tuple[Edit, ...] | None:
    """Carry edits of ``old`` over to ``new``, the text that it became meanwhile.

    None when a place that changed between the two overlaps or borders on an edit, so that the edit may no
    longer mean what it meant. What comes back is only carried over, not verified.
    """
    changes = difference(old, new)
    moved = []
    for edit in edits:
        shift = 0
        for change in changes:
            if change.start <= edit.end and edit.start <= change.end:
                return None
            if change.end < edit.start:
                shift += len(change.new.encode("utf-8", "surrogatepass")) - (change.end - change.start)
        moved.append(Edit(edit.start + shift, edit.end + shift, edit.new))
    return tuple(moved)


def _splits(data: bytes, offset: int) -> bool:
    """Whether the offset lies between the bytes of one character."""
    return offset < len(data) and data[offset] & 0xC0 == 0x80


def lines(text: str) -> list[str]:
    """The lines of a text with their ends, split where :func:`line_starts` says."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def _narrow(start: int, old: str, new: str) -> Edit:
    """Drop the common prefix and suffix of a replacement, never splitting a ``\\r\\n``."""
    prefix = 0
    while prefix < min(len(old), len(new)) and old[prefix] == new[prefix]:
        prefix += 1
    if prefix and old[prefix - 1] == "\r":
        prefix -= 1
    suffix = 0
    while suffix < min(len(old), len(new)) - prefix and old[-1 - suffix] == new[-1 - suffix]:
        suffix += 1
    if suffix and old[-suffix] == "\n" and "\r" in (old[-suffix - 1 : -suffix], new[-suffix - 1 : -suffix]):
        suffix -= 1
    size = len(old.encode("utf-8", "surrogatepass"))
    head = len(old[:prefix].encode("utf-8", "surrogatepass"))
    tail = len(old[len(old) - suffix :].encode("utf-8", "surrogatepass"))
    return Edit(start + head, start + size - tail, new[prefix : len(new) - suffix])
