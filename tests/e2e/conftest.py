"""Editors that talk to the real server and its real engine, and small projects that the engine heals in this process."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from heal_lsp.cli import common
from heal_lsp.config import Settings
from heal_lsp.core.model import Located, Outcome, Snapshot
from heal_lsp.engine.messages import Repair, RunReply, RunTests
from heal_lsp.engine.service import Service

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


QUICK = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:asyncio")
"""Leave out the plugins of this project's own environment that no small project needs."""
_MARKED = re.compile("«(.*?)»", re.DOTALL)


class Small:
    """A small project, from its failing test to the bytes of its files.

    Where a file reads ``«wrong → right»`` it is written with what is wrong, and healed it must read right; of
    several right texts any will do.
    """

    def __init__(self, root: Path, service: Service) -> None:
        self.root = root
        self.service = service
        self.settings: dict[str, Any] = {}
        self.right: dict[str, list[str]] = {}
        self.tried: list[str] = []
        """The changes that were tried, in words."""

    def write(self, files: Mapping[str, str]) -> Small:
        for path, text in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            forms = [each.split(" → ") for each in _MARKED.findall(text)]
            for number in range(max((len(each) for each in forms), default=1)):
                words = iter([each[min(number, len(each) - 1)] for each in forms])
                made = _MARKED.sub(lambda _, words=words: next(words), text)  # type: ignore[misc]
                if number:
                    self.right.setdefault(path, []).append(made)
                else:
                    full.write_bytes(made.encode())
        return self

    @property
    def _settings(self) -> Settings:
        chosen = {
            "interpreter": sys.executable,
            "test_args": QUICK,
            "cache_mb": 0,
            "search_candidates": 15,
            **self.settings,
        }
        return Settings(**chosen)

    def _snapshot(self) -> Snapshot:
        return Snapshot(str(self.root))

    async def run(self, *tests: str) -> RunReply:
        """Run tests as ``heal-lsp heal`` does first."""
        return await self.service.run_tests(RunTests("run", self._snapshot(), self._settings, tests))

    async def heal(self, *tests: str) -> Outcome:
        """Run tests and heal the first failure that leads to a function, as ``heal-lsp heal --apply`` does."""
        reply = await self.run(*tests)
        assert reply.located, reply.report.obstacle or "nothing fails"
        return await self.repair(*reply.located)

    async def repair(self, *located: Located, at: tuple[str, int] | None = None) -> Outcome:
        """Repair what failures lead to, or the function at a place, and write the fix."""
        first = next((each for each in located if each.target is not None), located[0])
        same = [each.failure.test for each in located if each.target == first.target and each.failure.test]
        place = (first.target.path, first.target.line) if first.target is not None else ("", 0)
        request = Repair("heal", self._snapshot(), self._settings, first.failure, *(at or place), tuple(same))
        outcome = await self.service.repair(request, lambda progress: self.tried.append(progress.note))
        for change in outcome.fix.changes if outcome.fix is not None else ():
            common.write_change(self.root, change, force=True)
        return outcome

    def is_right(self, before: dict[str, bytes]) -> None:
        """Fail unless the marked file reads right now, and every other file as it did before."""
        [path] = self.right
        now = self.bytes()
        assert now[path].decode() in self.right[path]
        assert {**now, path: before[path]} == before

    def bytes(self) -> dict[str, bytes]:
        """Every file of the project."""
        found = [each for each in self.root.rglob("*") if each.is_file() and each.suffix != ".orig"]
        return {each.relative_to(self.root).as_posix(): each.read_bytes() for each in found}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Service]:
    """A folder and an engine that knows its interpreter and its sandbox already."""
    return tmp_path_factory.mktemp("small"), Service()


@pytest.fixture
def small(shared: tuple[Path, Service]) -> Small:
    """An empty project, in the same folder as the one before: nothing may be left of that."""
    root, service = shared
    for each in root.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    return Small(root, service)
