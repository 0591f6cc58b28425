"""The engine's process, as a face starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from heal_lsp.cli.editor import Editor
from heal_lsp.config import Settings
from heal_lsp.engine.client import EngineClient
from heal_lsp.engine.messages import Doctor

NAMES = ("platformdirs", "cattrs", "attrs", "jedi", "libcst", "diskcache", "typing_extensions")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, the current folder, whose files are named after what heal-lsp imports and leave a trace."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\n")
    for name in ("cache", "config"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    monkeypatch.chdir(folder)
    return folder


async def test_the_engine_imports_nothing_from_the_workspace(hostile):
    engine = EngineClient()
    try:
        reply = await engine.doctor(Doctor("doctor", str(hostile), Settings()))
    finally:
        await engine.close()
    assert reply.interpreter.version
    assert not (hostile.parent / "ran").exists()


async def test_nor_does_a_server_that_the_command_line_starts(hostile):
    editor = Editor(hostile)
    try:
        await editor.start()
    finally:
        await editor.stop()
    assert not (hostile.parent / "ran").exists()
