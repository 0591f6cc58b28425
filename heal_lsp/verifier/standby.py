"""A sandbox that stands by: pytest is imported in it already, for the next run of tests.

It serves one run and is then replaced by another, made while nobody waits. So a run has the workspace mounted afresh
and processes of its own, exactly as one that starts from nothing; only the time to start is saved.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from heal_lsp.verifier.client import Blocked, WorkerClient, WorkerLost
from heal_lsp.verifier.layout import site_packages
from heal_lsp.verifier.selection import CONFIG_FILES

if TYPE_CHECKING:
    from heal_lsp.verifier.workbench import Workbench

SESSION = "standby"
IDLE_SECONDS = 600.0
"""How long it stands by before it is closed."""
_OPEN_SECONDS = 60.0
_PAUSE = 0.1
"""Seconds before another is made, so that what the run showed is told first."""


@attrs.frozen
class Purpose:
    """What a sandbox is made for. One made for something else is of no use."""

    folder: str
    """The folder in which pytest runs, relative to the workspace."""
    arguments: tuple[str, ...]
    hidden: tuple[str, ...]
    """Files that it hides."""


@attrs.frozen
class _Ready:
    purpose: Purpose
    client: WorkerClient
    modules: tuple[str, ...]
    """The modules that a run was seen to use."""
    files: tuple[str, ...]
    """The files that it has imported."""
    environment: object
    """What those files and the environment were like."""


class Standby:
    """Keeps at most one sandbox of a workspace ready."""

    def __init__(self, bench: Workbench, idle_seconds: float = IDLE_SECONDS) -> None:
        self._bench = bench
        self._idle = idle_seconds
        self._making: asyncio.Task[_Ready | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def taken(self, purpose: Purpose) -> tuple[WorkerClient, tuple[str, ...]] | None:
        """Take the sandbox that stands by, if it is fit for a purpose; the caller closes it.

        With it come the modules that the run before was seen to use, for the next call of :meth:`prepare`.
        """
        making, self._making = self._making, None
        self._stop_timer()
        if making is None:
            return None
        try:
            ready = await making
        except asyncio.CancelledError:
            _discard(making)
            raise
        if ready is None:
            return None
        try:
            if ready.purpose == purpose and ready.client.usable:
                now = await asyncio.to_thread(self._environment, purpose.folder, ready.files)
                if now == ready.environment:
                    return ready.client, ready.modules
        except BaseException:
            await ready.client.close()
            raise
        await ready.client.close()
        return None

    def prepare(self, purpose: Purpose, modules: Iterable[str]) -> None:
        """Make another one in the background, instead of the one that there may be."""
        if self._closed:
            return
        if self._making is not None:
            _discard(self._making)
        self._stop_timer()
        self._making = asyncio.ensure_future(self._made(purpose, tuple(modules)))
        self._timer = asyncio.get_running_loop().call_later(self._idle, self._expire)

    async def close(self) -> None:
        """End what stands by, for good."""
        self._closed = True
        self._stop_timer()
        making, self._making = self._making, None
        if making is not None:
            await _ended(making)

    def _expire(self) -> None:
        making, self._making = self._making, None
        if making is not None:
            _discard(making)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _made(self, purpose: Purpose, modules: tuple[str, ...]) -> _Ready | None:
        await asyncio.sleep(_PAUSE)
        try:
            client = await self._bench.worker()
        except (Blocked, WorkerLost):
            return None
        try:
            ready = await self._opened(client, purpose, modules)
        except (Blocked, WorkerLost):
            ready = None
        except BaseException:
            await client.close()
            raise
        if ready is None:
            await client.close()
        return ready

    async def _opened(
        self, client: WorkerClient, purpose: Purpose, modules: tuple[str, ...]
    ) -> _Ready | None:
        from heal_lsp.verifier.runner import open_session

        if client.box.isolation.tier != 1 or client.box.temporary:
            return None  # what it shows would be out of date, or a folder of sockets would outlive a kill
        before = await asyncio.to_thread(self._environment, purpose.folder, ())
        told = await open_session(
            client,
            SESSION,
            "standby",
            os.path.join(client.box.root, purpose.folder) if purpose.folder else client.box.root,
            _OPEN_SECONDS,
            texts={},
            arguments=purpose.arguments,
            modules=modules,
            masked=purpose.hidden,
        )
        if told.get("mode") != "standby" or told.get("busy") or told.get("loaded"):
            return None  # a plugin starts threads, or belongs to the workspace
        files = tuple(str(each) for each in told["files"])
        after = await asyncio.to_thread(self._environment, purpose.folder, files)
        return _Ready(purpose, client, modules, files, after) if before == after[: len(before)] else None

    def _environment(self, folder: str, files: tuple[str, ...]) -> tuple[object, ...]:
        """What would make a difference to a process that has imported these files."""
        layout = self._bench.layout
        found: list[object] = [layout]
        if layout is not None:
            for site in (each for prefix in layout.prefixes for each in site_packages(prefix)):
                found.append(_signature(site))
                with contextlib.suppress(OSError):
                    found += [_signature(each.path) for each in _sorted_pth(site)]
        for each in dict.fromkeys(("", folder)):
            place = self._bench.root / each
            found += [_signature(os.path.join(place, name)) for name in (*CONFIG_FILES, "conftest.py")]
        return (*found, *map(_signature, files))


def _sorted_pth(site: str) -> list[os.DirEntry[str]]:
    with os.scandir(site) as entries:
        return sorted((each for each in entries if each.name.endswith(".pth")), key=lambda each: each.name)


def _signature(path: str | Path) -> tuple[str, int, int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    # whoever edits a file can set its modification time back, but not the time of its status
    return str(path), status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _discard(making: asyncio.Task[_Ready | None]) -> None:
    """End a sandbox that nobody will take."""
    task = asyncio.ensure_future(_ended(making))
    _ending.add(task)
    task.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()
"""Tasks that nobody else holds on to."""


async def _ended(making: asyncio.Task[_Ready | None]) -> None:
    if not making.done():
        making.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        ready = await making
        if ready is not None:
            await ready.client.close()
