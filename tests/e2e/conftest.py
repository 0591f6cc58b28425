"""Editors that talk to the real server and its real engine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EDITOR = Path(__file__).parents[1] / "lsp" / "editor.py"
SERVER = [sys.executable, "-m", "heal_lsp", "serve"]
CALC = "def add(a, b):\n    return a - b\n\n\ndef keep(a):\n    return a\n"
TESTS = (
    "from calc import add, keep\n\n\n"
    "def test_add():\n    assert add(1, 2) == 3\n    assert add(5, 0) == 5\n\n\n"
    "def test_keep():\n    assert keep(4) == 4\n"
)


def editor_module() -> ModuleType:
    """The editor of the tests; it is in no package."""
    name = f"heal_tests_{EDITOR.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EDITOR)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def started(pid: int) -> str:
    """When a process started: tells it from a later one of the same number. Empty when it is gone."""
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def family(root: int) -> dict[int, str]:
    """A process and all that descend from it, with their times of start."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    members = {root}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return {pid: started(pid) for pid in members}


class Session:
    """An editor with a server process, and the processes that it had."""

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        self.seen: dict[int, str] = {}

    @property
    def server(self) -> Any:
        return self.editor.client._server

    def look(self) -> dict[int, str]:
        """Note the processes that there are now."""
        now = family(self.server.pid)
        self.seen |= now
        return now

    def left(self) -> list[int]:
        """The noted processes that are still there."""
        return [pid for pid, start in self.seen.items() if start and started(pid) == start]

    async def none_left(self, seconds: float = 2.0) -> None:
        """Fail unless every noted process goes within some seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while left := self.left():
            names = [Path(f"/proc/{pid}/cmdline").read_bytes()[:200] for pid in left if started(pid)]
            assert asyncio.get_running_loop().time() < deadline, f"left: {names}"
            await asyncio.sleep(0.05)

    async def end(self) -> int:
        """Shut down, exit, and return the server's exit code."""
        await asyncio.wait_for(self.editor.stop(), 10)
        return int(await asyncio.wait_for(self.server.wait(), 10))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a bug, a test that shows it and a test that passes."""
    return broken(tmp_path / "project")


def broken(root: Path) -> Path:
    root.mkdir()
    (root / "calc.py").write_text(CALC, "utf-8")
    (root / "test_calc.py").write_text(TESTS, "utf-8")
    return root


@pytest.fixture
async def open_editor(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts servers for editors; afterwards ends them and looks that nothing is left of them."""
    sessions: list[Session] = []
    homes = {f"XDG_{each}_HOME": str(tmp_path / each.lower()) for each in ("CACHE", "CONFIG", "STATE")}

    async def opened(*folders: Any, options: Any = None, configuration: Any = None, **how: Any) -> Session:
        editor = editor_module().Editor(**how)
        if configuration is not None:
            editor.client.set_configuration({"heal": configuration})
        environment = {**os.environ, **homes, "HOME": str(tmp_path)}
        environment.pop("VIRTUAL_ENV", None)
        await editor.client.start_io(*SERVER, env=environment)
        session = Session(editor)
        sessions.append(session)
        await editor.start(*folders, options=options)
        return session

    yield opened
    for each in sessions:
        each.look()
        if each.server.returncode is None:
            with contextlib.suppress(Exception):
                await each.end()
        with contextlib.suppress(ProcessLookupError):
            each.server.kill()
        with contextlib.suppress(RuntimeError):  # pygls trips over what was in flight when a server is killed
            await each.editor.client.stop()
        await each.none_left()
