"""What every Verifier does, shown on the one there is."""

from __future__ import annotations

import asyncio
import time

import pytest

from heal_lsp.core.model import Candidate, Evidence, ObstacleKind, TestOutcome, VerdictKind
from heal_lsp.core.text import Edit, difference, digest

FAILING = ("test_calc.py::test_add", "test_calc.py::test_more")


def candidate(base, new, path="calc.py"):
    return Candidate(digest(base), {path: difference(base, new)})


def replacing(task, old, new):
    return candidate(task.base, task.base.replace(old, new), task.target.path)


async def test_the_baseline_tells_how_each_test_behaves(broken):
    baseline = await broken.verifier().baseline(broken.task("calc.py", FAILING))

    assert baseline.ids(TestOutcome.FAILED) == FAILING
    assert baseline.ids(TestOutcome.PASSED) == ("test_calc.py::test_zero",)
    assert baseline.coverage["test_calc.py::test_zero"]["calc.py"] == (2,)
    assert baseline.obstacle is None
    assert baseline.flaky == ()
    assert baseline.isolation
    assert baseline.python.count(".") == 2


async def test_a_right_candidate_passes_and_is_confirmed(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    fix = replacing(task, "a - b", "a + b")

    verdict = await verifier.verify(fix)
    assert verdict.kind is VerdictKind.PASSED
    assert {each.id for each in verdict.tests} == {*FAILING, "test_calc.py::test_zero"}
    assert {each.outcome for each in verdict.tests} == {TestOutcome.PASSED}
    evidence = await verifier.confirm(fix)

    assert isinstance(evidence, Evidence)
    assert evidence.fixed == FAILING
    assert evidence.kept == ("test_calc.py::test_zero",)
    assert evidence.still_failing == ()
    assert evidence.isolation == (await broken.bench.isolation()).label
    assert (broken.root / "calc.py").read_text() == task.base


async def test_a_wrong_candidate_fails_with_the_reason(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    verdict = await verifier.verify(replacing(task, "a - b", "a * b"))

    assert verdict.kind is VerdictKind.FAILED
    assert "test_add" in verdict.reason
    assert "2 == 3" in verdict.reason


async def test_a_candidate_that_breaks_a_guard_fails(broken):
    verifier = broken.verifier()
    task = broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    special = replacing(task, "return a - b", "return 5 if b == 1 else a + b if b else 6")

    verdict = await verifier.verify(special)

    assert verdict.kind is VerdictKind.FAILED
    assert "test_zero" in verdict.reason
    assert not isinstance(await verifier.confirm(special), Evidence)


async def test_a_candidate_sees_unsaved_texts_of_other_files(broken):
    broken.unsaved["test_calc.py"] = (
        "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 103\n"
    )
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING[:1])
    await verifier.baseline(task)

    assert (await verifier.verify(replacing(task, "a - b", "a + b"))).kind is VerdictKind.FAILED
    assert (await verifier.verify(replacing(task, "a - b", "a + b + 100"))).passed


MARK = """\
import os
MARKS = ["mark", "/tmp/mark", "/dev/shm/mark", os.path.expanduser("~/mark")]


def add(a, b):
    seen = [each for each in MARKS if os.path.exists(each)]
    assert not seen, seen
    for each in MARKS:
        open(each, "w").close()
    return a * b
"""


async def test_what_one_candidate_does_the_next_does_not_see(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    first = await verifier.verify(candidate(task.base, MARK))
    second = await verifier.verify(candidate(task.base, MARK + "\n"))

    assert "2 == 3" in first.reason
    assert "2 == 3" in second.reason
    assert not (broken.root / "mark").exists()


async def test_many_candidates_are_screened_in_order(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    changes = ["a + b", "a * b", "a +", "b + a", "5 if b == 1 else a + b if b else 6"]
    candidates = [replacing(task, "a - b", each) for each in changes]
    candidates.append(Candidate(digest(task.base), {"calc.py": (Edit(5000, 5001, "x"),)}))
    candidates.append(Candidate(digest(task.base), {"other.py": (Edit(0, 0, "x"),)}))

    found = await verifier.screen(candidates, 30.0)

    kinds = [None if each is None else each.kind for each in found]
    passed, failed = VerdictKind.PASSED, VerdictKind.FAILED
    assert kinds == [passed, failed, failed, passed, failed, None, None]
    assert "assert 2 == 3" in found[1].reason
    outcomes = [each.outcome for each in found[4].tests]
    assert outcomes == [TestOutcome.PASSED, TestOutcome.PASSED, TestOutcome.FAILED]
    assert (await verifier.verify(candidates[0])).passed
    assert await verifier.screen([], 1.0) == []


async def test_nothing_is_screened_where_nothing_can_run(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    assert not await verifier.screen([replacing(task, "a - b", "a + b")], 1.0)

    await verifier.baseline(task)
    await verifier.close()
    assert not await verifier.screen([replacing(task, "a - b", "a + b")], 1.0)


async def test_a_cancelled_screening_is_forgotten(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    hanging = [replacing(task, "a - b", f"10 ** 10 ** {9 + number}") for number in range(20)]
    running = asyncio.create_task(verifier.screen(hanging, 60.0))
    await asyncio.sleep(0.5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    found = await verifier.screen([replacing(task, "a - b", "a + b")], 10.0)
    assert [each.kind for each in found] == [VerdictKind.PASSED]


async def test_edits_that_do_not_fit_are_refused(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    for path, edit in (("calc.py", Edit(5000, 5001, "x")), ("../calc.py", Edit(0, 0, "x"))):
        verdict = await verifier.verify(Candidate(digest(task.base), {path: (edit,)}))
        assert verdict.kind is VerdictKind.REFUSED
        assert path in verdict.reason


async def test_a_candidate_that_does_not_parse_fails(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    verdict = await verifier.verify(replacing(task, "a - b", "a +"))

    assert verdict.kind is VerdictKind.FAILED
    assert "SyntaxError" in verdict.reason


async def test_a_flaky_test_is_told(project):
    project.write(
        {
            "calc.py": "def f():\n    return 1\n",
            "test_calc.py": (
                "import random\nfrom calc import f\n\n\n"
                "def test_luck():\n    assert f() and random.SystemRandom().random() < 0.5\n"
            ),
        }
    )
    for _ in range(12):  # it must fail first, and then pass once in two runs
        verifier = project.verifier()
        baseline = await verifier.baseline(project.task("calc.py", ("test_calc.py::test_luck",)))
        await verifier.close()
        if baseline.flaky:
            assert baseline.flaky == ("test_calc.py::test_luck",)
            return
    pytest.fail("never told")


async def test_a_test_that_passes_by_now_is_told_as_passing(broken):
    broken.unsaved["calc.py"] = "def add(a, b):\n    return a + b\n"

    baseline = await broken.verifier().baseline(broken.task("calc.py", FAILING))

    assert set(FAILING) <= set(baseline.ids(TestOutcome.PASSED))
    assert baseline.obstacle is None


async def test_a_failing_test_that_is_gone_is_absent_from_the_baseline(broken):
    baseline = await broken.verifier().baseline(broken.task("calc.py", ("test_calc.py::test_gone", *FAILING)))

    assert "test_calc.py::test_gone" not in [each.id for each in baseline.tests]
    assert baseline.ids(TestOutcome.FAILED) == FAILING


async def test_tests_that_cannot_be_collected_are_an_obstacle(broken):
    broken.write({"test_calc.py": "import nowhere_to_be_found\n"})

    baseline = await broken.verifier().baseline(broken.task("calc.py", FAILING))

    assert baseline.obstacle.kind is ObstacleKind.COLLECTION


async def test_a_failing_test_elsewhere_stays_so(broken):
    broken.write({"test_other.py": "def test_other():\n    assert False\n"})
    verifier = broken.verifier()
    task = broken.task("calc.py", FAILING, ("test_calc.py", "test_other.py"))
    await verifier.baseline(task)

    evidence = await verifier.confirm(replacing(task, "a - b", "a + b"))

    assert evidence.still_failing == ("test_other.py::test_other",)


async def test_conftest_that_imports_the_target_does_not_hide_the_candidate(broken):
    broken.write({"conftest.py": "import calc\nFUNCTION = calc.add\n"})
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    assert (await verifier.verify(replacing(task, "a - b", "a + b"))).passed
    assert (await verifier.verify(replacing(task, "a - b", "a * b"))).kind is VerdictKind.FAILED


async def test_names_bound_elsewhere_see_the_candidate(project):
    project.write(
        {
            "calc.py": "def f(a):\n    return a - 1\n",
            "uses.py": (
                "import functools\nfrom calc import f\nHANDLERS = {'p': f}\n"
                "PARTIAL = functools.partial(f, 1)\n\n\n"
                "class Holder:\n    method = staticmethod(f)\n"
            ),
            "test_uses.py": (
                "from uses import HANDLERS, PARTIAL, Holder, f\n\n\n"
                "def test_all():\n    found = [f(1), HANDLERS['p'](1), PARTIAL(), Holder.method(1)]\n"
                "    assert found == [2, 2, 2, 2]\n"
            ),
        }
    )
    verifier, task = project.verifier(), project.task("calc.py", ("test_uses.py::test_all",))
    await verifier.baseline(task)

    assert (await verifier.verify(replacing(task, "a - 1", "a + 1"))).passed


async def test_a_stale_bytecode_file_is_never_loaded(broken):
    import os
    import py_compile

    source = broken.root / "calc.py"
    moment = 315532800
    os.utime(source, (moment, moment))
    py_compile.compile(str(source))
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)

    assert (await verifier.verify(replacing(task, "a - b", "a + b"))).passed  # as long as the original


async def test_a_lost_worker_is_replaced_once_asked_again(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    verifier._client._process.kill()
    await verifier._client._process.wait()

    assert (await verifier.verify(replacing(task, "a - b", "a + b"))).passed


async def test_a_cancelled_candidate_is_forgotten(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    running = asyncio.create_task(verifier.verify(replacing(task, "return", "while True: pass\n    return")))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (await verifier.verify(replacing(task, "a - b", "a + b"))).passed
    began = time.monotonic()
    await verifier.close()
    assert time.monotonic() - began < 1.0


async def test_close_may_come_at_any_moment_and_twice(broken):
    verifier = broken.verifier()
    await verifier.close()
    await verifier.close()

    task = broken.task("calc.py", FAILING)
    baseline = await verifier.baseline(task)
    assert baseline.obstacle is not None
    verdict = await verifier.verify(replacing(task, "a - b", "a + b"))
    assert verdict.kind is VerdictKind.INFRASTRUCTURE


async def test_an_honest_looking_object_that_equals_everything_is_not_confirmed(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    liar = (
        "class Any(int):\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n\n\n"
        "def add(a, b):\n    return Any()\n"
    )

    assert (await verifier.verify(candidate(task.base, liar))).passed
    assert (await verifier.confirm(candidate(task.base, liar))).kind is VerdictKind.FAILED


async def test_a_candidate_that_changes_how_pytest_judges_is_not_confirmed(broken):
    verifier, task = broken.verifier(), broken.task("calc.py", FAILING)
    await verifier.baseline(task)
    tamper = (
        "import _pytest.runner\n_pytest.runner.pytest_runtest_call = lambda item: None\n"
        "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n\n\n"
        "def add(a, b):\n    return 0\n"
    )
    assert not isinstance(await verifier.confirm(candidate(task.base, tamper)), Evidence)


async def test_denied_tests_are_told_as_denied(broken):
    (broken.root / ".env").write_text("KEY=1\n")
    broken.write(
        {
            "test_secret.py": "from calc import add\n\n\ndef test_key():\n"
            "    assert open('.env').read() and add(1, 2) == 3\n"
        }
    )
    task = broken.task("calc.py", ("test_secret.py::test_key",))
    baseline = await broken.verifier().baseline(task)

    [test] = baseline.tests
    assert test.outcome is TestOutcome.DENIED
    assert "heal.exclude" in test.failure.message
