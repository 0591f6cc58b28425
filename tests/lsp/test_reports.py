"""What was seen elsewhere: runs in a terminal, pasted tracebacks."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from heal_lsp import places
from heal_lsp.core.model import Failure, FailureKind, Report, TestOutcome, TestResult
from heal_lsp.core.text import digest
from heal_lsp.engine import messages
from heal_lsp.watch.reports import write_report

TEST = "test_calc.py::test_add"


def report(project: Path, outcome: TestOutcome = TestOutcome.FAILED, **values: Any) -> Report:
    failure = Failure(FailureKind.ASSERTION, "AssertionError", "no", "test_calc.py", 5, test=TEST)
    test = TestResult(TEST, outcome, failure=failure if outcome is TestOutcome.FAILED else None)
    digests = {"test_calc.py": digest((project / "test_calc.py").read_text())}
    values = {"started": time.time() + 1, "digests": digests, **values}
    return Report(str(project), tests=(test,), **values)


def leave(project: Path, left: Report) -> None:
    write_report(places.private_folder(places.reports_folder(project)), left)


async def test_a_run_in_a_terminal_shows(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={})
    tests, code = editor.open(project / "test_calc.py"), editor.open(project / "calc.py")
    leave(project, report(project))
    await editor.until(lambda: editor.shown(tests) and editor.shown(code))
    assert editor.questions == [], "the person ran the tests; here nothing runs"
    assert not engine.of(messages.RunTests)
    leave(project, report(project, TestOutcome.PASSED))
    await editor.until(lambda: not editor.shown(tests) and not editor.shown(code))


async def test_a_run_from_before_shows_while_the_code_is_the_same(connect: Any, project: Path) -> None:
    leave(project, report(project, started=time.time() - 100))
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    await editor.until(lambda: editor.shown(tests))


async def test_a_run_from_before_of_other_code_does_not(connect: Any, project: Path, engine: Any) -> None:
    leave(project, report(project, started=time.time() - 100, digests={"test_calc.py": digest("else")}))
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    await editor.until(lambda: engine.of(messages.Locate))
    await asyncio.sleep(0.1)
    assert not editor.shown(tests)


async def test_a_report_that_is_not_believed_is_logged(connect: Any, project: Path) -> None:
    editor = await connect(project)
    folder = places.private_folder(places.reports_folder(project))
    (folder / "x.json").write_text("{")
    await editor.until(lambda: any("x.json is ignored." in each for each in editor.log))
    assert editor.messages == []


async def test_a_pasted_traceback(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    code = editor.open(project / "calc.py")
    text = (
        "Traceback (most recent call last):\n"
        f'  File "{project}/calc.py", line 2, in add\n    return a - b\n'
        "TypeError: unsupported operand\n"
    )
    found = await editor.run("heal.fromTraceback", text)
    assert (found["failures"], found["uri"], found["line"]) == (1, code, 1)
    await editor.until(lambda: len(editor.shown(code)) == 2)
    assert {each.code for each in editor.shown(code)} == {"TypeError"}
    await editor.pick(code, 1)
    await editor.until(lambda: not editor.shown(code))
    [repair] = engine.of(messages.Repair)
    assert (repair.failure.exception, repair.failing) == ("TypeError", ())


async def test_a_text_without_a_traceback(connect: Any, project: Path) -> None:
    editor = await connect(project)
    assert (await editor.run("heal.fromTraceback", {"text": "hello"}))["failures"] == 0
    assert "No traceback" in editor.messages[-1]
    with pytest.raises(JsonRpcException):
        await editor.run("heal.fromTraceback", "  ")
