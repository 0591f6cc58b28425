"""From a failing test to the applied fix, and every way in which it can end otherwise."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from heal_lsp.core.model import Obstacle, ObstacleKind, Outcome, OutcomeKind, TestOutcome
from heal_lsp.engine import messages

CURED = "def add(a, b):\n    return a + b\n\n\ndef other(a):\n    return a\n"


async def opened(connect: Any, project: Path, **how: Any) -> tuple[Any, str, str]:
    """An editor with both files open and the failure shown."""
    editor = await connect(project, **how)
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code) and editor.shown(tests))
    return editor, code, tests


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
async def test_a_failing_test_becomes_an_applied_fix(connect: Any, project: Path, name: str) -> None:
    editor, code, tests = await opened(connect, project, name=name)
    [failing], [suspect] = editor.shown(tests), editor.shown(code)
    assert editor.slice(tests, failing.range) == "assert add(1, 2) == 3"
    assert editor.slice(code, suspect.range) == "add"
    assert (failing.source, failing.code) == ("heal", "AssertionError")
    assert (failing.severity, suspect.severity) == (
        lsp.DiagnosticSeverity.Error,
        lsp.DiagnosticSeverity.Warning,
    )
    healed = await editor.pick(code, 1)
    assert (healed["outcome"], healed["applied"]) == ("healed", True)
    assert editor.texts[code] == CURED
    assert [each.label for each in editor.edits] == ["Heal: fix `add`"]
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests))
    assert (project / "calc.py").read_text() != CURED, "only the editor writes"
    assert editor.messages[-1].startswith("Healed. `add` failed.")


async def test_the_two_diagnostics_are_linked_both_ways(connect: Any, project: Path) -> None:
    editor, code, tests = await opened(connect, project)
    [failing], [suspect] = editor.shown(tests), editor.shown(code)
    assert [each.location for each in failing.related_information] == [lsp.Location(code, suspect.range)]
    assert [each.location for each in suspect.related_information] == [lsp.Location(tests, failing.range)]
    assert failing.data["failure"] == suspect.data["failure"] == "test:test_calc.py::test_add"


async def test_a_client_without_links_reads_the_suspect_in_the_message(connect: Any, project: Path) -> None:
    editor, _, tests = await opened(connect, project, name="emacs")
    [failing] = editor.shown(tests)
    assert failing.related_information is None
    assert "`add`, calc.py:1" in failing.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
async def test_emoji_and_line_endings(connect: Any, project: Path, encoding: str, ending: str) -> None:
    text = '# 🩹 é\ndef add(a, b):\n    "🩹"; c = "é🩹"; return a - b  # 🩹\n\n'.replace("\n", ending)
    (project / "calc.py").write_bytes(text.encode())
    tests = (
        f'from calc import add{ending}def test_add():{ending}    "🩹"; assert add(1, 2) == 3, "🩹"{ending}'
    )
    (project / "test_calc.py").write_bytes(tests.encode())
    editor, code, test = await opened(connect, project, encodings=[encoding])
    assert editor.encoding == encoding
    assert editor.slice(test, editor.shown(test)[0].range) == '"🩹"; assert add(1, 2) == 3, "🩹"'
    await editor.pick(code, 1)
    assert editor.texts[code] == text.replace("a - b", "a + b")
    [edit] = editor.edits[0].edit.document_changes[0].edits
    assert edit.new_text == "+"


async def test_the_buffer_keeps_its_line_endings_when_the_disk_has_others(
    connect: Any, project: Path
) -> None:
    (project / "calc.py").write_bytes(b"def add(a, b):\r\n    return a - b\r\n")
    editor = await connect(project)
    code = editor.open(project / "calc.py", "def add(a, b):\n    return a - b\n")
    await editor.run("heal.runTests")
    await editor.run("heal.healFunction", code, 0)
    assert editor.texts[code] == "def add(a, b):\n    return a + b\n"


async def test_unsaved_text_is_what_is_tested_and_healed(connect: Any, project: Path, engine: Any) -> None:
    (project / "calc.py").write_text("def add(a, b):\n    return 0\n")
    editor = await connect(project)
    code = editor.open(project / "calc.py")
    editor.type(code, "# new\ndef add(a, b):\n    return a - b\n")
    await editor.run("heal.runTests")
    assert engine.of(messages.RunTests)[0].snapshot.texts == {"calc.py": editor.texts[code]}
    await editor.pick(code, 1)
    assert editor.texts[code] == "# new\ndef add(a, b):\n    return a + b\n"


async def test_a_file_that_is_not_open(connect: Any, project: Path) -> None:
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")

    def edit() -> None:
        (project / "calc.py").write_text(CURED)

    editor.before_edit = edit
    healed = await editor.pick(tests, 4)
    assert healed["applied"] is True
    [change] = editor.edits[0].edit.document_changes
    assert change.text_document.version is None


async def test_a_claim_about_a_file_that_is_not_open_is_believed(connect: Any, project: Path) -> None:
    editor = await connect(project)
    tests = editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    assert (await editor.pick(tests, 4))["applied"] is True


async def test_a_version_of_zero_is_a_version(connect: Any, project: Path) -> None:
    editor = await connect(project, name="emacs", taking="error")
    editor.base_version = 0
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.pick(code, 0)
    assert editor.edits[0].edit.document_changes[0].text_document.version == 0
    assert editor.texts[code] == CURED


async def test_a_client_without_versions_gets_plain_changes(connect: Any, project: Path) -> None:
    editor = await connect(project, name="neovim", calls_itself="another")
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.pick(code, 0)
    assert editor.edits[0].edit.document_changes is None
    assert editor.texts[code] == CURED


@pytest.mark.parametrize("taking", ["strict", "skip", "error"])
async def test_typing_while_the_edit_travels(connect: Any, project: Path, engine: Any, taking: str) -> None:
    editor, code, _ = await opened(connect, project, taking=taking)
    typed = iter(["# typed\n"])

    def type_once() -> None:
        for each in typed:
            editor.type(code, each + editor.texts[code])

    editor.before_edit = type_once
    healed = await editor.pick(code, 1)
    assert healed["applied"] is True
    assert editor.texts[code] == "# typed\n" + CURED
    assert len(engine.of(messages.Reverify)) == 1
    assert [each.edit.document_changes[0].text_document.version for each in editor.edits] == [1, 2]


async def test_typing_during_the_heal(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)

    async def type_now() -> None:
        editor.type(code, "# typed 🩹\n" + editor.texts[code])
        await asyncio.sleep(0.2)

    engine.on_repair = type_now
    assert (await editor.pick(code, 1))["applied"] is True
    assert editor.texts[code] == "# typed 🩹\n" + CURED
    [again] = engine.of(messages.Reverify)
    assert again.snapshot.texts == {"calc.py": "# typed 🩹\n" + CURED.replace("a + b", "a - b")}


async def test_a_change_of_the_test_during_the_heal(connect: Any, project: Path, engine: Any) -> None:
    editor, code, tests = await opened(connect, project)

    async def type_now() -> None:
        editor.type(tests, editor.texts[tests] + "# more\n")
        await asyncio.sleep(0.2)

    engine.on_repair = type_now
    assert (await editor.pick(code, 1))["applied"] is True
    assert len(engine.of(messages.Reverify)) == 1


async def test_the_function_is_rewritten_during_the_heal(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)

    async def type_now() -> None:
        editor.type(code, "def add(a, b):\n    return sum((a, b))\n")
        await asyncio.sleep(0.2)

    engine.on_repair = type_now
    healed = await editor.pick(code, 1)
    assert (healed["outcome"], healed["applied"]) == ("obstacle", False)
    assert editor.edits == []
    assert "changed while it was being healed" in editor.messages[-1]


async def test_somebody_who_never_stops_typing(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    editor.before_edit = lambda: editor.type(code, "#\n" + editor.texts[code])
    healed = await editor.pick(code, 1)
    assert (healed["outcome"], healed["applied"]) == ("not-applied", False)
    assert len(engine.of(messages.Reverify)) == 3, "then the person is asked to pause"
    assert "a - b" in editor.texts[code]
    assert "heal again when you have finished typing" in editor.messages[-1]


async def test_an_editor_that_applies_but_never_answers(connect: Any, project: Path) -> None:
    editor, code, _ = await opened(connect, project, taking="silent")
    assert (await asyncio.wait_for(editor.pick(code, 1), 5))["applied"] is True
    assert editor.texts[code] == CURED


async def test_an_editor_that_neither_applies_nor_answers(
    connect: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heal_lsp.lsp.applying.ANSWER_SECONDS", 0.5)
    editor, code, _ = await opened(connect, project, taking="never")
    healed = await asyncio.wait_for(editor.pick(code, 1), 5)
    assert (healed["outcome"], healed["applied"]) == ("not-applied", False)
    assert "did not say whether it applied" in editor.messages[-1]
    editor.taking = "strict"
    assert (await editor.pick(code, 1))["applied"] is True


async def test_an_editor_that_tells_of_the_change_when_its_request_is_answered(
    connect: Any, project: Path
) -> None:
    editor, code, _ = await opened(connect, project, taking="late")
    assert (await asyncio.wait_for(editor.pick(code, 1), 5))["applied"] is True
    await editor.until(lambda: not editor.shown(code))
    assert editor.texts[code] == CURED
    assert [each for each in editor.messages if each.startswith("Healed.")]


async def test_an_editor_that_says_yes_and_does_nothing(
    connect: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heal_lsp.lsp.applying.ARRIVAL_SECONDS", 0.5)
    editor, code, _ = await opened(connect, project, taking="claim")
    await editor.pick(code, 1)
    await editor.until(lambda: "its text is not the fixed one" in editor.messages[-1])
    assert editor.shown(code)


async def test_an_editor_that_refuses(connect: Any, project: Path) -> None:
    editor, code, _ = await opened(connect, project, taking="refuse")
    healed = await editor.pick(code, 1)
    assert (healed["outcome"], healed["applied"]) == ("not-applied", False)
    assert "refused the edit (no)" in editor.messages[-1]


async def test_cancelled_by_the_progress_display(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.repair_seconds = 60
    heal = asyncio.ensure_future(editor.pick(code, 1))
    await editor.until(lambda: engine.of(messages.Repair))
    token = list(editor.client.progress_reports)[-1]
    editor.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
    assert (await asyncio.wait_for(heal, 1))["outcome"] == "cancelled"
    assert engine.cancelled
    assert editor.edits == []
    assert editor.messages[-1] == "Healing `add` was cancelled. Nothing was changed."
    assert isinstance(editor.client.progress_reports[token][-1], lsp.WorkDoneProgressEnd)


async def test_cancelled_by_the_request(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.repair_seconds = 60
    params = lsp.ExecuteCommandParams("heal.healFunction", [{"uri": code, "line": 0}])
    send = editor.client.protocol.send_request_async
    heal = asyncio.ensure_future(send(lsp.WORKSPACE_EXECUTE_COMMAND, params, msg_id="mine"))
    await editor.until(lambda: engine.of(messages.Repair))
    editor.client.cancel_request(lsp.CancelParams("mine"))
    with pytest.raises(JsonRpcException):
        await asyncio.wait_for(heal, 1)
    await editor.until(lambda: engine.cancelled, 1)


async def test_cancelled_by_the_command(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.repair_seconds = 60
    heal = asyncio.ensure_future(editor.pick(code, 1))
    await editor.until(lambda: engine.of(messages.Repair))
    assert (await editor.run("heal.cancel"))["jobs"] >= 1
    assert (await asyncio.wait_for(heal, 1))["outcome"] == "cancelled"


async def test_shutdown_in_the_midst_of_a_heal(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.repair_seconds = 60
    heal = asyncio.ensure_future(editor.pick(code, 1))
    await editor.until(lambda: engine.of(messages.Repair))
    await asyncio.wait_for(editor.client.shutdown_async(None), 3)
    assert (await heal)["outcome"] == "cancelled"
    assert engine.closed
    editor.client.exit(None)
    assert await asyncio.wait_for(editor.conversation, 3) is True


async def test_a_heal_without_a_fix_is_explained(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.outcome = Outcome(
        OutcomeKind.EXHAUSTED, "5 candidates were tried.", "Write another test.", closest="3 × assert 1 == 2"
    )
    healed = await editor.pick(code, 1)
    assert (healed["outcome"], healed["applied"]) == ("exhausted", False)
    assert editor.messages[-1] == (
        "Not healed. 5 candidates were tried. Most candidates failed so: 3 × assert 1 == 2. "
        "Write another test."
    )


async def test_a_failure_that_passes_by_now_is_cleared(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.outcomes["test_calc.py::test_add"] = TestOutcome.PASSED
    gone = Obstacle(ObstacleKind.ALREADY_PASSES, "It passes.", "Run the tests again.")
    engine.outcome = Outcome(OutcomeKind.OBSTACLE, gone.message, gone.hint, obstacle=gone)
    await editor.pick(code, 1)
    await editor.until(lambda: not editor.shown(code))


async def test_the_engine_dies(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.gone = True
    assert (await editor.pick(code, 1))["outcome"] == "engine-gone"
    assert [each for each in editor.messages if "engine stopped" in each] == [editor.messages[-1]]
    engine.gone = False
    assert (await editor.pick(code, 1))["applied"] is True


async def test_one_function_is_healed_once_at_a_time(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    engine.repair_seconds = 60
    first = asyncio.ensure_future(editor.pick(code, 1))
    await editor.until(lambda: engine.of(messages.Repair))
    assert (await editor.pick(code, 1))["outcome"] == "busy"
    await editor.run("heal.cancel")
    await first


async def test_all_failing_tests_of_the_function_go_along(connect: Any, project: Path, engine: Any) -> None:
    engine.outcomes["test_calc.py::test_more"] = TestOutcome.FAILED
    (project / "test_calc.py").write_text(
        "def test_add():\n    assert add(1, 2) == 3\ndef test_more(): ...\n"
    )
    editor, code, tests = await opened(connect, project)
    assert len(editor.shown(tests)) == 2
    [suspect] = editor.shown(code)
    assert "2 failing tests" in suspect.message
    assert len(suspect.related_information) == 2
    await editor.pick(code, 1)
    [repair] = engine.of(messages.Repair)
    assert repair.failing == ("test_calc.py::test_add", "test_calc.py::test_more")
    assert (repair.path, repair.line) == ("calc.py", 1)


async def test_the_line_of_the_function_follows_the_text(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    editor.type(code, "# one\n# two\n" + editor.texts[code])
    await editor.pick(code, 3)
    assert engine.of(messages.Repair)[0].line == 3


async def test_nothing_fails_there(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await opened(connect, project)
    editor.answers = ["Run the tests"]
    result = await editor.run("heal.healFunction", code, 5)
    assert (result["outcome"], result["applied"]) == ("no-failure", False)
    await editor.until(lambda: len(engine.of(messages.RunTests)) == 2)
    assert "nothing to verify a fix against" in editor.questions[0]


async def test_nothing_fails_there_and_the_client_cannot_ask(connect: Any, project: Path) -> None:
    editor, code, _ = await opened(connect, project, name="emacs")
    await editor.run("heal.healFunction", code, 5)
    assert editor.messages[-1].endswith("Run the tests first.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "heal.healFunction needs the uri of a file and a line"),
        (("file:///x.py", "two"), "line must be a line number, counted from 0, not 'two'"),
        (("file:///x.py", -1), "line must be a line number"),
        ((["file:///x.py"],), "uri must be a string"),
        (("a", 1, "b", "c"), "takes 3 arguments at the most"),
        (("file:///elsewhere/x.py", 1), "lies in none of the open workspace folders"),
    ],
)
async def test_bad_arguments_get_a_sentence(
    connect: Any, project: Path, arguments: tuple[Any, ...], sentence: str
) -> None:
    editor = await connect(project)
    with pytest.raises(JsonRpcException) as caught:
        await editor.run("heal.healFunction", *arguments)
    assert sentence in caught.value.message
    assert "Traceback" not in f"{caught.value.message} {caught.value.data}"
