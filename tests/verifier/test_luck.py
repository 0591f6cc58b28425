"""Flaky tests: none is ever "healed", and none stands in the way of a fix."""

from __future__ import annotations

import pytest

from heal_lsp.core.diagnose import diagnose
from heal_lsp.core.model import Candidate, Evidence, ObstacleKind, VerdictKind
from heal_lsp.core.text import difference, digest

LUCKY = "test_calc.py::test_luck"
KINDS = {
    "chance": "import random\n    assert random.SystemRandom().random() < 0.5",
    "chance, mostly against it": "import random\n    assert random.SystemRandom().random() < 0.15",
    "the time": "import time\n    assert time.time() % 2 < 1",
    "the order of a set": "assert next(iter({'a', 'b', 'c'} - {str(f())})) == 'a'",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_only_luck_turns_green_is_not_healed(project, kind):
    project.write(
        {
            "calc.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n",
            "test_calc.py": f"from calc import f\n\n\ndef test_luck():\n    f()\n    {KINDS[kind]}\n",
        }
    )
    task = project.task("calc.py", (LUCKY,))
    nothing = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("2", "3"))})
    verifier = project.verifier()
    obstacle = diagnose(task, await verifier.baseline(task))
    if obstacle is not None:
        assert obstacle.kind in (ObstacleKind.FLAKY, ObstacleKind.ALREADY_PASSES)
        return
    for _ in range(3):
        if (await verifier.verify(nothing)).passed:
            found = await verifier.confirm(nothing)
            assert not isinstance(found, Evidence)
            assert found.kind in (VerdictKind.FAILED, VerdictKind.FLAKY)


async def test_state_on_the_disk_is_new_for_each_run(project):
    """A test that passes from its second run on fails in the sandbox every time, until it is really mended."""
    project.write(
        {
            "calc.py": "def ready(seen):\n    return seen\n",
            "test_calc.py": (
                "import pathlib\nfrom calc import ready\n\n\n"
                "def test_luck():\n"
                "    mark = pathlib.Path(__file__).with_name('mark')\n"
                "    seen = mark.exists()\n    mark.touch()\n    assert ready(seen)\n"
            ),
        }
    )
    task = project.task("calc.py", (LUCKY,))
    verifier = project.verifier()
    baseline = await verifier.baseline(task)
    nothing, fix = (
        Candidate(
            digest(task.base), {"calc.py": difference(task.base, task.base.replace("return seen", new))}
        )
        for new in ("return bool(seen)", "return True")
    )

    assert diagnose(task, baseline) is None
    for _ in range(2):
        assert (await verifier.verify(nothing)).kind is VerdictKind.FAILED
        assert (await verifier.verify(fix)).passed
    assert isinstance(await verifier.confirm(fix), Evidence)


async def test_a_flaky_guard_does_not_refuse_a_fix(broken):
    """It passed when the baseline was made; from then on it fails now and then."""
    broken.write(
        {
            "test_calc.py": (broken.root / "test_calc.py").read_text()
            + "\n\ndef test_luck():\n    import random\n    assert random.SystemRandom().random() < 0.6\n"
        }
    )
    failing = ("test_calc.py::test_add", "test_calc.py::test_more")
    task = broken.task("calc.py", failing)
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("-", "+"))})
    breaking = Candidate(
        digest(task.base), {"calc.py": difference(task.base, task.base.replace("a - b", "b and a + b"))}
    )
    verifier = broken.verifier()
    await verifier.baseline(task)

    refused = await verifier.verify(breaking)
    assert "test_zero" in refused.reason or "test_luck" in refused.reason
    verdicts = [await verifier.verify(fix) for _ in range(6)]
    assert sum(each.passed for each in verdicts) >= 3
    if "test_calc.py::test_luck" not in verifier._lanes[0].kept:
        assert all(each.passed for each in verdicts[2:])
    assert (await verifier.verify(breaking)).kind is VerdictKind.FAILED
