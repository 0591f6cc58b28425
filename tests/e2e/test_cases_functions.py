"""Functions of every sort are healed where they stand, from the command to the bytes of the file.

In these projects ``«wrong → right»`` stands for what is wrong, and for what must be there in the end.
"""

from __future__ import annotations

from typing import Any

import pytest

from heal_lsp.core.model import ObstacleKind, OutcomeKind

RUN = "import asyncio\nimport mod\n\n\n"
TEST = "import mod\n\n\n"
CASES: dict[str, tuple[str, str]] = {
    "an async function": (
        "import asyncio\n\n\nasync def total(prices):\n    found = 0\n    for each in prices:\n"
        "        await asyncio.sleep(0)\n        found «-= → +=» each\n    return found\n",
        RUN + "def test_it():\n    assert asyncio.run(mod.total([1, 2, 3])) == 6\n",
    ),
    "an async generator": (
        "async def pairs(items):\n    for index in range(len(items) - «2 → 1»):\n"
        "        yield items[index], items[index + 1]\n",
        RUN + "async def listed(items):\n    return [each async for each in mod.pairs(items)]\n\n\n"
        "def test_it():\n    assert asyncio.run(listed([1, 2, 3])) == [(1, 2), (2, 3)]\n",
    ),
    "a generator": (
        "def countdown(n):\n    while n «>= → >» 0:\n        yield n\n        n -= 1\n",
        TEST + "def test_it():\n    assert list(mod.countdown(3)) == [3, 2, 1]\n",
    ),
    "a closure": (
        "def counter(step):\n    count = 0\n\n    def advance():\n        nonlocal count\n"
        "        count «-= → +=» step\n        return count\n\n    return advance\n",
        TEST + "def test_it():\n    advance = mod.counter(2)\n    advance()\n    assert advance() == 4\n",
    ),
    "a method that calls super()": (
        "class Base:\n    def price(self, amount):\n        return 3 * amount\n\n\nclass Child(Base):\n"
        "    def price(self, amount):\n        return super().price(amount) «- → +» 1\n",
        TEST + "def test_it():\n    assert mod.Child().price(2) == 7\n",
    ),
    "a method that uses self.__private": (
        "class Safe:\n    def __init__(self):\n        self.__inside = 0\n\n    def __count(self, amount):\n"
        "        return amount\n\n    def put(self, amount):\n        self.__inside «-= → +=» self.__count(amount)\n"
        "        return self.__inside\n",
        TEST + "def test_it():\n    assert mod.Safe().put(3) == 3\n",
    ),
    "a private method": (
        "class Safe:\n    def __double(self, amount):\n        return amount * «3 → 2»\n\n"
        "    def put(self, amount):\n        return self.__double(amount)\n",
        TEST
        + "def test_it():\n    assert mod.Safe()._Safe__double(3) == 6\n    assert mod.Safe().put(4) == 8\n",
    ),
    "a property": (
        "class Box:\n    def __init__(self, width, height):\n        self.width = width\n        self.height = height\n\n"
        "    @property\n    def area(self):\n        return self.width «// → *» self.height\n",
        TEST + "def test_it():\n    assert mod.Box(6, 3).area == 18\n",
    ),
    "the setter of a property": (
        "class Box:\n    def __init__(self):\n        self._width = 0\n\n    @property\n    def width(self):\n"
        "        return self._width\n\n    @width.setter\n    def width(self, value):\n"
        "        if value «>= → <» 0:\n            raise ValueError(value)\n        self._width = value\n",
        "import pytest\n"
        + TEST
        + "def test_it():\n    box = mod.Box()\n    box.width = 0\n    assert box.width == 0\n"
        "    with pytest.raises(ValueError):\n        box.width = -1\n",
    ),
    "a cached property": (
        "import functools\n\n\nclass Box:\n    side = 3\n\n    @functools.cached_property\n    def area(self):\n"
        "        return self.side «+ → *» self.side\n",
        TEST + "def test_it():\n    assert mod.Box().area == 9\n",
    ),
    "a static method": (
        "class Maths:\n    @staticmethod\n    def half(n):\n        return n // «3 → 2»\n",
        TEST + "def test_it():\n    assert mod.Maths.half(9) == 4\n    assert mod.Maths().half(4) == 2\n",
    ),
    "a class method": (
        "class Point:\n    scale = 2\n\n    def __init__(self, x):\n        self.x = x\n\n    @classmethod\n"
        "    def scaled(cls, x):\n        return cls(x «+ → *» cls.scale)\n",
        TEST + "def test_it():\n    assert mod.Point.scaled(5).x == 10\n",
    ),
    "a cached function": (
        "import functools\n\n\n@functools.lru_cache(maxsize=None)\ndef fib(n):\n    if n < 2:\n        return n\n"
        "    return fib(n - 1) «- → +» fib(n - 2)\n",
        TEST + "def test_it():\n    assert [mod.fib(each) for each in range(6)] == [0, 1, 1, 2, 3, 5]\n",
    ),
    "a method of a dataclass": (
        "from dataclasses import dataclass, field\n\n\n@dataclass(frozen=True, order=True)\nclass Span:\n    start: int\n"
        "    end: int\n    tags: list = field(default_factory=list, compare=False)\n\n    def length(self):\n"
        "        return self.end «+ → -» self.start\n",
        TEST + "def test_it():\n    assert mod.Span(2, 5).length() == 3\n",
    ),
    "the __post_init__ of a dataclass": (
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Span:\n    start: int\n    end: int\n\n"
        "    def __post_init__(self):\n        if self.start «< → >» self.end:\n"
        "            self.start, self.end = self.end, self.start\n",
        TEST
        + "def test_it():\n    assert mod.Span(5, 2) == mod.Span(2, 5)\n    assert mod.Span(1, 2).start == 1\n",
    ),
    "a function behind a functools.wraps decorator": (
        "import functools\n\n\ndef doubled(call):\n    @functools.wraps(call)\n    def inner(*args, **kwargs):\n"
        "        return 2 * call(*args, **kwargs)\n\n    return inner\n\n\n@doubled\ndef add(a, b):\n"
        "    return a «- → +» b\n",
        TEST + "def test_it():\n    assert mod.add(1, 2) == 6\n    assert mod.doubled(len)('ab') == 4\n",
    ),
    "the wrapper of a decorator": (
        "import functools\n\n\ndef doubled(call):\n    @functools.wraps(call)\n    def inner(*args, **kwargs):\n"
        "        return «3 → 2» * call(*args, **kwargs)\n\n    return inner\n\n\n@doubled\ndef add(a, b):\n"
        "    return a + b\n",
        TEST + "def test_it():\n    assert mod.doubled(len)('ab') == 4\n    assert mod.add(1, 2) == 6\n",
    ),
    "a function that writes a global": (
        "COUNT = 0\n\n\ndef count(amount):\n    global COUNT\n    COUNT «-= → +=» amount\n    return COUNT\n",
        TEST + "def test_it():\n    mod.count(2)\n    mod.count(3)\n    assert mod.COUNT == 5\n",
    ),
    "a nested function beside one of the same name": (
        "def step(n):\n    return n + 1\n\n\ndef outer(n):\n    def step(n):\n        return n «- → +» 2\n\n"
        "    return step(n) * 10\n",
        TEST + "def test_it():\n    assert mod.outer(3) == 50\n    assert mod.step(3) == 4\n",
    ),
    "two methods of one name in one file": (
        "class A:\n    def size(self, n):\n        return n + 1\n\n\nclass B:\n    def size(self, n):\n        return n «+ → -» 1\n",
        TEST + "def test_it():\n    assert mod.B().size(3) == 2\n    assert mod.A().size(3) == 4\n",
    ),
    "an overloaded function": (
        "from typing import overload\n\n\n@overload\ndef double(n: int) -> int: ...\n@overload\ndef double(n: str) -> str: ...\n"
        "def double(n):\n    return n * «3 → 2»\n",
        TEST + "def test_it():\n    assert mod.double(2) == 4\n    assert mod.double('a') == 'aa'\n",
    ),
    "the function around a lambda": (
        "def by_age(people):\n    return sorted(people, key=lambda each: each[«0 → 1»])\n",
        TEST + "def test_it():\n    assert mod.by_age([('a', 3), ('b', 1)]) == [('b', 1), ('a', 3)]\n",
    ),
    "the function around a lambda that raises": (
        "def by_age(people):\n    return sorted(people, key=lambda each: each[«2 → 1»])\n",
        TEST + "def test_it():\n    assert mod.by_age([('a', 3), ('b', 1)]) == [('b', 1), ('a', 3)]\n",
    ),
    "a comprehension": (
        "def squares(n):\n    return {each: each * each for each in range(«n → n + 1») if each}\n",
        TEST + "def test_it():\n    assert mod.squares(3) == {1: 1, 2: 4, 3: 9}\n",
    ),
    "a context manager": (
        "import contextlib\n\nOPEN = []\n\n\n@contextlib.contextmanager\ndef opened(name):\n    OPEN.append(name)\n"
        "    try:\n        yield name\n    finally:\n        OPEN.pop(«0 → -1»)\n",
        TEST
        + "def test_it():\n    with mod.opened('a'), mod.opened('b'):\n        pass\n    with mod.opened('c'):\n"
        "        with mod.opened('d'):\n            pass\n        assert mod.OPEN == ['c']\n",
    ),
    "the operator of a class": (
        "class Money:\n    def __init__(self, cents):\n        self.cents = cents\n\n    def __add__(self, other):\n"
        "        return Money(self.cents «- → +» other.cents)\n\n    def __eq__(self, other):\n"
        "        return self.cents == other.cents\n",
        TEST + "def test_it():\n    assert mod.Money(3) + mod.Money(4) == mod.Money(7)\n",
    ),
    "a function that another function calls": (
        "def tax(price):\n    return price «* → //» 10\n\n\ndef total(prices):\n    return sum(each + tax(each) for each in prices)\n",
        TEST
        + "def test_total():\n    assert mod.total([]) == 0\n\n\ndef test_tax():\n    assert [mod.tax(each) for each in (0, 90, 200)] == [0, 9, 20]\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_is_healed(small: Any, case: str) -> None:
    program, test = CASES[case]
    small.write({"mod.py": program, "test_mod.py": test})
    before = small.bytes()

    outcome = await small.heal()

    assert outcome.kind is OutcomeKind.HEALED, (outcome.message, outcome.closest)
    assert outcome.fix.evidence.fixed == (f"test_mod.py::{test.rpartition('def ')[2].partition('(')[0]}",)
    small.is_right(before)


MODULE = {
    "a constant": "LIMIT = 1 - 2\n\n\ndef keep(a):\n    return a\n",
    "a lambda at module level": "double = lambda n: n * 3\n",
    "a table of lambdas": "TABLE = {'double': lambda n: n * 3}\n",
    "a statement that raises": "TABLE = {}['gone']\n",
}
READS = {
    "a constant": "mod.LIMIT == 3",
    "a lambda at module level": "mod.double(2) == 4",
    "a table of lambdas": "mod.TABLE['double'](2) == 4",
    "a statement that raises": "mod.TABLE == {}",
}


@pytest.mark.parametrize("case", MODULE)
async def test_code_outside_of_functions_is_explained(small: Any, case: str) -> None:
    small.write(
        {"mod.py": MODULE[case], "test_mod.py": f"import mod\n\n\ndef test_it():\n    assert {READS[case]}\n"}
    )
    before = small.bytes()

    outcome = await small.heal()

    assert outcome.obstacle is not None, outcome.message
    assert outcome.obstacle.kind is ObstacleKind.NO_TARGET, outcome.message
    assert "function" in outcome.message
    assert "mod.py" in outcome.message
    assert outcome.advice
    assert small.bytes() == before
