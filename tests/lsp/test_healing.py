"""From a failing test to the applied fix, and every way in which it can end otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
async def test_a_failing_test_becomes_an_applied_fix(connect: Any, project: Path, name: str) -> None:
    editor = await connect(project, name=name)
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    result = await editor.run("heal.runTests")
    assert (result["failed"], result["passed"]) == (1, 0)
    await editor.until(lambda: editor.shown(code) and editor.shown(tests))
    [failing], [suspect] = editor.shown(tests), editor.shown(code)
    assert editor.slice(tests, failing.range) == "assert add(1, 2) == 3"
    assert editor.slice(code, suspect.range) == "add"
    assert (failing.source, failing.code, failing.severity) == (
        "heal",
        "AssertionError",
        lsp.DiagnosticSeverity.Error,
    )
    healed = await editor.pick(code, 1)
    assert healed["outcome"] == "healed"
    assert healed["applied"] is True
    assert editor.texts[code] == "def add(a, b):\n    return a + b\n\n\ndef other(a):\n    return a\n"
    assert editor.edits[0].label == "Heal: fix `add`"
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests))
    assert (project / "calc.py").read_text() != editor.texts[code], "only the editor writes"
    assert editor.messages[-1].startswith("Healed. `add` failed.")
