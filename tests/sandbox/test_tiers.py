"""Which isolation is in force, and what happens where there is none."""

from __future__ import annotations

import os

import pytest

from heal_lsp.core.model import Candidate, Evidence, ObstacleKind, TestOutcome, VerdictKind
from heal_lsp.core.text import difference, digest
from heal_lsp.verifier.sandbox import mac_profile


@pytest.fixture
def bare(project):
    """A workspace on a machine without bubblewrap and without Landlock."""
    project.options |= {"bubblewrap": (), "landlock": 0}
    return project.write(
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        }
    )


def test_the_rules_for_macos_name_what_may_be_read_and_the_one_folder_that_is_written():
    """What can be said of them on another system: it is text, and closed by default."""
    rules = mac_profile(('/a folder/with"quotes',), "/private/tmp/heal-1").splitlines()

    assert rules[1] == "(deny default)"
    assert rules[-1] == "(deny network*)"
    assert '(subpath "/a folder/with\\"quotes")' in "".join(rules)
    assert [each for each in rules if each.startswith("(allow file-write*")] == [
        '(allow file-write* (subpath "/private/tmp/heal-1"))'
    ]
    assert all(each.count("(") == each.count(")") for each in rules)


async def test_the_first_tier_is_found_by_running_it(project):
    isolation = await project.bench.isolation()

    assert isolation.tier == 1
    assert "no network" in isolation.label
    assert isolation.reason == ""


async def test_a_bubblewrap_that_does_not_work_is_told_with_its_reason(project, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    project.options["bubblewrap"] = (str(broken),)

    isolation = await project.bench.isolation()

    assert isolation.tier == 2
    assert "setting up uid map: Permission denied" in isolation.reason


async def test_one_that_works_is_taken_when_the_first_does_not(project, tmp_path):
    from heal_lsp.verifier.sandbox import bubblewraps

    project.options["bubblewrap"] = (str(tmp_path / "none"), *bubblewraps())

    assert (await project.bench.isolation()).tier == 1


async def test_without_a_sandbox_nothing_runs(bare, tmp_path):
    mark = tmp_path / "mark"
    bare.write({"conftest.py": f"open({str(mark)!r}, 'w')\n"})

    report = await bare.run()
    baseline = await bare.verifier().baseline(bare.task("calc.py", ("test_calc.py::test_add",)))

    for obstacle in (report.obstacle, baseline.obstacle):
        assert obstacle.kind is ObstacleKind.NO_SANDBOX
        assert "bubblewrap is not installed" in obstacle.message
        assert "heal.sandbox.allowUnisolated" in obstacle.hint
    assert not mark.exists()
    assert (await bare.bench.interpreter()).obstacle.kind is ObstacleKind.NO_SANDBOX


@pytest.mark.parametrize(
    "name", ["HEAL_SANDBOX_ALLOW_UNISOLATED", "HEAL_TEST_NO_SANDBOX", "HEAL_UNISOLATED", "HEAL_TEST_TIER"]
)
async def test_no_variable_weakens_it(bare, monkeypatch, name):
    monkeypatch.setenv(name, "1")

    assert (await bare.run()).obstacle.kind is ObstacleKind.NO_SANDBOX


async def test_who_allows_it_runs_on_a_copy_and_is_told(bare):
    bare.policy["allow_unisolated"] = True
    bare.write({".env": "SECRET", "test_w.py": "def test_w():\n    open('made', 'w').close()\n"})

    report = await bare.run()

    assert "no isolation" in report.isolation
    assert {each.id.partition("::")[2]: each.outcome for each in report.tests} == {
        "test_add": TestOutcome.FAILED,
        "test_w": TestOutcome.PASSED,
    }
    [failure] = report.failures
    assert [each.path for each in failure.frames] == ["test_calc.py"]
    assert report.root == str(bare.root)
    assert not (bare.root / "made").exists()


async def test_a_repair_without_a_sandbox(bare):
    bare.policy["allow_unisolated"] = True
    task = bare.task("calc.py", ("test_calc.py::test_add",))
    verifier = bare.verifier()
    baseline = await verifier.baseline(task)
    right, wrong, crash = (
        Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("a - b", new))})
        for new in ("a + b", "a * b", "__import__('os')._exit(0)")
    )

    assert baseline.ids(TestOutcome.FAILED) == ("test_calc.py::test_add",)
    assert (await verifier.verify(wrong)).kind is VerdictKind.FAILED
    assert (await verifier.verify(right)).passed
    assert (await verifier.verify(crash)).kind is VerdictKind.CRASHED
    assert (await verifier.verify(wrong)).kind is VerdictKind.FAILED
    evidence = await verifier.confirm(right)
    assert isinstance(evidence, Evidence)
    assert "no isolation" in evidence.isolation
    temporary = verifier._client.box.temporary
    await verifier.close()
    assert not os.path.exists(temporary)
