"""The screen lane: what it says of candidates is what the verify lane says, or nothing."""

from __future__ import annotations

import subprocess
import sys

import attrs
import pytest

from heal_lsp.core.model import Candidate, Target, TargetKind, TestOutcome, VerdictKind
from heal_lsp.core.text import Edit, digest

PASSED, FAILED, TIMED_OUT, CRASHED = (
    VerdictKind.PASSED,
    VerdictKind.FAILED,
    VerdictKind.TIMED_OUT,
    VerdictKind.CRASHED,
)


class Screened:
    """A workspace whose function at ``mark`` is at fault, with its baseline taken."""

    def __init__(self, project):
        self.project = project
        self.verifier = project.verifier()

    async def begin(self, path, mark, failing, **failure):
        task = self.project.task(path, failing, **failure)
        line = task.base[: task.base.index(mark)].count("\n") + 1
        target = Target(path, "f", "f", TargetKind.FUNCTION, 0, len(task.base.encode()), line, line)
        self.path, self.task = path, attrs.evolve(task, target=target)
        baseline = await self.verifier.baseline(self.task)
        assert set(failing) <= set(baseline.ids(TestOutcome.FAILED)), baseline
        return self

    def candidate(self, old, new):
        start = len(self.task.base[: self.task.base.index(old)].encode())
        edit = Edit(start, start + len(old.encode()), new)
        return Candidate(digest(self.task.base), {self.path: (edit,)})

    async def kinds(self, *changes, seconds=60.0):
        self.verdicts = await self.verifier.screen(
            [self.candidate(old, new) for old, new in changes], seconds
        )
        return [each and each.kind for each in self.verdicts]

    @property
    def reason(self):
        return self.verifier._screening.reason


async def screened(project, files, path, mark, *failing, **failure):
    return await Screened(project.write(files)).begin(path, mark, failing, **failure)


ADD = "test_calc.py::test_add"
CALC = "def add(a, b):\n    return a - b\n"
TESTS = (
    "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
    "def test_zero():\n    assert add(5, 0) == 5\n"
)
HEAVY = (
    "x = 10\n    while x:\n        try:\n            while True:\n                x += 1\n"
    "        except:\n            pass\n        x = 10\n    return 0"
)


async def test_each_way_to_fail_is_told_and_the_next_is_right(project):
    lane = await screened(project, {"calc.py": CALC, "test_calc.py": TESTS}, "calc.py", "def add", ADD)
    changes = {
        "a + b": PASSED,
        "a * b": FAILED,
        "a +": FAILED,
        "exit()": FAILED,
        "__import__('os')._exit(0)": CRASHED,
        "a+b": PASSED,
        "add(a, b)": FAILED,
        "[each for each in iter(int, 1)]": TIMED_OUT,
        HEAVY: TIMED_OUT,
        "__import__('time').sleep(60)": TIMED_OUT,
        "[0] * 10 ** 12": FAILED,
        "(b + a)": PASSED,
        "10 ** 10 ** 9": TIMED_OUT,
        "open('written', 'w').write('x')": None,
        "__import__('os').environ.setdefault('X', 'y')": None,
        "__import__('subprocess').run(['true'])": None,
        "__import__('threading').Thread(target=print).start()": None,
        "5 if b == 0 else a * 3": PASSED,
        "3 if a == 1 else 0": FAILED,
        "__import__('pytest').skip('no')": FAILED,
    }

    lines = [
        ("return a - b", each if "=" in each and "while" in each else f"return {each}") for each in changes
    ]
    kinds = await lane.kinds(*lines)

    assert dict(zip(changes, kinds, strict=True)) == changes
    reasons = [each.reason for each in lane.verdicts if each is not None]
    assert "test_calc.py::test_add: AssertionError: assert 2 == 3" in reasons
    assert "test_calc.py::test_zero: AssertionError: assert 0 == 5" in reasons
    passed = [each.id for each in lane.verdicts[0].tests]
    assert passed == ["test_calc.py::test_add", "test_calc.py::test_zero"]
    assert not (project.root / "written").exists()
    assert (await lane.verifier.verify(lane.candidate("a - b", "a + b"))).passed


async def test_what_a_candidate_poisons_meets_no_other(project):
    files = {
        "calc.py": (
            "import json\nimport random\nfrom helper import SEEN, Box\n\n\ndef add(a, b):\n"
            "    SEEN.append(1)\n    Box.size += 1\n    assert len(SEEN) == 1 and Box.size == 1\n"
            "    return int(json.dumps(a)) - b\n"
        ),
        "helper.py": "SEEN = []\n\n\nclass Box:\n    size = 0\n",
        "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    }
    lane = await screened(project, files, "calc.py", "def add", ADD)
    right = ("- b", "+ b")
    poisons = [
        "- b + json.__dict__.update(dumps=lambda a: '1')",
        "- b + setattr(json.JSONEncoder, 'encode', lambda self, a: 1 / 0)",
        "- b + __builtins__.update(int=lambda text: 3)",
        "- b + SEEN.extend('xy')",
        "- random.seed(1)",
    ]

    kinds = await lane.kinds(*[change for each in poisons for change in (("- b", each), right)], right)

    assert PASSED not in kinds[:-1:2]
    assert kinds[1::2] == [PASSED] * 5
    assert kinds[-1] is PASSED


SHAPES = """\
import functools


def traced(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner


class Base:
    def size(self):
        return 10


class Box(Base):
    __extra = 1

    def size(self):
        return super().size() - self.__extra

    @classmethod
    def made(cls):
        return cls()


@traced
def outer(n):
    total = 0
    def step(m):
        nonlocal total
        total -= m
    for each in range(n):
        step(each)
    return total


def stream(n):
    for each in range(n):
        yield each - 1


HANDLERS = {"outer": outer, "size": Box.size}
"""
USES = "import functools\nfrom pkg.shapes import HANDLERS, Box, outer, stream\nPARTIAL = functools.partial(outer, 4)\n"
SHAPE_TESTS = """\
import pytest
from pkg import shapes
from pkg.uses import HANDLERS, PARTIAL, Box, outer, stream


@pytest.mark.parametrize("size", [11])
class TestBox:
    def test_size(self, size):
        assert Box.made().size() == size
        assert HANDLERS["size"](Box()) == size


@pytest.mark.parametrize(("n", "total"), [(1, 0), (3, 3), pytest.param(4, 6, id="more")])
@pytest.mark.parametrize("call", [outer, shapes.HANDLERS["outer"], lambda n: PARTIAL() if n == 4 else outer(n)])
def test_outer(call, n, total):
    assert call(n) == total


def test_stream():
    assert list(stream(3)) == [1, 2, 3]


def test_raises():
    with pytest.raises(TypeError):
        outer("x")
"""


FAULTS = {
    "super and mangled": ("test_shapes.py::TestBox::test_size[11]", "- self.__extra", "+ self.__extra", "+ self.__extra + 1", "def size(self):\n        return super"),
    "closure, decorated, bound elsewhere": ("test_shapes.py::test_outer[outer0-3-3]", "total -= m", "total += m", "total += 2 * m", "def step"),
    "generator": ("test_shapes.py::test_stream", "each - 1", "each + 1", "each + 2", "def stream"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_candidate_is_the_source_of_its_module(project, fault):
    text = SHAPES
    for name, (_, wrong, right, _, _) in FAULTS.items():
        text = text.replace(wrong, right) if name != fault else text
    files = {"pkg/__init__.py": "", "pkg/shapes.py": text, "pkg/uses.py": USES, "test_shapes.py": SHAPE_TESTS}
    failing, old, right, wrong, mark = FAULTS[fault]
    lane = await screened(project, files, "pkg/shapes.py", mark, failing)

    assert await lane.kinds((old, wrong), (old, right), (old, wrong)) == [FAILED, PASSED, FAILED]
    assert lane.reason == ""


KINDS = """\
import unittest
import pytest


def test_yes(): pass
class TestYes:
    def test_yes(self): pass
    class TestYes:
        @pytest.mark.parametrize("a", [1, [2]])
        @pytest.mark.parametrize(("b", "c"), [(1, 2), pytest.param(3, 4, id="x")])
        def test_yes(self, a, b, c): pass


@pytest.fixture
def three(): return 3
@pytest.fixture(params=[1, 2])
def several(request): return request.param
def test_no_fixture(three): pass
def test_no_fixture_with_values(several): pass
def test_no_builtin_fixture(tmp_path): pass
@pytest.mark.parametrize("three", [1], indirect=True)
def test_no_indirect(three): pass
@pytest.mark.parametrize("a", iter([1]))
def test_no_iterator(a): pass
@pytest.mark.usefixtures("three")
def test_no_mark(): pass
@pytest.mark.skipif(False, reason="")
def test_no_condition(): pass
@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.xfail)])
def test_no_marked_value(a): pass
async def test_no_async(): pass
class TestSetup:
    def setup_method(self): pass
    def test_no_setup(self): pass
class TestClassSetup:
    @classmethod
    def setup_class(cls): pass
    def test_no_setup(self): pass
class TestAuto:
    @pytest.fixture(autouse=True)
    def always(self): pass
    def test_no_autouse(self): pass
class TestUnit(unittest.TestCase):
    def test_no_unittest(self): pass
def pytest_generate_tests(metafunc):
    if "made" in metafunc.fixturenames:
        metafunc.parametrize("made", [1])
def test_no_hook(made): pass
"""
COLLECT = """\
import sys
import pytest
from heal_lsp.verifier.inside.cases import case_of

class Plugin:
    def pytest_collection_finish(self, session):
        for item in session.items:
            print("CASE" if case_of(item, item.nodeid) else "NONE", item.nodeid)

pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", sys.argv[1]], plugins=[Plugin()])
"""


def test_only_what_is_a_function_to_be_called_is_called(tmp_path):
    (tmp_path / "test_kinds.py").write_text(KINDS)
    command = [sys.executable, "-c", COLLECT, str(tmp_path / "test_kinds.py")]
    output = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
    found = [line.split(" ", 1) for line in output.splitlines() if line.startswith(("CASE ", "NONE "))]

    assert len(found) == 6 + 15
    assert {name for kind, name in found if kind == "CASE"} == {
        name for _, name in found if "test_yes" in name
    }


NOT_SCREENABLE = {
    "files": ("def test_add():\n    open('x', 'w').close()\n    assert add(1, 2) == 3\n", ""),
    "its surroundings": (
        "import sys\n\n\ndef test_add():\n    frame, names = sys._getframe(), []\n    while frame:\n"
        "        names.append(frame.f_code.co_name)\n        frame = frame.f_back\n"
        "    names.index('pytest_pyfunc_call')\n    assert add(1, 2) == 3\n",
        "",
    ),
    "conftest imports it": ("def test_add():\n    assert add(1, 2) == 3\n", "import calc\n"),
    "hooks": (
        "def test_add():\n    assert add(1, 2) == 3\n", "def pytest_runtest_call(item):\n    pass\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", NOT_SCREENABLE)
async def test_what_is_more_than_a_call_is_left_to_the_verify_lane(project, why):
    text, conftest = NOT_SCREENABLE[why]
    files = {"calc.py": CALC, "test_calc.py": "from calc import add\n" + text, "conftest.py": conftest}
    lane = await screened(project, files, "calc.py", "def add", ADD)

    assert await lane.kinds(("a - b", "a + b"), ("a - b", "a * b")) == []
    assert lane.reason
    assert (await lane.verifier.verify(lane.candidate("a - b", "a + b"))).passed
    assert (await lane.verifier.verify(lane.candidate("a - b", "a * b"))).kind is FAILED


async def test_a_test_of_the_original_that_hangs_is_screened(project):
    project.policy = {"seconds": 2.0}
    base = CALC.replace("return a - b", "n = a\n    while n:\n        n += 1\n    return n + b")
    lane = await screened(
        project, {"calc.py": base, "test_calc.py": TESTS}, "calc.py", "def add", ADD, exception="Timeout"
    )

    kinds = await lane.kinds(("n += 1", "n += 2"), ("n += 1", "n -= 1"), ("while n", "while n < b"))
    assert kinds == [TIMED_OUT, FAILED, FAILED]
    assert await lane.kinds(("n += 1\n    return n", "break\n    return n")) == [PASSED]


async def test_the_time_bounds_how_many_are_judged(project):
    lane = await screened(project, {"calc.py": CALC, "test_calc.py": TESTS}, "calc.py", "def add", ADD)

    kinds = await lane.kinds(*[("a - b", f"a + b * {number}") for number in range(5000)], seconds=0.3)

    assert 0 < len(kinds) < 5000
    assert set(kinds) <= {PASSED, FAILED}
    assert await lane.kinds(("a - b", "a + b")) == [PASSED]
