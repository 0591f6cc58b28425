"""What is no failure of the code gets its own message with the next step, and never a false red."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest


async def said(open_editor: Any, project: Path, **how: Any) -> tuple[Any, dict[str, Any]]:
    session = await open_editor(project, **how)
    editor = session.editor
    for each in sorted(project.glob("*.py")):
        editor.open(each)
    return editor, await editor.run("heal.runTests")


def no_red(editor: Any) -> bool:
    return not any(editor.shown(uri) for uri in editor.texts)


async def test_a_broken_environment(open_editor: Any, project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "pyvenv.cfg").write_text("home = /nowhere\n")
    (project / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    editor, result = await said(open_editor, project)
    assert result["outcome"] == "obstacle"
    assert result["obstacle"] in ("broken-environment", "no-interpreter")
    assert no_red(editor)
    assert any(".venv" in each for each in editor.messages), editor.messages


async def test_no_pytest(open_editor: Any, project: Path) -> None:
    import venv

    venv.create(project / ".venv", with_pip=False, symlinks=True)
    editor, result = await said(open_editor, project)
    assert (result["outcome"], result["obstacle"]) == ("obstacle", "no-pytest"), editor.messages
    assert no_red(editor)
    assert any("pytest" in each for each in editor.messages)


async def test_a_file_that_cannot_be_collected(open_editor: Any, project: Path) -> None:
    (project / "test_bad.py").write_text("def test_x():\n    assert (1\n")
    editor, _ = await said(open_editor, project)
    uri = (project / "test_bad.py").as_uri()
    await editor.until(lambda: editor.shown(uri))
    assert editor.shown(uri)[0].code == "SyntaxError"
    assert "Heal function" not in str([each.title for each in await editor.actions(uri, 1)])


async def test_a_test_that_needs_the_network(open_editor: Any, project: Path) -> None:
    (project / "test_net.py").write_text(
        "import socket\n\n\ndef test_net():\n    socket.create_connection(('192.0.2.1', 80), 2).close()\n"
    )
    editor, result = await said(open_editor, project)
    assert result["denied"] == 1, (result, editor.messages)
    assert not editor.shown((project / "test_net.py").as_uri())
    assert any("test_net.py::test_net could not run" in each for each in editor.messages)


async def test_no_tests_at_all(open_editor: Any, project: Path) -> None:
    (project / "test_calc.py").unlink()
    editor, result = await said(open_editor, project)
    assert (result["outcome"], result["obstacle"]) == ("obstacle", "no-tests"), result
    assert no_red(editor)


async def test_code_outside_of_a_function(open_editor: Any, project: Path) -> None:
    (project / "calc.py").write_text("LIMIT = 1 - 2\n\n\ndef keep(a):\n    return a\n")
    (project / "test_calc.py").write_text("import calc\n\n\ndef test_limit():\n    assert calc.LIMIT == 3\n")
    editor, _ = await said(open_editor, project)
    tests = (project / "test_calc.py").as_uri()
    await editor.until(lambda: editor.shown(tests))
    titles = [each.title for each in await editor.actions(tests, 4)]
    assert not [each for each in titles if each.startswith("Heal")]
    explained = await editor.pick(tests, 4, "Explain")
    assert "function" in explained["message"]


async def test_a_script_and_its_traceback(open_editor: Any, project: Path) -> None:
    (project / "script.py").write_text("from calc import add\n\nadd(None, 1)\n")
    session = await open_editor(project)
    editor = session.editor
    script, code = editor.open(project / "script.py"), editor.open(project / "calc.py")
    result = await editor.run("heal.runFile", script)
    assert result["failed"] == 1, (result, editor.messages)
    await editor.until(lambda: editor.shown(code))
    assert {each.code for each in editor.shown(code)} == {"TypeError"}


async def test_a_script_with_a_syntax_error(open_editor: Any, project: Path) -> None:
    (project / "script.py").write_text("x = 1\nprint(\n")
    session = await open_editor(project)
    editor = session.editor
    script = editor.open(project / "script.py")
    await editor.run("heal.runFile", script)
    await editor.until(lambda: editor.shown(script))
    assert editor.shown(script)[0].code == "SyntaxError"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
async def test_the_engine_is_killed_and_the_next_heal_works(open_editor: Any, project: Path) -> None:
    import asyncio

    session = await open_editor(project)
    editor = session.editor
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code))
    heal = asyncio.ensure_future(editor.pick(code, 1, token="mine"))
    await editor.until(lambda: len(editor.client.progress_reports.get("mine", ())) >= 2)
    session.look()
    for pid in session.seen:
        if b"heal_lsp.engine" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    first = await asyncio.wait_for(heal, 10)
    assert first["outcome"] in ("engine-gone", "healed")
    if first["outcome"] == "engine-gone":
        assert any("engine stopped" in each for each in editor.messages)
        del session.seen[session.server.pid]
        await session.none_left()
        second = await editor.pick(code, 1)
        assert second["applied"] is True, second
