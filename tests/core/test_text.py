"""Edits, digests and encodings of texts."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.core.text import (
    Edit,
    Encoding,
    apply_edits,
    decode,
    difference,
    digest,
    encode,
    line_of,
    line_starts,
    rebase,
)

PIECES = st.sampled_from(
    ["a", "b", "é", "😀", "\t", " ", "\n", "\r\n", "\r", "\x0c", "\u2028", "x = 1", "x = 1\n", "\ufeff"]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=40))


@given(TEXTS, TEXTS)
def test_a_difference_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    assert apply_edits(old, difference(old, new)) == new


@given(TEXTS, TEXTS)
def test_a_difference_never_takes_a_carriage_return_apart(old: str, new: str) -> None:
    data = old.encode("utf-8", "surrogatepass")
    for edit in difference(old, new):
        for offset in (edit.start, edit.end):
            assert data[offset - 1 : offset + 1] != b"\r\n" or offset == 0
        following = data[edit.end : edit.end + 1]
        assert not (edit.new.endswith("\r") and following == b"\n")
        assert not (edit.new.startswith("\n") and data[edit.start - 1 : edit.start] == b"\r" and edit.start)


@given(TEXTS)
def test_equal_texts_do_not_differ(text: str) -> None:
    assert difference(text, text) == ()


def test_a_difference_is_narrowed_to_what_changed() -> None:
    assert difference("x = 1\nreturn a % b\n", "x = 1\nreturn b % b\n") == (Edit(13, 14, "b"),)


def test_offsets_count_bytes() -> None:
    assert difference("s = '😀'; n = 1\n", "s = '😀'; n = 2\n") == (Edit(16, 17, "2"),)


@given(TEXTS, st.data())
def test_edits_inside_a_character_are_refused(text: str, data: st.DataObject) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    whole = {0}
    for each in text:
        whole.add(max(whole) + len(each.encode("utf-8", "surrogatepass")))
    if {start, end} <= whole:
        assert apply_edits(text, [Edit(start, end, "")]).encode("utf-8", "surrogatepass") == (
            text.encode("utf-8", "surrogatepass")[:start] + text.encode("utf-8", "surrogatepass")[end:]
        )
    else:
        with pytest.raises(ValueError, match="inside a character"):
            apply_edits(text, [Edit(start, end, "")])


@pytest.mark.parametrize(
    "edits", [[Edit(0, 3, ""), Edit(2, 4, "")], [Edit(3, 99, "")], [Edit(-1, 0, "x")], [Edit(3, 2, "")]]
)
def test_edits_that_do_not_fit_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="overlaps another or leaves"):
        apply_edits("abcdef", edits)


@given(TEXTS)
def test_a_digest_ignores_line_endings_and_a_byte_order_mark(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert digest(text) == digest(plain)
    if not text.startswith("\ufeff"):
        assert digest("\ufeff" + plain.replace("\n", "\r\n")) == digest(text)


def test_digests_are_stable_and_differ_with_the_text() -> None:
    assert (
        digest("a\r\n") == digest("a\n") == "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    )
    assert digest("a\n") != digest("a")


@given(st.text(max_size=40).filter(lambda text: not text.startswith("\ufeff")), st.booleans())
def test_utf8_round_trip(text: str, bom: bool) -> None:
    body = "# coding: utf-8\n" + text
    data = (codecs.BOM_UTF8 if bom else b"") + body.encode("utf-8")
    assert decode(data) == (body, Encoding("utf-8", bom))
    assert encode(*decode(data)) == data


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_latin1_round_trip(text: str) -> None:
    data = ("# -*- coding: latin-1 -*-\r\n" + text).encode("latin-1")
    decoded, encoding = decode(data)
    assert decoded.endswith(text)
    assert encode(decoded, encoding) == data


def test_bad_bytes_and_unknown_cookies_are_named() -> None:
    with pytest.raises((UnicodeDecodeError, SyntaxError)):
        decode(b"x = 1\n\n\ny = '\xff'\n")
    with pytest.raises(SyntaxError):
        decode(b"# coding: no-such-thing\n")
    with pytest.raises(UnicodeEncodeError):
        encode("€", Encoding("iso-8859-1"))


@given(TEXTS)
def test_line_starts_agree_with_lines(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    starts = line_starts(text)
    assert len(starts) == 1 + newlines(text)
    for number, start in enumerate(starts, 1):
        assert line_of(starts, start) == number
        if number > 1:
            assert data[start - 1 : start] in (b"\n", b"\r")


def newlines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def test_form_feeds_and_unicode_separators_end_no_line() -> None:
    assert line_starts("a\x0cb\u2028c\n") == [0, 8]


class TestRebase:
    OLD = "import os\n\n\ndef f(a, b):\n    return a % b\n"

    def test_a_change_elsewhere_moves_the_edit(self) -> None:
        edits = difference(self.OLD, self.OLD.replace("a % b", "b % a"))
        new = "# é\n" + self.OLD + "\n\nX = 1\n"
        moved = rebase(edits, self.OLD, new)
        assert moved is not None
        assert apply_edits(new, moved) == new.replace("a % b", "b % a")

    def test_a_change_at_the_same_place_is_refused(self) -> None:
        edits = difference(self.OLD, self.OLD.replace("a % b", "b % a"))
        assert rebase(edits, self.OLD, self.OLD.replace("a % b", "a // b")) is None

    def test_a_change_that_borders_on_the_edit_is_refused(self) -> None:
        assert rebase([Edit(1, 2, "X")], "abc\n", "aQbc\n") is None

    @given(TEXTS, TEXTS, TEXTS)
    def test_what_is_carried_over_replaces_the_same_bytes(self, old: str, fixed: str, new: str) -> None:
        edits = difference(old, fixed)
        moved = rebase(edits, old, new)
        if moved is None:
            return
        assert len(moved) == len(edits)
        before, after = (each.encode("utf-8", "surrogatepass") for each in (old, new))
        for edit, carried in zip(edits, moved, strict=True):
            assert before[edit.start : edit.end] == after[carried.start : carried.end]
        apply_edits(new, moved)

    @given(TEXTS, TEXTS)
    def test_an_unchanged_text_keeps_the_edits(self, old: str, fixed: str) -> None:
        edits = difference(old, fixed)
        assert rebase(edits, old, old) == edits

    @given(TEXTS, TEXTS)
    def test_no_edits_always_carry_over(self, old: str, new: str) -> None:
        assert rebase((), old, new) == ()
