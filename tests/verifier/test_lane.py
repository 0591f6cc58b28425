"""Which way of running a lane settles on, and that each of them is right."""

from __future__ import annotations

import pytest

from heal_lsp.core.model import Candidate, VerdictKind
from heal_lsp.core.text import difference, digest

FAILING = ("test_calc.py::test_add", "test_calc.py::test_more")
WAYS = {
    "lazy": "import json\n",
    "early": "import calc\n",
    "early, for threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
    ),
    "early, for processes": "import subprocess\nHELPER = subprocess.Popen(['sleep', '1000'])\n",
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_conftest_decides_how_warm_it_may_be(broken, way):
    broken.write({"conftest.py": WAYS[way]})
    task = broken.task("calc.py", FAILING)
    verifier = broken.verifier()
    await verifier.baseline(task)
    right, wrong = (
        Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("a - b", new))})
        for new in ("a + b", "a * b")
    )

    [lane] = verifier._lanes
    assert lane.mode == way.partition(",")[0] or "calc.py" in lane.loaded
    for _ in range(2):
        assert (await verifier.verify(right)).passed
        assert (await verifier.verify(wrong)).kind is VerdictKind.FAILED


async def test_a_test_that_tells_warm_from_cold_is_run_cold(broken):
    """A test that sees whether pytest was configured in its own process stands for all that a fork may upset."""
    broken.write(
        {
            "conftest.py": "import os\n\n\ndef pytest_configure(config):\n    os.environ['CONFIGURED'] = str(os.getpid())\n",
            "test_calc.py": (
                "import os\nfrom calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
                "def test_cold():\n    import builtins\n    assert os.environ['CONFIGURED'] == str(os.getpid())\n"
            ),
        }
    )
    task = broken.task("calc.py", FAILING[:1])
    verifier = broken.verifier()
    await verifier.baseline(task)
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("-", "+"))})

    [lane] = verifier._lanes
    assert lane.mode == "early"
    assert lane.kept == ("test_calc.py::test_cold",)
    assert (await verifier.verify(fix)).passed


async def test_limits_follow_what_a_test_took(broken):
    broken.write(
        {
            "test_slow.py": "import time\n\n\ndef test_slow():\n    time.sleep(0.3)\n\n\ndef test_fast():\n    pass\n"
        }
    )
    verifier = broken.verifier()
    await verifier.baseline(broken.task("calc.py", FAILING, ("test_slow.py",)))

    limits = {test: limit for lane in verifier._lanes for test, limit in lane.limits().items()}
    assert limits["test_slow.py::test_slow"] >= 3.0
    assert limits["test_slow.py::test_fast"] == 0.5
    assert limits[FAILING[0]] == 1.0


async def test_tests_that_depend_on_their_order_keep_it(broken):
    broken.write(
        {
            "test_calc.py": (
                "from calc import add\nSEEN = []\n\n\n"
                "def test_zero():\n    SEEN.append(add(5, 0))\n\n\n"
                "def test_add():\n    assert SEEN and add(1, 2) == 3\n"
            )
        }
    )
    task = broken.task("calc.py", ("test_calc.py::test_add",))
    verifier = broken.verifier()
    baseline = await verifier.baseline(task)
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("-", "+"))})

    assert verifier._lanes[0].mode == "lazy"
    assert baseline.flaky == ()
    verdict = await verifier.verify(fix)
    assert verdict.passed
    assert [each.id.partition("::")[2] for each in verdict.tests] == ["test_zero", "test_add"]


async def test_the_text_of_a_test_file_is_the_candidates_too(broken):
    """Its asserts were rewritten before the fork, but from another text."""
    task = broken.task("calc.py", FAILING)
    verifier = broken.verifier()
    await verifier.baseline(task)
    tests = (broken.root / "test_calc.py").read_text()
    right = difference(task.base, task.base.replace("-", "+"))

    assert (await verifier.verify(Candidate(digest(task.base), {"calc.py": right}))).passed
    for old, new in (("(1, 2) == x", "(1, 2) != x"), ("(2, 2) == 4", "(2, 2) == 5")):
        changed = {"calc.py": right, "test_calc.py": difference(tests, tests.replace(old, new))}
        verdict = await verifier.verify(Candidate(digest(task.base), changed))
        assert verdict.kind is VerdictKind.FAILED
        assert "assert" in verdict.reason
