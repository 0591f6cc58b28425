"""The part that runs on the project's interpreter, on every interpreter that this machine has.

They are this interpreter, each ``python3.X`` on the PATH, and those that the environment variable
``HEAL_TEST_PYTHONS`` names: paths with the PATH's own separator between them.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from heal_lsp.core.model import Candidate, Evidence, VerdictKind
from heal_lsp.core.text import difference, digest
from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier import inside

FILES = [*sorted(Path(inside.__file__).parent.glob("*.py")), report_plugin()]
_ASK = """
import sys
try:
    import pytest
    version = pytest.__version__
except ImportError:
    version = ""
print(sys.executable, ".".join(map(str, sys.version_info[:2])), version, sep="\\n")
"""


@attrs.frozen
class Python:
    """One interpreter."""

    path: str
    version: str
    pytest: str
    """The version of its pytest; empty when it has none."""

    def __str__(self) -> str:
        return f"{self.version}-pytest-{self.pytest or 'none'}"


@functools.cache
def interpreters() -> tuple[Python, ...]:
    """Each version of Python, and each version of pytest on it, once."""
    named = [each for each in os.environ.get("HEAL_TEST_PYTHONS", "").split(os.pathsep) if each]
    on_path = [path for minor in range(9, 15) if (path := shutil.which(f"python3.{minor}"))]
    asked = [answer for path in (sys.executable, *named, *on_path) if (answer := _asked(path))]
    return tuple({str(each): each for each in reversed(asked)}.values())[::-1]


def with_pytest() -> list[Python]:
    """Those that can run tests."""
    return [each for each in interpreters() if each.pytest]


def _asked(path: str) -> Python | None:
    """What an interpreter says of itself; None for what does not run, as a version manager's script may not."""
    try:
        answer = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    lines = answer.stdout.splitlines()
    return Python(*lines[:2], *lines[2:3]) if answer.returncode == 0 and len(lines) == 3 else None


@pytest.fixture(params=with_pytest(), ids=str)
def python(request, project):
    """An interpreter with pytest, on which the workspace runs."""
    project.options["interpreter"] = request.param.path
    return request.param


@pytest.mark.parametrize("each", interpreters(), ids=str)
def test_it_compiles_and_imports(each):
    code = (
        "import sys, importlib.util as u\n"
        "for path in sys.argv[1:]: compile(open(path, encoding='utf-8').read(), path, 'exec')\n"
        "spec = u.spec_from_file_location('report', sys.argv[-1])\n"
        "spec.loader.exec_module(u.module_from_spec(spec))\n"
    )
    result = subprocess.run([each.path, "-I", "-c", code, *map(str, FILES)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


SHAPES = """
import contextlib
import unittest

import pytest
from calc import Broken, add


@pytest.fixture(scope="module")
def three():
    return 3


@pytest.mark.parametrize("number", [0, 1])
def test_numbers(number, three):
    assert add(three, number) == 3


class TestMethods:
    def setup_method(self):
        self.left = [1, 2]

    def test_same(self):
        assert self.left == [1, 2, 3]


class TestCase(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(add(1, 1), 2)


def test_with():
    with contextlib.suppress(ValueError):
        add(1, "a")


def test_not_raised():
    with pytest.raises(KeyError):
        add(1, 1)


def test_own_exception():
    raise Broken("mine")


def test_exit():
    raise SystemExit(3)


def test_hangs():
    while True:
        pass


def test_crashes():
    import os
    os.kill(os.getpid(), 9)


def test_passes(tmp_path):
    assert not list(tmp_path.iterdir())
"""


async def test_failures_are_told_alike(project, python):
    project.write(
        {
            "calc.py": "class Broken(Exception):\n    pass\n\n\ndef add(a, b):\n    return a - b\n",
            "test_shapes.py": SHAPES,
        }
    )
    project.policy["seconds"] = 2.0

    report = await project.run(seconds=9.0)

    assert report.obstacle is None
    assert report.python.startswith(python.version + ".")
    told = {
        each.id.partition("::")[2]: (each.failure.exception, each.failure.line) if each.failure else None
        for each in report.tests
    }
    assert told == {
        "test_numbers[0]": None,
        "test_numbers[1]": ("AssertionError", 16),
        "TestMethods::test_same": ("AssertionError", 24),
        "TestCase::test_equal": ("AssertionError", 29),
        "test_with": ("TypeError", 34),
        "test_not_raised": ("Failed", 38),
        "test_own_exception": ("calc.Broken", 43),
        "test_exit": ("SystemExit", 47),
        "test_hangs": ("Timeout", told["test_hangs"][1]),
        "test_crashes": ("Crash", 55),
        "test_passes": None,
    }
    assert told["test_hangs"][1] in (51, 52)


async def test_a_candidate_is_judged_alike(broken, python):
    failing = ("test_calc.py::test_add", "test_calc.py::test_more")
    task = broken.task("calc.py", failing)
    verifier = broken.verifier()
    baseline = await verifier.baseline(task)
    [lane] = verifier._lanes

    def candidate(expression):
        new = task.base.replace("a - b", expression)
        return Candidate(digest(task.base), {"calc.py": difference(task.base, new)})

    assert lane.mode == "lazy"
    assert baseline.coverage[failing[0]]["calc.py"] == (2,)
    assert (await verifier.verify(candidate("a + b"))).passed
    for expression, kind in (
        ("a * b", VerdictKind.FAILED),
        ("a +", VerdictKind.FAILED),
        ("[a for _ in iter(int, 1)]", VerdictKind.TIMED_OUT),
        ("__import__('os')._exit(0)", VerdictKind.CRASHED),
    ):
        assert (await verifier.verify(candidate(expression))).kind is kind
    evidence = await verifier.confirm(candidate("b + a"))
    assert isinstance(evidence, Evidence)
    assert evidence.fixed == failing


async def test_scripts_run(project, python):
    project.write({"run.py": "import sys\nprint(sys.version_info[:2])\n1 / 0\n"})

    report = await project.script("run.py")

    assert [(each.exception, each.line) for each in report.errors] == [("ZeroDivisionError", 3)]
    assert report.output == f"({python.version.replace('.', ', ')})\n"
