"""The main job over the wire: a failing test becomes a verified, applied fix in each client."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

CLIENTS = pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
CURED = "return a + b"


async def failing(open_editor: Any, project: Path, **how: Any) -> tuple[Any, Any, str, str]:
    """A session with both files open and the failure shown."""
    session = await open_editor(project, **how)
    editor = session.editor
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    result = await editor.run("heal.runTests")
    assert (result["failed"], result["passed"]) == (1, 1), (result, editor.messages)
    await editor.until(lambda: editor.shown(code) and editor.shown(tests))
    return session, editor, code, tests


@CLIENTS
async def test_from_a_failing_test_to_cleared_diagnostics(open_editor: Any, project: Path, name: str) -> None:
    session, editor, code, tests = await failing(open_editor, project, name=name)
    [fails], [suspect] = editor.shown(tests), editor.shown(code)
    assert editor.slice(tests, fails.range) == "assert add(1, 2) == 3"
    assert editor.slice(code, suspect.range) == "add"
    assert {fails.source, suspect.source} == {"heal"}
    assert {fails.code, suspect.code} == {"AssertionError"}
    if name != "emacs":
        assert fails.related_information[0].location == lsp.Location(code, suspect.range)
        assert suspect.related_information[0].location == lsp.Location(tests, fails.range)
    for uri, line in ((code, 0), (code, 1), (tests, 4)):
        assert (await editor.actions(uri, line, only=["quickfix"]))[0].title == ("Heal function `add`")
    healed = await editor.pick(tests, 4)
    assert (healed["outcome"], healed["applied"]) == ("healed", True), healed
    assert CURED in editor.texts[code]
    [edit] = editor.edits
    assert edit.label == "Heal: fix `add`"
    assert edit.edit.document_changes[0].text_document.version == 1
    reports = [each for each in editor.client.progress_reports.values() if each[0].title == "Healing `add`"]
    [[begin, *_, end]] = reports
    assert isinstance(begin, lsp.WorkDoneProgressBegin)
    assert isinstance(end, lsp.WorkDoneProgressEnd)
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests), 30)
    closing = next(each for each in editor.messages if each.startswith("Healed."))
    assert "1 failing test now passes, 1 other still passes" in closing
    assert "sandbox" in closing
    assert "a - b" in (project / "calc.py").read_text(), "only the editor writes files"
    assert await session.end() == 0


async def test_a_save_shows_the_failure(open_editor: Any, project: Path) -> None:
    session = await open_editor(project)
    editor = session.editor
    code = editor.open(project / "calc.py")
    editor.save(code, project / "calc.py")
    await editor.until(lambda: editor.shown(code), 30)
    assert editor.messages == []


async def test_unsaved_text_is_what_is_tested(open_editor: Any, project: Path) -> None:
    _, editor, code, tests = await failing(open_editor, project)
    editor.type(code, editor.texts[code].replace("a - b", "a + b"))
    result = await editor.run("heal.runTests")
    assert (result["failed"], result["passed"]) == (0, 2)
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_emoji_and_line_endings(open_editor: Any, project: Path, encoding: str, ending: str) -> None:
    text = '# 🩹 é\ndef add(a, b):\n    "🩹"; s = "é🩹"; return a - b  # 🩹\n\n\ndef keep(a): return a\n'
    (project / "calc.py").write_bytes(text.replace("\n", ending).encode())
    tests = (project / "test_calc.py").read_text().replace("assert add(1", '"🩹"; assert add(1')
    (project / "test_calc.py").write_bytes(tests.replace("\n", ending).encode())
    _, editor, code, test = await failing(open_editor, project, encodings=[encoding])
    assert editor.encoding == encoding
    assert editor.slice(test, editor.shown(test)[0].range) == '"🩹"; assert add(1, 2) == 3'
    assert editor.slice(code, editor.shown(code)[0].range) == "add"
    healed = await editor.pick(code, 1)
    assert healed["applied"] is True, healed
    assert editor.texts[code] == text.replace("a - b", "a + b").replace("\n", ending)


async def test_an_editor_that_shows_other_line_endings_than_the_disk(open_editor: Any, project: Path) -> None:
    (project / "calc.py").write_bytes((project / "calc.py").read_bytes().replace(b"\n", b"\r\n"))
    session = await open_editor(project, name="emacs")
    editor = session.editor
    code = editor.open(project / "calc.py", (project / "calc.py").read_text())
    await editor.run("heal.runTests")
    assert (await editor.run("heal.healFunction", code, 1))["applied"] is True
    assert "\r" not in editor.texts[code]
    assert CURED in editor.texts[code]


async def test_cancelled_in_the_midst(open_editor: Any, project: Path) -> None:
    session, editor, code, _ = await failing(open_editor, project)
    before = editor.texts[code]
    heal = asyncio.ensure_future(editor.pick(code, 1, token="mine"))
    await editor.until(lambda: len(editor.client.progress_reports.get("mine", ())) >= 2)
    at_rest = set(session.look())
    editor.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams("mine"))
    loop = asyncio.get_running_loop()
    pressed = loop.time()
    healed = await asyncio.wait_for(heal, 5)
    assert loop.time() - pressed < 1.0
    assert healed["outcome"] in ("cancelled", "healed"), "a very quick heal may have won"
    if healed["outcome"] == "cancelled":
        assert editor.texts[code] == before
        assert any("was cancelled. Nothing was changed." in each for each in editor.messages)
        again = await editor.pick(code, 1)
        assert again["applied"] is True, again
    assert at_rest
    assert await session.end() == 0
    await session.none_left()


async def test_shutdown_in_the_midst(open_editor: Any, project: Path) -> None:
    session, editor, code, _ = await failing(open_editor, project)
    heal = asyncio.ensure_future(editor.pick(code, 1, token="mine"))
    await editor.until(lambda: len(editor.client.progress_reports.get("mine", ())) >= 2)
    assert len(session.look()) >= 2, "server and engine"
    assert await session.end() == 0
    assert (await asyncio.wait_for(heal, 2))["outcome"] in ("cancelled", "healed")
    await session.none_left()
    assert "a - b" in (project / "calc.py").read_text()


@pytest.mark.parametrize("taking", ["strict", "skip", "error"])
async def test_typing_while_the_edit_travels(open_editor: Any, project: Path, taking: str) -> None:
    _, editor, code, _ = await failing(open_editor, project, taking=taking)
    typed = iter(["# typed 🩹\n"])

    def type_once() -> None:
        for each in typed:
            editor.type(code, each + editor.texts[code])

    editor.before_edit = type_once
    expected = "# typed 🩹\n" + editor.texts[code].replace("a - b", "a + b")
    healed = await editor.pick(code, 1)
    assert healed["applied"] is True, healed
    assert editor.texts[code] == expected
    for each in editor.edits:
        assert each.edit.document_changes[0].text_document.version in (1, 2)


async def test_typing_during_the_heal(open_editor: Any, project: Path) -> None:
    _, editor, code, _ = await failing(open_editor, project)
    heal = asyncio.ensure_future(editor.pick(code, 1, token="mine"))
    await editor.until(lambda: len(editor.client.progress_reports.get("mine", ())) >= 2)
    if not editor.edits:
        editor.type(code, "# typed\n" + editor.texts[code])
    healed = await asyncio.wait_for(heal, 60)
    assert healed["applied"] is True, healed
    assert editor.texts[code].startswith("# typed\n")
    assert CURED in editor.texts[code]


async def test_rewriting_the_function_during_the_heal(open_editor: Any, project: Path) -> None:
    _, editor, code, _ = await failing(open_editor, project)
    mine = "def add(a, b):\n    raise NotImplementedError('mine')\n\n\ndef keep(a):\n    return a\n"
    editor.before_edit = lambda: editor.type(code, mine)
    healed = await asyncio.wait_for(editor.pick(code, 1), 90)
    assert healed["applied"] is False, healed
    assert editor.texts[code] == mine


async def test_two_workspaces_at_once(open_editor: Any, project: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    for each in project.glob("*.py"):
        (second / each.name).write_bytes(each.read_bytes())
    session = await open_editor(project, second)
    editor = session.editor
    codes = [editor.open(each / "calc.py") for each in (project, second)]
    await editor.run("heal.runTests")
    await editor.until(lambda: all(editor.shown(each) for each in codes))
    results = await asyncio.gather(*(editor.pick(each, 1) for each in codes))
    assert [each["applied"] for each in results] == [True, True], results
    assert all(CURED in editor.texts[each] for each in codes)
    await editor.until(lambda: not any(editor.shown(each) for each in codes), 30)


async def test_a_linked_workspace(open_editor: Any, project: Path) -> None:
    link = project.parent / "a link"
    link.symlink_to(project)
    _, editor, code, tests = await failing(open_editor, link)
    assert code.startswith(link.as_uri())
    assert (await editor.pick(tests, 4))["applied"] is True
    assert all(uri.startswith(link.as_uri()) for uri in editor.client.diagnostics)


async def test_a_folder_that_is_not_trusted(open_editor: Any, project: Path) -> None:
    (project / "conftest.py").write_text("open('ran', 'w').close()\n")
    session = await open_editor(project, options={})
    editor = session.editor
    editor.answers = ["Not now", "Trust and run tests"]
    code = editor.open(project / "calc.py")
    editor.save(code, project / "calc.py")
    await editor.until(lambda: editor.questions)
    await asyncio.sleep(0.5)
    editor.save(code, project / "calc.py")
    await asyncio.sleep(0.5)
    assert len(editor.questions) == 1
    assert len(session.look()) == 1, "no engine, no sandbox: only the server"
    assert (await editor.run("heal.runTests"))["failed"] == 1
    assert not (project / "ran").exists(), "the sandbox keeps the project as it is"


async def test_an_editor_that_tells_of_changes_late(open_editor: Any, project: Path) -> None:
    _, editor, code, tests = await failing(open_editor, project, name="emacs", taking="late")
    assert (await asyncio.wait_for(editor.pick(code, 1), 60))["applied"] is True
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests), 30)
    assert CURED in editor.texts[code]


async def test_an_editor_that_never_answers(open_editor: Any, project: Path) -> None:
    _, editor, code, _ = await failing(open_editor, project, taking="silent")
    assert (await asyncio.wait_for(editor.pick(code, 1), 60))["applied"] is True
    assert CURED in editor.texts[code]


async def test_an_editor_that_does_nothing_and_never_answers(open_editor: Any, project: Path) -> None:
    session, editor, code, _ = await failing(open_editor, project, taking="never")
    healed = await asyncio.wait_for(editor.pick(code, 1), 60)
    assert (healed["outcome"], healed["applied"]) == ("not-applied", False)
    assert await session.end() == 0


async def test_the_second_heal_costs_no_search(open_editor: Any, project: Path) -> None:
    _, editor, code, _ = await failing(open_editor, project)
    before = editor.texts[code]
    first = await editor.pick(code, 1)
    assert first["recalled"] is False
    assert first["candidates"] > 0
    editor.type(code, before)
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code))
    second = await editor.pick(code, 1)
    assert (second["applied"], second["recalled"], second["candidates"]) == (True, True, 0), second
    assert second["evidence"]["fixed"] == 1, "and it was verified again"
