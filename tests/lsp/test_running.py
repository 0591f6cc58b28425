"""Runs that the person asks for, and runs after a save."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from heal_lsp.core.model import Failure, FailureKind, Obstacle, ObstacleKind, TestOutcome
from heal_lsp.engine import messages

QUICK = {"heal": {"trusted": True, "test": {"debounceMs": 50}}}


async def test_a_save_runs_what_it_reaches(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options=QUICK)
    code = editor.open(project / "calc.py")
    editor.save(code, project / "calc.py")
    await editor.until(lambda: editor.shown(code))
    [run] = engine.of(messages.RunTests)
    assert (run.saved, run.tests) == (("calc.py",), ())
    assert editor.messages == [], "nobody asked, so nothing pops up"


async def test_saves_are_gathered_and_a_newer_one_cancels(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options=QUICK)
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    engine.run_seconds = 60
    editor.save(code, project / "calc.py")
    await editor.until(lambda: engine.of(messages.RunTests))
    engine.run_seconds = 0
    editor.save(tests, project / "test_calc.py")
    editor.save(tests, project / "test_calc.py")
    await editor.until(lambda: editor.shown(code))
    first, second = engine.of(messages.RunTests)
    assert engine.cancelled == [first.job]
    assert second.saved == ("calc.py", "test_calc.py"), "what the cancelled run had to do is not lost"


async def test_a_run_that_ends_late_does_not_clear_what_a_newer_one_shows(
    connect: Any, project: Path, engine: Any
) -> None:
    editor = await connect(project, options=QUICK)
    code = editor.open(project / "calc.py")
    broken = editor.texts[code]
    engine.run_seconds = 0.5
    editor.type(code, broken.replace("a - b", "a + b"))
    older = asyncio.ensure_future(editor.run("heal.runTests"))
    await editor.until(lambda: engine.of(messages.RunTests))
    engine.run_seconds = 0
    editor.type(code, broken)
    await editor.run("heal.runTests")
    assert (await older)["failed"] == 0
    await asyncio.sleep(0.3)
    assert editor.shown(code)


async def test_saving_can_do_nothing(connect: Any, project: Path, engine: Any) -> None:
    options = {"heal": {"trusted": True, "onSave": "off", "test": {"debounceMs": 0}}}
    editor = await connect(project, options=options)
    code = editor.open(project / "calc.py")
    editor.save(code, project / "calc.py")
    await asyncio.sleep(0.2)
    assert engine.requests == []


async def test_only_python_files_count(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options=QUICK)
    (project / "notes.txt").write_text("x")
    editor.save(editor.open(project / "notes.txt"), project / "notes.txt")
    await asyncio.sleep(0.2)
    assert engine.requests == []


@pytest.mark.parametrize(
    ("arguments", "tests"),
    [
        ({}, ()),
        ({"uri": "{uri}/test_calc.py"}, ("test_calc.py",)),
        ({"uri": "{uri}/test_calc.py", "scope": "workspace"}, ()),
        ({"uri": "{uri}"}, ()),
        ({"test": "test_calc.py::test_add"}, ("test_calc.py::test_add",)),
        ({"uri": "{uri}/test_calc.py", "test": "test_calc.py::test_add", "scope": "file"}, ("test_calc.py",)),
    ],
)
async def test_what_is_run(
    connect: Any, project: Path, engine: Any, arguments: dict[str, str], tests: tuple[str, ...]
) -> None:
    editor = await connect(project)
    given = {name: value.replace("{uri}", project.as_uri()) for name, value in arguments.items()}
    await editor.run("heal.runTests", given)
    assert engine.of(messages.RunTests)[0].tests == tests


@pytest.mark.parametrize("arguments", [{"test": "--pdb"}, {"scope": "world"}, {"uri": "file:///else/x.py"}])
async def test_what_is_not_run(connect: Any, project: Path, engine: Any, arguments: dict[str, str]) -> None:
    editor = await connect(project)
    with pytest.raises(JsonRpcException):
        await editor.run("heal.runTests", arguments)
    assert engine.requests == []


async def test_an_obstacle_is_told_once_on_save_and_always_on_request(
    connect: Any, project: Path, engine: Any
) -> None:
    engine.obstacle = Obstacle(ObstacleKind.NO_PYTEST, "No pytest here.", "Run pip install pytest.")
    editor = await connect(project, options=QUICK)
    code = editor.open(project / "calc.py")
    for count in (1, 2):
        editor.save(code, project / "calc.py")
        await editor.until(lambda count=count: len(engine.of(messages.RunTests)) == count)
        await asyncio.sleep(0.1)
    assert editor.messages == ["No pytest here. Run pip install pytest."]
    result = await editor.run("heal.runTests")
    assert (result["outcome"], result["obstacle"]) == ("obstacle", "no-pytest")
    assert len(editor.messages) == 2
    assert editor.shown(code) == [], "no false red"


async def test_a_file_that_no_test_reaches_is_no_message(connect: Any, project: Path, engine: Any) -> None:
    engine.obstacle = Obstacle(ObstacleKind.NO_TESTS, "No test reaches calc.py.", "Write one.")
    editor = await connect(project, options=QUICK)
    code = editor.open(project / "calc.py")
    editor.save(code, project / "calc.py")
    await editor.until(lambda: "No test reaches calc.py." in editor.log)
    assert editor.messages == []


async def test_a_denied_test_is_explained_once_and_never_red(
    connect: Any, project: Path, engine: Any
) -> None:
    engine.outcomes["test_calc.py::test_add"] = TestOutcome.DENIED
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    for _ in range(2):
        await editor.run("heal.runTests")
    [told] = [each for each in editor.messages if "denies" in each]
    assert "test_calc.py::test_add could not run" in told
    assert "no failure of your code" in told
    assert not editor.shown(tests)


async def test_a_collection_error_is_shown_at_its_line(connect: Any, project: Path, engine: Any) -> None:
    engine.errors = (
        Failure(FailureKind.EXCEPTION, "SyntaxError", "bad", "test_calc.py", 4, phase="collect"),
    )
    engine.outcomes["test_calc.py::test_add"] = TestOutcome.PASSED
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(tests))
    [shown] = editor.shown(tests)
    assert (shown.code, shown.range.start.line) == ("SyntaxError", 3)
    titles = [each.title for each in await editor.actions(tests, 3)]
    assert [each for each in titles if each.startswith("Heal")] == []
    assert [each for each in titles if each.startswith("Explain")] != []


async def test_a_script(connect: Any, project: Path) -> None:
    script = project / "script.py"
    script.write_text("x = 1\nraise ValueError('bad')\n")
    editor = await connect(project)
    uri = editor.open(script)
    assert (await editor.run("heal.runFile", uri, ["--flag"]))["failed"] == 1
    await editor.until(lambda: editor.shown(uri))
    assert editor.slice(uri, editor.shown(uri)[0].range) == "raise ValueError('bad')"
    assert "script.py ended with ValueError at script.py:2." in editor.messages
    assert "said\n" in editor.log
    editor.type(uri, "x = 1\n")
    assert (await editor.run("heal.runFile", {"uri": uri}))["failed"] == 0
    await editor.until(lambda: not editor.shown(uri))


async def test_a_change_makes_a_failure_stale_until_the_next_run(connect: Any, project: Path) -> None:
    editor = await connect(project)
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code) and editor.shown(tests))
    original = editor.texts[code]
    editor.type(code, "# moved\n" + original)
    await editor.until(lambda: editor.shown(code)[0].severity is lsp.DiagnosticSeverity.Hint)
    for uri in (code, tests):
        [shown] = editor.shown(uri)
        assert shown.severity is lsp.DiagnosticSeverity.Hint
        assert shown.message.endswith("(changed since)")
    assert editor.slice(code, editor.shown(code)[0].range) == "add"
    assert editor.shown(code)[0].range.start.line == 1
    editor.type(code, original)
    await editor.until(lambda: editor.shown(code)[0].severity is lsp.DiagnosticSeverity.Warning)
    editor.type(code, "# moved\n" + original)
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code)[0].severity is lsp.DiagnosticSeverity.Warning)


async def test_diagnostics_come_again_when_a_file_is_opened(connect: Any, project: Path) -> None:
    editor = await connect(project)
    await editor.run("heal.runTests")
    uri = (project / "calc.py").as_uri()
    await editor.until(lambda: editor.shown(uri))
    editor.client.diagnostics.clear()
    editor.open(project / "calc.py")
    await editor.until(lambda: editor.shown(uri))


async def test_a_test_that_is_deleted_is_cleared_on_save(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={"heal": {"trusted": True, "onSave": "off"}})
    tests = editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(tests))
    editor.type(tests, "# nothing\n")
    editor.save(tests, project / "test_calc.py")
    await editor.until(lambda: not editor.shown(tests))


async def test_secrets_in_open_buffers_stay_here(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    editor.open((project / ".env").as_uri(), "TOKEN=1\n")
    editor.open((project / "new.py").as_uri(), "x = 1\n")
    await editor.run("heal.runTests")
    assert set(engine.of(messages.RunTests)[0].snapshot.texts) == {"new.py"}
