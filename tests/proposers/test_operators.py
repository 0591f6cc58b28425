"""Each family of operators: a small bug, and the repair that must be among the candidates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from heal_lsp.core.model import Candidate

Expect = Callable[..., Candidate]


def cases(text: str) -> list[Any]:
    """``family | source | old | new`` a line, ``\\n`` for line ends, ``∅`` for nothing."""
    lines = text.strip().replace("∅", "").splitlines()
    rows = [[part.replace("\\n", "\n") for part in line.split(" ¦ ")] for line in lines]
    return [pytest.param(*row[1:], id=f"{row[0]} {row[3]}".replace("\n", " ")) for row in rows]


@pytest.mark.parametrize(
    ("source", "old", "new"),
    cases(
        r"""
literals ¦ def f(a):\n    return a + 1\n ¦ 1 ¦ 2
literals ¦ def f(a):\n    return a > 7\n ¦ 7 ¦ 6
literals ¦ def f(a):\n    return a.pop(-1)\n ¦ -1 ¦ 0
literals ¦ def f(a):\n    x = False\n    return x\n ¦ False ¦ True
literals ¦ def f(a):\n    return "-".join(a)\n ¦ "-" ¦ ""
literals ¦ def f(a):\n    return a.get("ab", "cd")\n ¦ "cd" ¦ "ab"
literals ¦ def f(name):\n    return "name".upper()\n ¦ "name" ¦ name
comparisons ¦ def f(a, b):\n    return a < b\n ¦ < ¦ <=
comparisons ¦ def f(a, b):\n    return a<b\n ¦ < ¦ ==
comparisons ¦ def f(a, b):\n    return a in b\n ¦ a in b ¦ b in a
comparisons ¦ def f(a, b):\n    return a not in b\n ¦ not in ¦ in
comparisons ¦ def f(a):\n    return len(a) == 0\n ¦ len(a) == 0 ¦ len(a) <= 1
arithmetic ¦ def f(a, b):\n    return a + b\n ¦ + ¦ -
arithmetic ¦ def f(a, b):\n    return a / b\n ¦ / ¦ //
arithmetic ¦ def f(a, b):\n    return a % b\n ¦ a % b ¦ b % a
arithmetic ¦ def f(a, b, c):\n    return (a + b) * c\n ¦ + ¦ -
arithmetic ¦ def f(a, b, c):\n    return c - a + b\n ¦ c - a + b ¦ (c - a) * b
arithmetic ¦ def f(a, b):\n    a ^= b\n    return a\n ¦ ^= ¦ &=
arithmetic ¦ def f(a, b, c):\n    return a + b * c\n ¦ a + b * c ¦ (a + b) * c
arithmetic ¦ def f(a, b, c):\n    return a + b + c\n ¦ a + b + c ¦ b + c
arithmetic ¦ def f(a):\n    return -a\n ¦ -a ¦ a
arithmetic ¦ def f(n: int):\n    return range(n)\n ¦ range(n) ¦ range(n + 1)
arithmetic ¦ def f(n: int, k: int):\n    return g(n, 2)\n ¦ g(n, 2) ¦ g(n - k, 2)
arithmetic ¦ def f(n: int):\n    return n * 3\n ¦ n * 3 ¦ max(0, n * 3)
names ¦ def f(a, b):\n    return a[0]\n ¦ a[0] ¦ b[0]
names ¦ def f(lenght):\n    return length\n ¦ return length ¦ return lenght
names ¦ def f(a):\n    low = 1\n    high = 2\n    low = a\n    return high\n ¦ low = a ¦ high = a
names ¦ def f(a):\n    g(a.left)\n    return a.right\n ¦ return a.right ¦ return a.left
calls ¦ def f(a):\n    return min(a)\n ¦ min ¦ max
calls ¦ def f(a, b):\n    a.append(b)\n    return a\n ¦ append ¦ extend
calls ¦ def f(a, b):\n    return g(a, b)\n ¦ g(a, b) ¦ g(b, a)
calls ¦ def f(a, b):\n    return g(a, b)\n ¦ g(a, b) ¦ g(b)
calls ¦ def f(a):\n    return sorted(a)\n ¦ sorted(a) ¦ sorted(a, reverse=True)
calls ¦ def f(a):\n    return max(a)\n ¦ max(a) ¦ max(a, key=len)
calls ¦ def f(a):\n    return g(a)\n ¦ g(a) ¦ a
calls ¦ def f(n):\n    return list(range(n))\n ¦ range(n) ¦ range(1, n + 1)
conditions ¦ def f(a, b):\n    return a and b\n ¦ and ¦ or
conditions ¦ def f(a, b):\n    return a and b\n ¦ a and b ¦ a
conditions ¦ def f(a, b):\n    if a:\n        return b\n ¦ if a ¦ if not a
conditions ¦ def f(a, b):\n    if a < 0:\n        return 0\n    return b\n ¦ a < 0 ¦ a < 0 or not b
conditions ¦ def f(a, b):\n    while True:\n        b.pop()\n    return a\n ¦ while True ¦ while b
conditions ¦ def f(a, b, c):\n    return a if b else c\n ¦ a if b else c ¦ c if b else a
conditions ¦ def f(a):\n    return [x for x in a if x]\n ¦ for x in a if x ¦ for x in a
indexing ¦ def f(a: list):\n    return g(a)\n ¦ g(a) ¦ g(a[1:])
indexing ¦ def f(a: list, k: int):\n    return [x for x in a]\n ¦ in a] ¦ in a[k:]]
indexing ¦ def f(a, i):\n    return a[:i]\n ¦ a[:i] ¦ a[i:]
indexing ¦ def f(a, i):\n    return a[1:3]\n ¦ a[1:3] ¦ a[1:]
indexing ¦ def f(a, k):\n    return a[k]\n ¦ a[k] ¦ a.get(k)
indexing ¦ def f(a, b):\n    return (a, b)\n ¦ return (a, b) ¦ return (b, a)
indexing ¦ def f(a, b):\n    return a, b\n ¦ a, b\n ¦ b, a\n
indexing ¦ def f(a, b, c):\n    return [a, b, c]\n ¦ [a, b, c] ¦ [a, c]
expressions ¦ def f(a, b):\n    x = len(b)\n    return g(a, x)\n ¦ g(a, x) ¦ g(len(b), x)
expressions ¦ def f(a: int, b: int):\n    return a - b\n ¦ a - b ¦ abs(a - b)
expressions ¦ def f(a: list):\n    return a\n ¦ return a ¦ return len(a)
expressions ¦ def f(a: str, b: str):\n    return a == b\n ¦ a == b ¦ set(a) == set(b)
expressions ¦ def f(a: str):\n    return g(a)\n ¦ g(a) ¦ g(a.lower())
expressions ¦ def f(a: list, b: list):\n    return a\n ¦ return a ¦ return b + a
expressions ¦ def f(a):\n    return []\n ¦ [] ¦ [[]]
statements ¦ def f(a):\n    a = 1\n    a = 2\n    return a\n ¦     a = 2\n ¦ ∅
statements ¦ def f(a):\n    b = 1\n    c = 2\n    return a\n ¦ b = 1\n    c = 2 ¦ c = 2\n    b = 1
statements ¦ def f(a):\n    for x in a:\n        g(x)\n        h(x)\n ¦         h(x)\n ¦     h(x)\n
statements ¦ def f(a):\n    for x in a:\n        g(x)\n    h(a)\n    return 1\n ¦     h(a) ¦         h(a)
statements ¦ def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n ¦ 1\n    else:\n        return 2 ¦ 2\n    else:\n        return 1
statements ¦ def f(a):\n    while a:\n        break\n ¦ break ¦ continue
statements ¦ def f(a, b):\n    if a:\n        b.pop()\n    return b\n ¦ if ¦ while
statements ¦ def f(a, b):\n    s = a\n    s = b\n    return s\n ¦ s = b ¦ s += b
statements ¦ def f(a, b):\n    a.update(b)\n    return a\n ¦ a.update(b) ¦ a = b
statements ¦ def f(a):\n    r = []\n    for x in a:\n        g(x)\n    return r\n ¦ g(x) ¦ g(x)\n        r.append(x)
returns ¦ def f(a):\n    b = a + 1\n ¦ b = a + 1\n ¦ b = a + 1\n    return b\n
returns ¦ def f(a):\n    g(a)\n ¦ g(a) ¦ return g(a)
returns ¦ def f(a):\n    if a:\n        return True\n    x = 1\n    return False\n ¦ True\n    x = 1\n    return False ¦ False\n    x = 1\n    return True
returns ¦ def f(a):\n    for x in a:\n        yield x\n ¦ yield ¦ yield from
returns ¦ def f(a):\n    yield from a\n ¦ yield from ¦ yield
returns ¦ def f(a):\n    return a.sort()\n ¦ return a.sort() ¦ a.sort()\n    return a
returns ¦ def f(a):\n    x = a[0]\n    return x\n ¦     x = ¦     if not a:\n        return None\n    x =
returns ¦ async def f(a):\n    return g(a)\n ¦ g(a) ¦ await g(a)
"""
    ),
)
def test_repair_is_among_the_candidates(expect: Expect, source: str, old: str, new: str) -> None:
    expect(source, old, new)


@pytest.mark.parametrize(
    ("raised", "source", "old", "new"),
    [
        (
            ("NameError", "name 'math' is not defined"),
            "def f(a):\n    return math.pi\n",
            "def f",
            "import math\ndef f",
        ),
        (
            ("NameError", "name 'deque' is not defined"),
            '"""Text."""\nX = 1\ndef f(a):\n    return deque()\n',
            "X = 1",
            "from collections import deque\nX = 1",
        ),
        (
            ("NameError", "name 'valeu' is not defined"),
            "def f(value):\n    return valeu\n",
            "valeu\n",
            "value\n",
        ),
        (
            ("TypeError", 'can only concatenate str (not "int") to str'),
            "def f(a, b):\n    return a + b\n",
            "a + b",
            "a + str(b)",
        ),
        (("KeyError", "'x'"), "def f(a, k):\n    return a[k] + 1\n", "a[k]", "a.get(k, 0)"),
        (
            ("AttributeError", "'NoneType' object has no attribute 'next'"),
            "def f(a):\n    while a.next is None:\n        return a\n",
            "a.next is None:",
            "a is None or a.next is None:",
        ),
        (
            ("AttributeError", "'NoneType' object has no attribute 'next'"),
            "def f(a):\n    return a.next\n",
            "    return a.next",
            "    if a is None:\n        return\n    return a.next",
        ),
        (
            ("TypeError", "unsupported operand type(s) for +: 'NoneType' and 'int'"),
            "def f(a):\n    return a.get(1) + 1\n",
            "a.get(1)",
            "(a.get(1) or 0)",
        ),
        (
            ("AttributeError", "'list' object has no attribute 'appendd'"),
            "def f(a: list):\n    a.appendd(1)\n    return a\n",
            "appendd",
            "append",
        ),
        (
            ("KeyError", "'x'"),
            "def f(a):\n    try:\n        return a['x']\n    except IndexError:\n        return 0\n",
            "IndexError",
            "KeyError",
        ),
    ],
)
def test_repair_that_an_exception_asks_for(
    expect: Expect, raised: tuple[str, str], source: str, old: str, new: str
) -> None:
    line = source[: source.index("def f")].count("\n") + 2
    expect(source, old, new, raised=raised, at=line)


def test_missing_self(expect: Expect) -> None:
    source = "class A:\n    def __init__(self):\n        self.total = 0\n\n    def f(self):\n        return total\n"
    expect(source, "return total", "return self.total", raised=("NameError", "name 'total' is not defined"))


def test_missing_self_parameter(expect: Expect) -> None:
    source = "class A:\n    def f(a):\n        return a\n"
    expect(
        source, "f(a)", "f(self, a)", raised=("TypeError", "f() takes 1 positional argument but 2 were given")
    )


def test_mutable_default(expect: Expect) -> None:
    source = "def f(a=[]):\n    a.append(1)\n    return a\n"
    expect(source, "a=[]):\n", "a=None):\n    if a is None:\n        a = []\n")


def test_string_near_one_of_a_test(expect: Expect) -> None:
    source = 'def f(a):\n    return ["Mercury", "Jupyter"][a]\n'
    tests = {"test_m.py::test_it": 'def test_it():\n    assert f(1) == "Jupiter"\n'}
    expect(source, '"Jupyter"', '"Jupiter"', test_sources=tests)


def test_the_same_change_at_every_place(proposed: Callable[..., dict[str, Candidate]]) -> None:
    source = 'def f(a):\n    if a:\n        return " "\n    a.g()\n    return " "\n'
    found = proposed(source)
    assert found[source.replace('" "', '""')].operator == "string everywhere"


def test_another_function_of_the_module_is_called(expect: Expect) -> None:
    source = "def g(a):\n    return a\n\n\ndef f(a):\n    return [x for x in a]\n"
    expect(source, "[x for", "[g(x) for")


@pytest.mark.parametrize(
    "nonsense",
    ["return a == a", "return b == b", "return a is a", "return b is b", "return a and a"],
)
def test_comparing_a_thing_with_itself_is_refused(
    proposed: Callable[..., dict[str, Candidate]], nonsense: str
) -> None:
    for source in (
        "def f(a, b):\n    return a == b\n",
        "def f(a, b):\n    return a is b\n",
        "def f(a, b):\n    return a and b\n",
    ):
        assert f"def f(a, b):\n    {nonsense}\n" not in proposed(source)


def test_adding_nothing_is_refused(proposed: Callable[..., dict[str, Candidate]]) -> None:
    assert "def f(a):\n    return a + 0\n" not in proposed("def f(a):\n    return a + 1\n")
