"""kill -9 of the server, the engine or a worker at random moments during heals.

No file changes except by an applied edit, no process is left, and the next heal works. ``HEAL_KILL_ROUNDS`` sets how often,
``HEAL_KILL_SECONDS`` how soon every process must be gone: on a machine with nothing else to do, 2 seconds hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest

from heal_lsp.cli.editor import Editor

ROUNDS = int(os.environ.get("HEAL_KILL_ROUNDS", "12"))
SECONDS = float(os.environ.get("HEAL_KILL_SECONDS", "10"))
PROJECT = Path(__file__).parents[1] / "projects" / "gcd"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


def processes() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if stat[0] != "Z":
                found[int(entry.name)] = (
                    int(stat[1]),
                    (entry / "cmdline").read_bytes().decode("utf-8", "replace"),
                )
    return found


def family(root: int) -> dict[int, str]:
    """A process and all that descend from it."""
    every = processes()
    members = {root}
    while more := {pid for pid, (parent, _) in every.items() if parent in members} - members:
        members |= more
    return {pid: every[pid][1] for pid in members if pid in every}


async def gone(pids: set[int], folder: Path, seconds: float = SECONDS) -> set[int]:
    """What is left of ``pids``, and of any process that names the folder, after at most ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        every = processes()
        left = {pid for pid, (_, line) in every.items() if pid in pids or str(folder) in line} - {os.getpid()}
        if not left or asyncio.get_running_loop().time() > deadline:
            return left
        await asyncio.sleep(0.05)


async def one_round(folder: Path, victim: str, delay: float) -> None:
    program = folder / "gcd.py"
    before = program.read_bytes()
    editor = Editor(folder, {"cache": {"maxMb": 0}})
    await editor.start()
    uri = editor.open("gcd.py")
    broken = editor.texts[uri]
    await editor.run("heal.runTests")
    await editor.until(lambda: bool(editor.diagnostics.get(uri)), 60, "the diagnostic")
    line = editor.diagnostics[uri][0].range.start.line
    healing = asyncio.ensure_future(editor.heal(uri, line))
    await asyncio.sleep(delay)
    server = editor.server_pid
    members = family(server)
    engine = next((pid for pid, text in members.items() if "heal_lsp.engine" in text), server)
    others = [pid for pid in members if pid not in (server, engine)]
    target = {"server": server, "engine": engine, "worker": random.choice(others or [engine])}[victim]
    with contextlib.suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)
    await asyncio.wait({healing}, timeout=60)
    assert program.read_bytes() == before, "a file changed that nobody saved"
    if victim == "server":
        healing.cancel()
        await asyncio.gather(healing, return_exceptions=True)
        editor.abandon()
    else:
        with contextlib.suppress(Exception):
            healing.result()
        if editor.texts[uri] == broken:  # the same session heals at the next try
            await editor.heal(uri, line)
        assert "gcd(b, a % b)" in editor.texts[uri], editor.messages[-3:]
        await editor.stop()
    assert await gone(set(members), folder) == set()


async def test_the_next_heal_works_after_any_kill(tmp_path, monkeypatch):
    for name in ("cache", "config"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    chance = random.Random(7)
    for number in range(ROUNDS):
        folder = tmp_path / f"project-{number}"
        shutil.copytree(PROJECT, folder)
        victim = ("server", "engine", "worker")[number % 3]
        await one_round(folder, victim, chance.uniform(0.0, 1.5))
    folder = tmp_path / "last"
    shutil.copytree(PROJECT, folder)
    editor = Editor(folder)
    await editor.start()
    uri = editor.open("gcd.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: bool(editor.diagnostics.get(uri)), 60, "the diagnostic")
    await editor.heal(uri, editor.diagnostics[uri][0].range.start.line)
    assert "gcd(b, a % b)" in editor.texts[uri]
    await editor.stop()
