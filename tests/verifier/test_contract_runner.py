"""What every Runner does, shown on the one there is."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from heal_lsp.core.model import FailureKind, ObstacleKind, Report, TestOutcome
from heal_lsp.core.text import digest
from heal_lsp.engine.messages import structure, unstructure


async def test_a_failing_test_is_reported_where_it_fails(broken):
    report = await broken.run()

    found = {each.id: each for each in report.tests}
    assert list(found) == ["test_calc.py::test_add", "test_calc.py::test_more", "test_calc.py::test_zero"]
    failure = found["test_calc.py::test_add"].failure
    assert failure.kind is FailureKind.ASSERTION
    assert failure.exception == "AssertionError"
    assert "-1 == 3" in failure.message
    assert (failure.path, failure.line, failure.phase) == ("test_calc.py", 6, "call")
    assert ("x", "3") in [(each.name, each.text) for each in failure.values]
    assert found["test_calc.py::test_zero"].outcome is TestOutcome.PASSED
    assert report.finished
    assert report.obstacle is None
    assert report.isolation == (await broken.bench.isolation()).label
    assert report.digests["test_calc.py"] == digest((broken.root / "test_calc.py").read_text())


async def test_a_report_survives_json(broken):
    report = await broken.run()

    assert structure(unstructure(report), Report) == report


async def test_frames_lead_from_the_test_to_the_exception(project):
    project.write(
        {
            "lib.py": "def parse(text):\n    return int(text)\n",
            "test_lib.py": "import lib\n\n\ndef test_it():\n    lib.parse('x')\n",
        }
    )
    [test] = (await project.run()).tests

    assert test.failure.exception == "ValueError"
    assert (test.failure.path, test.failure.line) == ("test_lib.py", 5)
    assert [(each.path, each.line, each.function) for each in test.failure.frames] == [
        ("test_lib.py", 5, "test_it"),
        ("lib.py", 2, "parse"),
    ]
    assert ("text", "'x'") in [(each.name, each.text) for each in test.failure.values]


async def test_unsaved_text_is_what_runs(broken):
    broken.unsaved["calc.py"] = "def add(a, b):\n    return a + b\n"

    report = await broken.run()

    assert {each.outcome for each in report.tests} == {TestOutcome.PASSED}
    assert "a - b" in (broken.root / "calc.py").read_text()


async def test_an_unsaved_file_that_is_not_on_the_disk_is_run(broken):
    broken.unsaved["tests/test_new.py"] = "def test_new():\n    assert False\n"

    report = await broken.run("tests/test_new.py")

    assert [each.id for each in report.tests] == ["tests/test_new.py::test_new"]
    assert report.digests["tests/test_new.py"] == digest(broken.unsaved["tests/test_new.py"])


async def test_one_test_can_be_asked_for(broken, outcomes):
    assert outcomes(await broken.run("test_calc.py::test_more")) == {"test_more": "failed"}


async def test_one_case_of_many_can_be_asked_for(project, outcomes):
    project.write(
        {
            "test_p.py": (
                "import pytest\n\n\n"
                "@pytest.mark.parametrize('a', [1, 2, 3])\ndef test_p(a):\n    assert a != 2\n"
            )
        }
    )

    assert outcomes(await project.run("test_p.py::test_p[2]")) == {"test_p[2]": "failed"}
    assert outcomes(await project.run("test_p.py::test_p")) == {
        "test_p[1]": "passed",
        "test_p[2]": "failed",
        "test_p[3]": "passed",
    }


@pytest.mark.parametrize(
    "test", ["test_calc.py::test_gone", "test_gone.py::test_add", "test_calc.py::test_a"]
)
async def test_an_id_that_matches_nothing_is_an_error(broken, test):
    report = await broken.run(test)

    assert report.tests == ()
    assert report.obstacle.kind is ObstacleKind.NO_TESTS
    assert test in report.obstacle.message


@pytest.mark.parametrize("test", ["-x", "--co", "../other/test_x.py", "/etc/passwd", "-pno:python::x"])
async def test_what_is_no_id_never_reaches_pytest(broken, test):
    report = await broken.run(test)

    assert report.tests == ()
    assert report.obstacle.kind is ObstacleKind.NO_TESTS


async def test_a_workspace_without_tests_says_so(project):
    project.write({"app.py": "x = 1\n"})

    report = await project.run()

    assert report.obstacle.kind is ObstacleKind.NO_TESTS


async def test_a_file_that_cannot_be_imported_is_an_error_at_its_line(broken):
    broken.write({"test_bad.py": "import calc\n\nimport nowhere_to_be_found\n"})

    report = await broken.run()

    [error] = report.errors
    assert (error.path, error.line, error.exception) == ("test_bad.py", 3, "ModuleNotFoundError")
    assert error.phase == "collect"


async def test_a_syntax_error_is_found_at_its_line_in_its_own_file(broken):
    broken.write({"calc.py": "def add(a, b):\n    return a +\n"})

    report = await broken.run()

    [error] = report.errors
    assert (error.path, error.line, error.exception) == ("calc.py", 2, "SyntaxError")
    assert report.obstacle.kind is ObstacleKind.COLLECTION
    assert "calc.py" in report.obstacle.message


async def test_a_broken_conftest_is_found_at_its_line(broken):
    broken.write({"conftest.py": "import os\n\nraise RuntimeError('no')\n"})

    report = await broken.run()

    assert [(each.path, each.line, each.exception) for each in report.errors] == [
        ("conftest.py", 3, "RuntimeError")
    ]
    assert report.obstacle.kind is ObstacleKind.COLLECTION


async def test_a_bad_option_in_the_configuration_is_told(broken):
    broken.write({"pytest.ini": "[pytest]\naddopts = --no-such-option\n"})

    report = await broken.run()

    assert report.obstacle.kind is ObstacleKind.COLLECTION
    assert "--no-such-option" in report.obstacle.message


async def test_errors_in_fixtures_keep_their_phase(project):
    project.write(
        {
            "conftest.py": (
                "import pytest\n\n\n"
                "@pytest.fixture\ndef up():\n    raise ValueError('up')\n\n\n"
                "@pytest.fixture\ndef down():\n    yield\n    raise ValueError('down')\n"
            ),
            "test_f.py": (
                "def test_up(up):\n    pass\n\n\ndef test_down(down):\n    pass\n\n\n"
                "def test_none(nothing):\n    pass\n"
            ),
        }
    )
    found = {each.id: each.failure for each in (await project.run()).tests}

    up, down, none = (found[f"test_f.py::{name}"] for name in ("test_up", "test_down", "test_none"))
    assert (up.phase, up.path, up.line) == ("setup", "conftest.py", 6)
    assert (down.phase, down.path, down.line) == ("teardown", "conftest.py", 12)
    assert (none.phase, none.path, none.line) == ("setup", "test_f.py", 9)
    assert "nothing" in none.message


async def test_coverage_tells_the_lines_of_each_test(project):
    project.write(
        {
            "calc.py": "def sign(a):\n    if a > 0:\n        return 1\n    return 0\n",
            "test_calc.py": (
                "from calc import sign\n\n\ndef test_up():\n    assert sign(1) == 1\n\n\n"
                "def test_down():\n    assert sign(-1) == -1\n"
            ),
        }
    )
    report = await project.run(coverage=True)

    assert report.coverage["test_calc.py::test_up"]["calc.py"] == (2, 3)
    assert report.coverage["test_calc.py::test_down"]["calc.py"] == (2, 4)
    assert (await project.run()).coverage == {}


async def test_a_script_reports_its_uncaught_exception(project):
    project.write({"tool/run.py": "import sys\n\n\ndef main():\n    return {}[sys.argv[1]]\n\n\nmain()\n"})

    report = await project.script("tool/run.py", "key")

    [error] = report.errors
    assert (error.path, error.line, error.exception) == ("tool/run.py", 5, "KeyError")
    assert [each.line for each in error.frames] == [8, 5]
    assert error.command == ("tool/run.py", "key")
    assert (error.phase, report.source) == ("run", "run")


async def test_a_script_imports_its_neighbours_and_may_end_with_sys_exit(project):
    project.write({"a/run.py": "import near\nimport sys\nsys.exit(near.CODE)\n", "a/near.py": "CODE = 3\n"})

    report = await project.script("a/run.py")

    assert (report.errors, report.obstacle, report.finished) == ((), None, True)


async def test_a_script_with_a_syntax_error(project):
    project.write({"run.py": "x = 1\nif x\n    pass\n"})

    [error] = (await project.script("run.py")).errors

    assert (error.path, error.line, error.exception) == ("run.py", 2, "SyntaxError")


async def test_a_script_that_hangs_is_an_obstacle(project):
    project.write({"run.py": "while True:\n    pass\n"})

    report = await project.script("run.py", seconds=1.0)

    assert report.obstacle.kind is ObstacleKind.TIMEOUT


async def test_a_script_that_is_not_there(project):
    report = await project.script("gone.py")

    assert "gone.py" in report.obstacle.message


async def test_a_run_is_cut_off_at_its_time_and_blames_no_test_that_only_came_last(project):
    tests = "".join(f"def test_{n}():\n    import time\n    time.sleep(0.5)\n\n\n" for n in range(40))
    project.write({"test_slow.py": tests})

    report = await project.run(seconds=10.0)

    assert report.obstacle.kind is ObstacleKind.TIMEOUT
    assert not report.finished
    assert {each.outcome for each in report.tests} == {TestOutcome.PASSED}
    assert 0 < len(report.tests) < 40


async def test_cancelling_leaves_no_process_within_a_second(project):
    project.write({"test_hang.py": "def test_hang():\n    while True:\n        pass\n"})
    await project.bench.interpreter()
    run = asyncio.create_task(project.run(seconds=60.0))
    while not _running(project.root):  # nothing tells when a process has started
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)

    began = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    while _running(project.root):
        assert time.monotonic() - began < 1.0
        await asyncio.sleep(0.02)


def _running(root):
    """Processes whose command line or working directory names the workspace."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                if os.fsencode(root) in stream.read():
                    found.append(pid)
        except OSError:
            continue
    return found


async def test_a_file_without_tests_is_named(project):
    project.write({"lib.py": "X = 1\n", "test_lib.py": "def test_it():\n    pass\n"})

    report = await project.run("lib.py")

    assert report.obstacle.kind is ObstacleKind.NO_TESTS
    assert report.obstacle.message == "lib.py has no tests."


async def test_a_file_that_does_not_parse_is_named_with_its_line(project):
    project.write(
        {"lib.py": "def f():\n    return (1\n", "test_lib.py": "import lib\n\n\ndef test_it():\n    pass\n"}
    )

    report = await project.run()

    assert report.obstacle.kind is ObstacleKind.COLLECTION
    assert report.obstacle.message == "lib.py, line 2, is no valid Python: '(' was never closed."
    assert report.obstacle.hint == "Correct that line first: no test can run before."


async def test_an_import_that_fails_is_named_with_its_line(project):
    project.write(
        {"lib.py": "X = 1\nY = X.missing\n", "test_lib.py": "import lib\n\n\ndef test_it():\n    pass\n"}
    )

    report = await project.run()

    assert report.obstacle.message.startswith(
        "Collecting the tests failed at lib.py, line 2: AttributeError: "
    )


async def test_a_script_that_ends_its_process_is_reported_once(project):
    project.write({"run.py": "import os\n\nos.kill(os.getpid(), 9)\n"})

    report = await project.script("run.py")

    assert report.obstacle is None
    assert [each.exception for each in report.failures] == ["Crash"]
    assert report.tests == ()


async def test_a_link_that_leads_back_makes_no_test_count_twice(broken):
    (broken.root / "loop").symlink_to(".")
    report = await broken.run()
    assert sorted(each.id for each in report.tests) == [
        "test_calc.py::test_add",
        "test_calc.py::test_more",
        "test_calc.py::test_zero",
    ]
