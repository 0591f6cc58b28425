"""The engine's end of a worker: starts the process, asks, and makes an end of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from heal_lsp.core.model import Obstacle
from heal_lsp.verifier.ports import PortRelay
from heal_lsp.verifier.sandbox import PORTS, SCRATCH, Box, SandboxPolicy

_GRACE = 5.0
_START = 20.0
Event = dict[str, Any]


class WorkerLost(Exception):
    """The worker could not start, ended, or did not answer in time; the message says what is known of it."""


class Blocked(Exception):
    """Nothing can run here; the obstacle says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.message)
        self.obstacle = obstacle


class WorkerClient:
    """One worker process. Requests are asked one after the other."""

    def __init__(self, box: Box, policy: SandboxPolicy) -> None:
        self.box = box
        self._policy = policy
        self._process: asyncio.subprocess.Process | None = None
        self._errors: deque[str] = deque(maxlen=20)
        self._drain: asyncio.Task[None] | None = None
        self._partial = b""
        self._lines: deque[bytes] = deque()
        self._answering = False
        self._relay: PortRelay | None = None

    @property
    def usable(self) -> bool:
        """Whether it runs and no answer is outstanding."""
        return self._process is not None and self._process.returncode is None and not self._answering

    async def start(self) -> None:
        """Start the process and wait for its greeting.

        Raises:
            WorkerLost: it did not start.
        """
        try:
            self._relay = await PortRelay.open(self.box.temporary, self.box.ports)
            self._process = await asyncio.create_subprocess_exec(
                *self.box.command,
                env=dict(self.box.environment),
                cwd="/" if self.box.isolation.tier == 1 else self.box.root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerLost(f"{self.box.command[0]} cannot be started: {error.strerror or error}") from error
        self._drain = asyncio.create_task(self._collect_errors(self._process))
        policy = self._policy
        config = {
            "root": self.box.root,
            "scratch": SCRATCH,
            "tier": self.box.isolation.tier,
            "executable": self.box.executable,
            "temporary": self.box.temporary if self.box.isolation.tier != 1 else "",
            "system": list(self.box.system),
            "hidden": list(self.box.hidden),
            "landlock": self.box.landlock,
            "exclude": list(policy.exclude),
            "visible": list(self.box.visible),
            "memory_mb": policy.memory_mb,
            "disk_mb": policy.disk_mb,
            "copy_mb": policy.copy_mb,
            "report": self.box.report,
            "ports": [[port, f"{PORTS}/{port}"] for port in self.box.ports],
        }
        await self._write(config)
        await asyncio.wait_for(self._event(_START), _START)

    async def ask(self, request: Event, last: str) -> AsyncIterator[Event]:
        """Send a request and yield the events that answer it, ``last`` included.

        Raises:
            WorkerLost: the worker ended or did not answer within the request's ``seconds`` and a grace.
        """
        if not self.usable:
            raise WorkerLost("the worker was left in the middle of an answer")
        self._answering = True
        await self._write(request)
        deadline = asyncio.get_running_loop().time() + request["seconds"] + _GRACE
        while True:
            left = deadline - asyncio.get_running_loop().time()
            event = await self._event(max(left, 0.0))
            if event.get("event") == last:
                self._answering = False
            yield event
            if not self._answering:
                return

    async def close(self) -> None:
        """Kill the process and all that it started. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            if self.box.isolation.tier != 1 and process.stdin is not None:
                # no process number space takes its children along: let it end them itself
                process.stdin.close()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.shield(process.wait()), 1.0)
            self._kill(process)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), 1.0)
            transport = getattr(process, "_transport", None)
            if transport is not None and process.returncode is not None:
                # before the end is known, closing would take it from whoever waits for it
                transport.close()
        if self._drain is not None:
            self._drain.cancel()
        if self._relay is not None:
            self._relay.close()
        if self.box.temporary:
            shutil.rmtree(self.box.temporary, ignore_errors=True)

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            # not process.kill(): it polls, and takes the end from asyncio's own wait
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    async def _write(self, record: Event) -> None:
        if self._process is None or self._process.stdin is None:
            raise WorkerLost("the worker was closed")
        try:
            self._process.stdin.write(json.dumps(record).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise WorkerLost(await self._last_words()) from error

    async def _event(self, timeout: float) -> Event:
        try:
            line = self._lines.popleft() if self._lines else await asyncio.wait_for(self._line(), timeout)
            found = json.loads(line)
        except asyncio.TimeoutError as error:
            raise WorkerLost("the worker did not answer in time") from error
        except ValueError as error:
            raise WorkerLost("the worker sent what is no JSON") from error
        if not isinstance(found, dict):
            raise WorkerLost("the worker sent what is no record")
        return found

    async def _line(self) -> bytes:
        while not self._lines:
            process = self._process
            if process is None or process.stdout is None:
                raise WorkerLost("the worker was closed")
            data = await process.stdout.read(1 << 18)
            if not data:
                raise WorkerLost(await self._last_words())
            *whole, rest = data.split(b"\n")
            if whole:
                self._lines.append(self._partial + whole[0])
                self._lines.extend(whole[1:])
                self._partial = rest
            else:
                self._partial += rest
        return self._lines.popleft()

    async def _last_words(self) -> str:
        if self._drain is not None:
            await asyncio.wait([self._drain], timeout=1.0)
        said = " ".join(each.strip() for each in self._errors if each.strip())[-500:]
        return f"the worker ended: {said}" if said else "the worker ended without a word"

    async def _collect_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(4096):
            self._errors.extend(data.decode("utf-8", "replace").splitlines())
