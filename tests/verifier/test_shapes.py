"""Projects of every shape: their failing test is seen, and the right candidate verified and confirmed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from heal_lsp.core.model import Candidate, TestOutcome
from heal_lsp.core.text import difference, digest

CALC = "def add(a, b):\n    return a - b\n"
SHAPES = {
    "src layout": (
        {
            "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
            "src/pkg/__init__.py": "",
            "src/pkg/calc.py": CALC,
            "tests/test_calc.py": "from pkg.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        },
        "src/pkg/calc.py",
        "tests/test_calc.py::test_add",
    ),
    "relative imports in a package of tests": (
        {
            "pkg/__init__.py": "from .calc import add\n",
            "pkg/calc.py": CALC,
            "pkg/tests/__init__.py": "",
            "pkg/tests/test_calc.py": "from ..calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        },
        "pkg/calc.py",
        "pkg/tests/test_calc.py::test_add",
    ),
    "sibling imports": (
        {
            "app/calc.py": CALC,
            "app/other.py": "from calc import add\n",
            "app/test_calc.py": "from other import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        },
        "app/calc.py",
        "app/test_calc.py::test_add",
    ),
    "fixtures of a conftest that imports the target": (
        {
            "calc.py": CALC,
            "conftest.py": "import pytest\nimport calc\n\n\n@pytest.fixture\ndef add():\n    return calc.add\n",
            "tests/test_calc.py": "def test_add(add, tmp_path):\n    assert add(1, 2) == 3\n",
        },
        "calc.py",
        "tests/test_calc.py::test_add",
    ),
    "one case of a parametrized test": (
        {
            "calc.py": CALC,
            "test_calc.py": (
                "import pytest\nfrom calc import add\n\n\n"
                "@pytest.mark.parametrize(('a', 'b', 'c'), [(1, 0, 1), (1, 2, 3), ('x', 'y::z [1]', 'xy::z [1]')])\n"
                "def test_add(a, b, c):\n    assert add(a, b) == c\n"
            ),
        },
        "calc.py",
        "test_calc.py::test_add[1-2-3]",
    ),
    "a case with an odd name": (
        {
            "calc.py": CALC,
            "test_calc.py": (
                "import pytest\nfrom calc import add\n\n\n"
                "@pytest.mark.parametrize('b', ['a::b [1]', ' é-'])\n"
                "def test_add(b):\n    assert add('x', b) == 'x' + b\n"
            ),
        },
        "calc.py",
        "test_calc.py::test_add[a::b [1]]",
    ),
    "a class with setup_method": (
        {
            "calc.py": CALC,
            "test_calc.py": (
                "import calc\n\n\nclass TestCalc:\n    def setup_method(self):\n        self.one = 1\n\n"
                "    def test_add(self):\n        assert calc.add(self.one, 2) == 3\n\n"
                "    def test_zero(self):\n        assert calc.add(self.one, 0) == 1\n"
            ),
        },
        "calc.py",
        "test_calc.py::TestCalc::test_add",
    ),
    "a unittest case": (
        {
            "calc.py": CALC,
            "test_calc.py": (
                "import unittest\nfrom calc import add\n\n\nclass TestCalc(unittest.TestCase):\n"
                "    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n\n"
                "    def test_zero(self):\n        self.assertEqual(add(1, 0), 1)\n"
            ),
        },
        "calc.py",
        "test_calc.py::TestCalc::test_add",
    ),
    "an exception in a test without an assertion": (
        {
            "calc.py": "def add(a, b):\n    return 6 // (a - b)\n",
            "test_calc.py": "from calc import add\n\n\ndef test_add():\n    add(2, 2)\n",
        },
        "calc.py",
        "test_calc.py::test_add",
    ),
    "pytest.raises": (
        {
            "calc.py": "def add(a, b):\n    if a - b > 2:\n        raise ValueError\n",
            "test_calc.py": (
                "import pytest\nfrom calc import add\n\n\ndef test_add():\n    with pytest.raises(ValueError):\n"
                "        add(2, 1)\n"
            ),
        },
        "calc.py",
        "test_calc.py::test_add",
    ),
    "a doctest": (
        {
            "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
            "calc.py": 'def add(a, b):\n    """Add.\n\n    >>> add(1, 2)\n    3\n    """\n    return a - b\n',
        },
        "calc.py",
        "calc.py::calc.add",
    ),
    "a project in a folder of the workspace": (
        {
            "README.md": "",
            "services/one/pytest.ini": "[pytest]\npythonpath = lib\n",
            "services/one/lib/calc.py": CALC,
            "services/one/tests/test_calc.py": (
                "import os\nfrom calc import add\n\n\ndef test_add():\n    assert os.path.exists('pytest.ini')\n"
                "    assert add(1, 2) == 3\n"
            ),
        },
        "services/one/lib/calc.py",
        "services/one/tests/test_calc.py::test_add",
    ),
    "options that would spread, stop or filter": (
        {
            "pytest.ini": "[pytest]\naddopts = -x --maxfail=1 --lf -q --strict-markers\n",
            "calc.py": CALC,
            "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        },
        "calc.py",
        "test_calc.py::test_add",
    ),
}
if importlib.util.find_spec("pytest_asyncio"):
    SHAPES["an async test"] = (
        {
            "pytest.ini": "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n",
            "calc.py": "async def add(a, b):\n    return a - b\n",
            "test_calc.py": "from calc import add\n\n\nasync def test_add():\n    assert await add(1, 2) == 3\n",
        },
        "calc.py",
        "test_calc.py::test_add",
    )


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_project_is_healed(project, shape):
    files, target, failing = SHAPES[shape]
    project.write(files)
    if "async" in shape:
        project.options["test_args"] = ()
    path = failing.partition("::")[0]

    report = await project.run()
    found = {each.id: each for each in report.tests}
    assert found[failing].outcome is TestOutcome.FAILED
    assert found[failing].failure.path == path

    await project.heals(target, failing)


@pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="needs pytest-xdist")
async def test_options_of_xdist_are_taken_back(broken):
    broken.write({"pytest.ini": "[pytest]\naddopts = -n2\n"})

    assert len((await broken.run()).tests) == 3


async def test_a_frozen_dataclass_and_a_cached_function_take_the_candidate(project):
    project.write(
        {
            "calc.py": (
                "import dataclasses, functools\n\n\n@dataclasses.dataclass(frozen=True)\nclass P:\n    x: int\n\n"
                "    @property\n    def twice(self):\n        return compute(self.x)\n\n\n"
                "@functools.lru_cache\ndef compute(x):\n    return x + x + 1\n"
            ),
            "test_calc.py": "from calc import P\n\n\ndef test_p():\n    assert P(2).twice == 4\n",
        }
    )
    task = project.task("calc.py", ("test_calc.py::test_p",))
    verifier = project.verifier()
    await verifier.baseline(task)

    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace(" + 1", ""))})
    assert (await verifier.verify(fix)).passed


async def test_the_recursion_limit_and_the_version_are_those_of_the_interpreter(project):
    project.write(
        {"test_v.py": "import sys\n\n\ndef test_v():\n    assert sys.getrecursionlimit() >= 1000\n"}
    )

    report = await project.run()

    assert report.python == ".".join(map(str, sys.version_info[:3]))
    assert [each.outcome for each in report.tests] == [TestOutcome.PASSED]


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="this system has no shared memory folder")
async def test_a_workspace_in_shared_memory(broken):
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        shutil.copytree(broken.root, folder / "workspace")
        broken.root = folder / "workspace"
        report = await broken.run()
        assert report.obstacle is None
        assert len(report.tests) == 3
    finally:
        shutil.rmtree(folder)
