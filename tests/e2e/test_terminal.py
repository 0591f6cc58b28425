"""pytest in a terminal, with nothing installed for it: its failures show in the editor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_in_terminal(project: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "HEAL"))}
    environment |= {f"XDG_{each}_HOME": str(home / each.lower()) for each in ("CACHE", "CONFIG", "STATE")}
    script = f'eval "$({sys.executable} -m heal_lsp env)" && exec {sys.executable} -m pytest "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_run_in_a_terminal_shows_and_is_healed(
    open_editor: Any, project: Path, tmp_path: Path
) -> None:
    session = await open_editor(project)
    editor = session.editor
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    run = run_in_terminal(project, tmp_path)
    assert "1 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    await editor.until(lambda: editor.shown(code) and editor.shown(tests), 30)
    assert editor.slice(tests, editor.shown(tests)[0].range) == "assert add(1, 2) == 3"
    assert editor.slice(code, editor.shown(code)[0].range) == "add"
    healed = await editor.pick(code, 1)
    assert healed["applied"] is True, healed
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests), 30)


async def test_a_passing_run_in_a_terminal_clears(open_editor: Any, project: Path, tmp_path: Path) -> None:
    session = await open_editor(project)
    editor = session.editor
    tests = editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(tests))
    (project / "calc.py").write_text((project / "calc.py").read_text().replace("a - b", "a + b"))
    assert "2 passed" in run_in_terminal(project, tmp_path).stdout
    await editor.until(lambda: not editor.shown(tests), 30)
