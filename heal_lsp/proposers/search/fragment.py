"""Pieces of Python expressions as text, joined with the parentheses that precedence demands and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import attrs


class Level(IntEnum):
    """How tightly an expression binds; one may stand where a level no higher than its own is asked for."""

    NAMED = 0
    TUPLE = 1
    YIELD = 2
    TEST = 3
    OR = 4
    AND = 5
    NOT = 6
    COMPARE = 7
    BIT_OR = 8
    BIT_XOR = 9
    BIT_AND = 10
    SHIFT = 11
    SUM = 12
    TERM = 13
    FACTOR = 14
    POWER = 15
    AWAIT = 16
    ATOM = 17


OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip

BINARY_LEVELS: dict[str, Level] = {
    "|": Level.BIT_OR, "^": Level.BIT_XOR, "&": Level.BIT_AND, "<<": Level.SHIFT, ">>": Level.SHIFT,
    "+": Level.SUM, "-": Level.SUM, "*": Level.TERM, "/": Level.TERM, "//": Level.TERM, "%": Level.TERM,
    "@": Level.TERM, "**": Level.POWER,
}  # fmt: skip

NEGATIONS = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "is": "is not", "is not": "is", "in": "not in", "not in": "in",
}  # fmt: skip

_NUMBER = re.compile(r"[0-9][\w.]*\Z")


@attrs.frozen
class Fragment:
    """The text of an expression, how tightly it binds, and its size in nodes of the syntax tree."""

    text: str
    level: Level = Level.ATOM
    size: int = 1
    constant: bool = False

    @property
    def key(self) -> str:
        """The text with white space evened out, to compare by."""
        return " ".join(self.text.split())

    def at(self, level: Level) -> str:
        """The text as it must be written where ``level`` is asked for."""
        return self.text if self.level >= level else f"({self.text})"


def name(identifier: str) -> Fragment:
    """A variable."""
    return Fragment(identifier)


def literal(value: Any) -> Fragment:
    """A constant."""
    negative = isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0
    text = (
        f"float({repr(value)!r})"
        if isinstance(value, float) and repr(value).strip("-") in ("inf", "nan")
        else repr(value)
    )
    return Fragment(text, Level.FACTOR if negative else Level.ATOM, constant=True)


def string_like(model: str, value: str) -> Fragment:
    """A string written with the quotes of ``model``, another string literal's text."""
    text = repr(value)
    if (
        model.lstrip("bBrRuUfF").startswith('"')
        and text.startswith("'")
        and '"' not in value
        and "\\'" not in text
    ):
        text = f'"{text[1:-1]}"'
    return Fragment(text, constant=True)


def binary(left: Fragment, operator: str, right: Fragment) -> Fragment:
    """``left operator right`` for an arithmetic or bitwise operator."""
    level = BINARY_LEVELS[operator]
    if operator == "**":
        text = f"{left.at(Level.AWAIT)} ** {right.at(Level.FACTOR)}"
    else:
        text = f"{left.at(level)} {operator} {right.at(Level(level + 1))}"
    return Fragment(text, level, left.size + right.size + 1)


def compare(left: Fragment, operator: str, right: Fragment) -> Fragment:
    """A comparison of two operands."""
    text = f"{left.at(Level.BIT_OR)} {operator} {right.at(Level.BIT_OR)}"
    return Fragment(text, Level.COMPARE, left.size + right.size + 1)


def boolean(operator: str, parts: Sequence[Fragment]) -> Fragment:
    """``a and b and ...`` or the same with ``or``; a single part stands alone."""
    if len(parts) == 1:
        return parts[0]
    level = Level.AND if operator == "and" else Level.OR
    text = f" {operator} ".join(
        each.at(level if number == 0 else Level(level + 1)) for number, each in enumerate(parts)
    )
    return Fragment(text, level, 1 + sum(each.size for each in parts))


def invert(operand: Fragment) -> Fragment:
    """``not operand``."""
    return Fragment(f"not {operand.at(Level.NOT)}", Level.NOT, operand.size + 1)


def minus(operand: Fragment) -> Fragment:
    """``-operand``."""
    return Fragment(f"-{operand.at(Level.FACTOR)}", Level.FACTOR, operand.size + 1)


def call(function: str | Fragment, *arguments: Fragment) -> Fragment:
    """A call with positional arguments."""
    callee = Fragment(function) if isinstance(function, str) else function
    text = f"{callee.at(Level.ATOM)}({', '.join(each.at(Level.TEST) for each in arguments)})"
    return Fragment(text, size=callee.size + 1 + sum(each.size for each in arguments))


def attribute(value: Fragment, field: str) -> Fragment:
    """``value.field``."""
    text = value.at(Level.ATOM)
    if _NUMBER.match(text):
        text = f"({text})"
    return Fragment(f"{text}.{field}", size=value.size + 1)


def method(value: Fragment, field: str, *arguments: Fragment) -> Fragment:
    """``value.field(arguments)``."""
    return call(attribute(value, field), *arguments)


def subscript(value: Fragment, index: Fragment) -> Fragment:
    """``value[index]``."""
    return Fragment(f"{value.at(Level.ATOM)}[{index.text}]", size=value.size + index.size + 1)


def section(lower: Fragment | None, upper: Fragment | None, step: Fragment | None = None) -> Fragment:
    """``lower:upper:step``, for use as an index."""
    parts = [each.at(Level.TEST) if each else "" for each in (lower, upper)]
    if step:
        parts.append(step.at(Level.TEST))
    return Fragment(":".join(parts), Level.ATOM, 1 + sum(each.size for each in (lower, upper, step) if each))


def listed(*elements: Fragment) -> Fragment:
    """A list display."""
    inside = ", ".join(each.at(Level.TEST) for each in elements)
    return Fragment(f"[{inside}]", size=1 + sum(each.size for each in elements))


def level_of(node: ast.expr, text: str) -> Level:
    """How tightly a node binds, given its text."""
    if isinstance(node, (ast.NamedExpr, ast.Starred)):
        return Level.NAMED
    if isinstance(node, ast.Tuple):
        return Level.ATOM if _is_parenthesised(node, text) else Level.TUPLE
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return Level.YIELD
    if isinstance(node, (ast.IfExp, ast.Lambda)):
        return Level.TEST
    if isinstance(node, ast.BoolOp):
        return Level.AND if isinstance(node.op, ast.And) else Level.OR
    if isinstance(node, ast.UnaryOp):
        return Level.NOT if isinstance(node.op, ast.Not) else Level.FACTOR
    if isinstance(node, ast.Compare):
        return Level.COMPARE
    if isinstance(node, ast.BinOp):
        return BINARY_LEVELS[OPERATORS[type(node.op)]]
    return Level.AWAIT if isinstance(node, ast.Await) else Level.ATOM


def _is_parenthesised(node: ast.Tuple, text: str) -> bool:
    """Whether the parentheses at both ends of a tuple's text are one pair: ``(a, b)``, not ``(a), (b)``."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    if not node.elts:
        return True
    try:
        ast.parse(text[1:-1].strip() or "()", mode="eval")
    except SyntaxError:
        # What stands between a real pair may span lines.
        return "\n" in text or "\r" in text
    return True


_ELEMENT_FIELDS = {
    (ast.Attribute, "value"): Level.ATOM, (ast.Subscript, "value"): Level.ATOM,
    (ast.Call, "func"): Level.ATOM,
    (ast.Await, "value"): Level.ATOM, (ast.Starred, "value"): Level.BIT_OR, (ast.IfExp, "test"): Level.OR,
    (ast.IfExp, "body"): Level.OR, (ast.comprehension, "iter"): Level.OR,
    (ast.comprehension, "ifs"): Level.OR,
    (ast.comprehension, "target"): Level.BIT_OR, (ast.Subscript, "slice"): Level.TUPLE,
    (ast.Compare, "left"): Level.BIT_OR, (ast.Compare, "comparators"): Level.BIT_OR,
}  # fmt: skip

_LOOSE = (ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Yield, ast.For, ast.AsyncFor)


def slot_level(parent: ast.AST, field: str, index: int | None) -> Level:
    """The level that the place of a child asks for."""
    if isinstance(parent, ast.BinOp):
        operator = OPERATORS[type(parent.op)]
        level = BINARY_LEVELS[operator]
        if operator == "**":
            return Level.AWAIT if field == "left" else Level.FACTOR
        return level if field == "left" else Level(level + 1)
    if isinstance(parent, ast.UnaryOp):
        return Level.NOT if isinstance(parent.op, ast.Not) else Level.FACTOR
    if isinstance(parent, ast.BoolOp):
        level = Level.AND if isinstance(parent.op, ast.And) else Level.OR
        return level if index == 0 else Level(level + 1)
    if isinstance(parent, _LOOSE):
        return Level.TUPLE
    if isinstance(parent, (ast.If, ast.While)):
        return Level.NAMED
    return _ELEMENT_FIELDS.get((type(parent), field), Level.TEST)
