"""Constants: numbers off by a little, flags, strings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Drafts, operator
from heal_lsp.proposers.search.subject import Site


@operator("number", 1.2, ast.Constant)
def number(site: Site) -> Drafts:
    """``1`` → ``2``, ``0``; the same for fractions."""
    value = _value(site)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    wanted = [value + 1, value - 1, 0, 1, 2, -value, value * 2, value * 10, 10]
    if isinstance(value, float) or value % 2 == 0:
        wanted.append(value / 2)
    kind = type(value)
    idle, parent = _neutral(site), site.parent.node if site.parent else None
    negative = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    signed = isinstance(parent, ast.UnaryOp) or (
        isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Add, ast.Sub))
    )
    for rank, each in enumerate(dict.fromkeys(kind(each) for each in wanted)):
        if each in (value, idle):
            continue
        place = site.parent if negative and each == 0 else None  # nobody writes -0
        yield None if signed and each < 0 else (place or site).replace(f.literal(each), 0.2 * rank)


def _neutral(site: Site) -> int | None:
    """The number that would leave the operand beside it as it is: dropping the operand is plainer."""
    parent = site.parent.node if site.parent else None
    if isinstance(parent, ast.AugAssign):
        return {ast.Add: 0, ast.Sub: 0, ast.Mult: 1, ast.FloorDiv: 1}.get(type(parent.op))
    if not isinstance(parent, ast.BinOp):
        return None
    if isinstance(parent.op, ast.Add) or (isinstance(parent.op, ast.Sub) and site.field == "right"):
        return 0
    if isinstance(parent.op, ast.Mult) or (
        site.field == "right" and isinstance(parent.op, (ast.FloorDiv, ast.Pow))
    ):
        return 1
    return None


@operator("flag", 1.0, ast.Constant)
def flag(site: Site) -> Drafts:
    """``True`` → ``False``."""
    value = _value(site)
    if isinstance(value, bool):
        yield site.replace(f.literal(not value), 0.5 if site.role == "Return.value" else 0.0)


@operator("none", 2.5, ast.Constant)
def none(site: Site) -> Drafts:
    """``None`` → ``0``, ``True``, ``False``, ``''``, ``[]``."""
    if isinstance(site.node, ast.Constant) and site.node.value is None:
        for rank, each in enumerate((0, False, True, "")):
            yield site.replace(f.literal(each), 0.1 * rank)
        yield site.replace(f.listed(), 0.4)


@operator("string", 1.9, ast.Constant)
def string(site: Site) -> Drafts:
    """A string with another case, other white space, or nothing in it."""
    value = _value(site)
    if not isinstance(value, str):
        return
    wanted = ["", " ", value.swapcase(), value.strip(), f"{value} ", f" {value}", value[::-1], value.lower()]
    wanted += [value.upper(), ",", value[:-1], value[1:], value.capitalize(), "\n"]
    for rank, each in enumerate(dict.fromkeys(wanted)):
        if each != value:
            yield _string(site, each, 0.1 * rank)


@operator("string-of-function", 2.2, ast.Constant)
def string_of_function(site: Site) -> Drafts:
    """A string → another string that the function holds."""
    value = _value(site)
    if isinstance(value, str):
        for rank, each in enumerate(_strings(site)):
            if each != value:
                yield _string(site, each, 0.1 * rank - _likeness(each, value))


@operator("string-near", 2.8, ast.Constant)
def string_without(site: Site) -> Drafts:
    """A string with one character less, or one of two repeated."""
    value = _value(site)
    if isinstance(value, str) and 1 < len(value) <= 30:
        for position in range(len(value)):
            yield _string(site, value[:position] + value[position + 1 :], 0.02 * position)


@operator("string-of-test", 3.6, ast.Constant)
def string_of_test(site: Site) -> Drafts:
    """A constant → one that a failing test holds: likely only when the two are alike."""
    value = _value(site)
    for each in site.subject.test_literals:
        if type(each) is not type(value) or each == value:
            continue
        if isinstance(each, str):
            yield _string(site, each, 0.6 - 2.4 * _likeness(each, str(value)))
            if len(str(value)) == 1:
                for letter in sorted(set(each) - {value}):
                    yield _string(site, letter, 0.2)
        else:
            yield site.replace(f.literal(each), 0.8)


@operator("unquote", 2.2, ast.Constant)
def unquote(site: Site) -> Drafts:
    """``'name'`` → ``name``, where that is a variable."""
    value = _value(site)
    if isinstance(value, str) and value in site.names:
        yield site.replace(f.name(value))


def _value(site: Site) -> Any:
    """The constant at a site; ``...`` for a docstring, which nothing reads."""
    return ... if site.role == "Expr.value" or not isinstance(site.node, ast.Constant) else site.node.value


def _string(site: Site, value: str, extra: float) -> Any:
    return site.replace(f.string_like(site.subject.source.segment(site.node), value), extra)


def _strings(site: Site) -> list[str]:
    def found() -> Iterator[str]:
        for other in site.subject.sites:
            value = _value(other)
            if isinstance(value, str):
                yield value

    return list(dict.fromkeys(found()))


def _likeness(one: str, other: str) -> float:
    """From 0 to 1: how much of two strings is the same; short strings are never alike."""
    if min(len(one), len(other)) < 4:
        return 0.0
    return SequenceMatcher(None, one, other).ratio()


FAMILY = (number, flag, none, string, string_of_function, string_without, string_of_test, unquote)
