"""Positions in every encoding, against a plain reading of the specification."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from heal_lsp.lsp.positions import Lines, moved, split_lines

TEXTS = st.text(alphabet="ab \r\n\x0c\x1c\u2028é🩹", max_size=40)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def reference(text: str, index: int, encoding: str) -> lsp.Position:
    """The position of a character's index: count the breaks before it, and code what is left of the line."""
    head = text[:index]
    if head.endswith("\r") and text[index : index + 1] == "\n":
        head = head[:-1]
    breaks = [found.end() for found in re.finditer(r"\r\n|\r|\n", head)]
    codec, size = UNITS[encoding]
    return lsp.Position(len(breaks), len(head[breaks[-1] if breaks else 0 :].encode(codec)) // size)


@given(TEXTS, ENCODINGS, st.data())
def test_positions_of_offsets(text: str, encoding: str, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(text)))
    lines = Lines(text, PositionCodec(encoding))
    position = lines.position(len(text[:index].encode()))
    assert position == reference(text, index, encoding)
    inside = text[index - 1 : index + 1] == "\r\n" if index else False
    assert lines.character(position) == index - inside


@given(TEXTS)
def test_lines_hold_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text
    assert all(re.fullmatch(r"[^\r\n]*(\r\n|\r|\n)?", line) for line in split_lines(text))


@pytest.mark.parametrize(("line", "character", "index"), [(0, 99, 2), (9, 0, 5), (1, 99, 5)])
def test_a_position_beyond_an_end_means_that_end(line: int, character: int, index: int) -> None:
    assert Lines("ab\ncd", PositionCodec()).character(lsp.Position(line, character)) == index


def test_what_is_written_in_a_line() -> None:
    lines = Lines("\t  x = '🩹'  \r\n\r\n", PositionCodec("utf-16"))
    assert lines.written(1) == lsp.Range(lsp.Position(0, 3), lsp.Position(0, 11))
    assert lines.written(2) == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 0))
    assert lines.written(99).start.line == 1
    assert Lines("", PositionCodec()).written(1).start == lsp.Position(0, 0)


def test_a_name_is_found_as_a_word() -> None:
    lines = Lines("async def add(adder=add): ...\n", PositionCodec())
    assert lines.word(1, "add") == lsp.Range(lsp.Position(0, 10), lsp.Position(0, 13))
    assert lines.word(1, "missing") == lines.written(1)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", 2, 2),
        ("a\nb\nc\n", "x\na\nb\nc\n", 3, 4),
        ("a\nb\nc\n", "a\nx\nc\n", 3, 3),
        ("a\nb\nc\n", "a\nx\nc\n", 2, 2),
        ("a\nb\nc\n", "c\n", 3, 1),
        ("a\nb\nc\n", "", 3, 1),
    ],
)
def test_lines_move_with_the_text(old: str, new: str, line: int, expected: int) -> None:
    assert moved(old, new, line) == expected


@given(TEXTS, TEXTS, TEXTS)
def test_lines_outside_of_a_change_keep_their_text(head: str, middle: str, tail: str) -> None:
    old, new = f"{head}\n{tail}\n", f"{head}\n{middle}\n{tail}\n"
    before, after = split_lines(old), split_lines(new)
    for line in range(1, len(split_lines(f"{head}\n")) + 1):
        assert before[line - 1] == after[moved(old, new, line) - 1]
    assert before[-1] == after[moved(old, new, len(before)) - 1]
