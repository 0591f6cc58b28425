"""Failing tests of every sort are healed, from the command to the bytes of the file.

In these projects ``«wrong → right»`` stands for what is wrong, and for what must be there in the end.
"""

from __future__ import annotations

from typing import Any

import pytest

from heal_lsp.core.model import ObstacleKind, OutcomeKind, TestOutcome

ADD = "def add(a, b):\n    return a «- → +» b\n"
TESTS = "\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(5, 0) == 5\n"
SCOPES = """\
import pytest
import shop


@pytest.fixture(scope="session")
def prices():
    return {"tea": 3, "cake": 4}


@pytest.fixture(scope="package", autouse=True)
def opened():
    yield
    shop.SOLD.clear()


@pytest.fixture(scope="module", params=[1, 2])
def amount(request):
    return request.param


@pytest.fixture(scope="class")
def till(prices):
    till = shop.Till(prices)
    yield till
    till.close()


@pytest.fixture
def sale(till, amount, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return till.sell("cake", amount)
"""
CASES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a function with required parameters of every kind": (
        {
            "box.py": "def volume(width, /, height, *sides, depth, **others):\n"
            "    return width * height «* → //» depth\n",
            "test_box.py": "from box import volume\n\n\n"
            "def test_volume():\n    assert volume(2, 6, depth=4) == 3\n    assert volume(5, 2, 7, depth=3, x=1) == 3\n",
        },
        ("test_box.py::test_volume",),
    ),
    "fixtures of every scope": (
        {
            "shop.py": "SOLD = []\n\n\nclass Till:\n    def __init__(self, prices):\n        self.prices = prices\n\n"
            "    def sell(self, what, amount):\n        SOLD.append(what)\n"
            "        return self.prices[what] «+ → *» amount\n\n    def close(self):\n        self.prices = None\n",
            "conftest.py": SCOPES,
            "test_shop.py": "class TestSale:\n    def test_price(self, sale, amount):\n        assert sale == 4 * amount\n",
        },
        ("test_shop.py::TestSale::test_price[1]", "test_shop.py::TestSale::test_price[2]"),
    ),
    "one failing case of many": (
        {
            "grade.py": "def grade(points):\n    if points «> → >=» 90:\n        return 'A'\n    return 'B'\n",
            "test_grade.py": "import pytest\nfrom grade import grade\n\n\n"
            "@pytest.mark.parametrize(('points', 'expected'), [(0, 'B'), (89, 'B'), (90, 'A'), (91, 'A'), (100, 'A')])\n"
            "def test_grade(points, expected):\n    assert grade(points) == expected\n",
        },
        ("test_grade.py::test_grade[90-A]",),
    ),
    "a class with setup_method": (
        {
            "stack.py": "class Stack:\n    def __init__(self):\n        self.items = []\n\n"
            "    def push(self, item):\n        self.items.append(item)\n\n"
            "    def top(self):\n        return self.items[«0 → -1»]\n",
            "test_stack.py": "from stack import Stack\n\n\nclass TestStack:\n    def setup_method(self):\n"
            "        self.stack = Stack()\n        self.stack.push(1)\n\n"
            "    def test_one(self):\n        assert self.stack.top() == 1\n\n"
            "    def test_two(self):\n        self.stack.push(2)\n        assert self.stack.top() == 2\n",
        },
        ("test_stack.py::TestStack::test_two",),
    ),
    "a unittest case with setUpClass and setUp": (
        {
            "calc.py": ADD,
            "test_calc.py": "import unittest\nfrom calc import add\n\n\nclass TestAdd(unittest.TestCase):\n"
            "    @classmethod\n    def setUpClass(cls):\n        cls.one = 1\n\n"
            "    def setUp(self):\n        self.two = 2\n\n"
            "    def test_add(self):\n        self.assertEqual(add(self.one, self.two), 3)\n\n"
            "    def test_zero(self):\n        self.assertEqual(add(self.one, 0), 1)\n",
        },
        ("test_calc.py::TestAdd::test_add",),
    ),
    "a unittest case with subtests": (
        {
            "calc.py": ADD,
            "test_calc.py": "import unittest\nfrom calc import add\n\n\nclass TestAdd(unittest.TestCase):\n"
            "    def test_add(self):\n        for b in range(3):\n            with self.subTest(b=b):\n"
            "                self.assertEqual(add(4, b), 4 + b)\n",
        },
        ("test_calc.py::TestAdd::test_add",),
    ),
    "an asynchronous unittest case": (
        {
            "calc.py": "async " + ADD,
            "test_calc.py": "import unittest\nfrom calc import add\n\n\nclass TestAdd(unittest.IsolatedAsyncioTestCase):\n"
            "    async def asyncSetUp(self):\n        self.two = await add(2, 0)\n\n"
            "    async def test_add(self):\n        self.assertEqual(await add(1, self.two), 3)\n",
        },
        ("test_calc.py::TestAdd::test_add",),
    ),
    "pytest.raises that does not raise": (
        {
            "age.py": "def age(years):\n    if years «> → <» 0:\n        raise ValueError('negative')\n    return years\n",
            "test_age.py": "import pytest\nfrom age import age\n\n\n"
            "def test_negative():\n    with pytest.raises(ValueError, match='negative'):\n        age(-1)\n\n\n"
            "def test_zero():\n    assert age(0) == 0\n\n\ndef test_positive():\n    assert age(3) == 3\n",
        },
        ("test_age.py::test_negative", "test_age.py::test_positive"),
    ),
    "the examples of a docstring": (
        {
            "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
            "calc.py": 'def add(a, b):\n    """Add.\n\n    >>> add(1, 2)\n    3\n    >>> add(2, 2)\n    4\n    """\n'
            "    return a «- → +» b\n",
        },
        ("calc.py::calc.add",),
    ),
    "the examples of a text file": (
        {
            "pytest.ini": "[pytest]\naddopts = --doctest-glob=*.md\n",
            "calc.py": ADD,
            "guide.md": "# Guide\n\n    >>> from calc import add\n    >>> add(1, 2)\n    3\n",
        },
        ("guide.md::guide.md",),
    ),
    "a package with relative imports": (
        {
            "pkg/__init__.py": "from .sums import add\n",
            "pkg/sums.py": ADD,
            "pkg/tests/__init__.py": "",
            "pkg/tests/test_sums.py": "from .. import add\nfrom ..sums import add as same\n" + TESTS,
        },
        ("pkg/tests/test_sums.py::test_add",),
    ),
    "a src layout": (
        {
            "pyproject.toml": "[project]\nname = 'pkg'\n\n[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n",
            "src/pkg/__init__.py": "",
            "src/pkg/calc.py": ADD,
            "tests/test_calc.py": "from pkg.calc import add\n" + TESTS,
        },
        ("tests/test_calc.py::test_add",),
    ),
    "sibling imports": (
        {
            "app/calc.py": ADD,
            "app/facade.py": "from calc import add\n",
            "app/test_facade.py": "from facade import add\n" + TESTS,
        },
        ("app/test_facade.py::test_add",),
    ),
    "fixtures of two conftest files": (
        {
            "calc.py": ADD,
            "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef add():\n    import calc\n\n    return calc.add\n",
            "deep/er/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef three(add):\n    return add(1, 2)\n",
            "deep/er/test_calc.py": "def test_three(three):\n    assert three == 3\n\n\ndef test_zero(add):\n    assert add(5, 0) == 5\n",
        },
        ("deep/er/test_calc.py::test_three",),
    ),
    "names bound elsewhere": (
        {
            "calc.py": "def step(a):\n    return a «- → +» 1\n",
            "uses.py": "import functools\nfrom calc import step\n\nHANDLERS = {'p': step}\nPARTIAL = functools.partial(step, 1)\n\n\n"
            "class Holder:\n    method = staticmethod(step)\n",
            "test_uses.py": "from uses import HANDLERS, PARTIAL, Holder, step\n\n\n"
            "def test_import():\n    assert step(1) == 2\n\n\ndef test_table():\n    assert HANDLERS['p'](1) == 2\n\n\n"
            "def test_partial():\n    assert PARTIAL() == 2\n\n\ndef test_class():\n    assert Holder.method(1) == 2\n",
        },
        tuple(f"test_uses.py::test_{each}" for each in ("import", "table", "partial", "class")),
    ),
    "arguments that the failing call mutates": (
        {
            "jobs.py": "def drain(jobs, done):\n    while jobs:\n        done.append(jobs.pop(«-1 → 0»))\n    return done\n",
            "test_jobs.py": "from jobs import drain\n\nJOBS = [1, 2, 3]\n\n\n"
            "def test_order():\n    assert drain(JOBS, []) == [1, 2, 3]\n    assert JOBS == []\n",
        },
        ("test_jobs.py::test_order",),
    ),
}
ASYNC = {
    "pytest-asyncio": (
        {
            "pytest.ini": "[pytest]\nasyncio_default_fixture_loop_scope = function\n",
            "calc.py": "import asyncio\n\n\nasync def add(a, b):\n    await asyncio.sleep(0)\n    return a «- → +» b\n",
            "test_calc.py": "import pytest\nimport pytest_asyncio\nfrom calc import add\n\n\n"
            "@pytest_asyncio.fixture\nasync def two():\n    return await add(2, 0)\n\n\n"
            "@pytest.mark.asyncio\nasync def test_add(two):\n    assert await add(1, two) == 3\n",
        },
        ("test_calc.py::test_add",),
    ),
    "anyio": (
        {
            "calc.py": "import anyio\n\n\nasync def add(a, b):\n    await anyio.sleep(0)\n    return a «- → +» b\n",
            "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n",
            "test_calc.py": "import pytest\nfrom calc import add\n\npytestmark = pytest.mark.anyio\n\n\n"
            "@pytest.fixture\nasync def two():\n    return await add(2, 0)\n\n\n"
            "async def test_add(two):\n    assert await add(1, two) == 3\n",
        },
        ("test_calc.py::test_add",),
    ),
}


@pytest.mark.parametrize("case", [*CASES, *ASYNC])
async def test_it_is_healed(small: Any, case: str) -> None:
    files, failing = {**CASES, **ASYNC}[case]
    if case in ASYNC:
        small.settings["test_args"] = ()
    small.write(files)
    before = small.bytes()

    outcome = await small.heal()

    assert outcome.kind is OutcomeKind.HEALED, (outcome.message, outcome.closest)
    assert set(outcome.fix.evidence.fixed) == set(failing)
    small.is_right(before)


async def test_a_test_that_passes_by_now_is_reported_as_passing(small: Any) -> None:
    small.write({"calc.py": ADD, "test_calc.py": "from calc import add\n" + TESTS})
    reply = await small.run()
    small.write({"calc.py": "def add(a, b):\n    return a + b\n"})

    outcome = await small.repair(*reply.located)

    assert outcome.obstacle.kind is ObstacleKind.ALREADY_PASSES
    assert "test_calc.py::test_add passes" in outcome.message
    again = await small.run()
    assert [each.outcome for each in again.report.tests] == [TestOutcome.PASSED] * 2


@pytest.mark.parametrize("marked", ["@pytest.mark.skip", "@pytest.mark.skipif(True, reason='no')"])
async def test_a_test_that_did_not_run_is_not_reported_as_passing(small: Any, marked: str) -> None:
    small.write({"calc.py": ADD, "test_calc.py": "import pytest\nfrom calc import add\n" + TESTS})
    reply = await small.run()
    small.write({"test_calc.py": f"import pytest\nfrom calc import add\n\n\n{marked}" + TESTS[1:]})

    outcome = await small.repair(*reply.located)

    assert outcome.obstacle.kind is ObstacleKind.NO_TESTS
    assert "did not run" in outcome.message


@pytest.mark.parametrize(
    "test", ["test_calc.py::test_gone", "test_calc.py::TestGone::test_add", "test_gone.py"]
)
async def test_an_id_that_matches_nothing_is_an_error(small: Any, test: str) -> None:
    small.write({"calc.py": ADD, "test_calc.py": "from calc import add\n" + TESTS})

    reply = await small.run(test)

    assert reply.report.obstacle.kind is ObstacleKind.NO_TESTS
    assert test in reply.report.obstacle.message
    assert not reply.report.tests
