"""The engine as a face sees it: a child process, started when first needed and started again after it died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import Any, TypeVar

from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException

from heal_lsp import places
from heal_lsp.core.model import Outcome
from heal_lsp.engine import messages
from heal_lsp.engine.api import EngineGone, OnProgress
from heal_lsp.engine.wire import handler, plain_converter

T = TypeVar("T")
logger = logging.getLogger(__name__)


class EngineClient:
    """Satisfies :class:`heal_lsp.engine.api.Engine` with a process of its own, in a process group of its own."""

    def __init__(self) -> None:
        self._connection: _Connection | None = None
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the engine; None while there is none."""
        return self._connection.pid if self._connection is not None else None

    async def start(self) -> None:
        """Start the process now, so that the first request need not wait for it."""
        await self._ready()

    async def run_tests(
        self, request: messages.RunTests, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        """Run tests and locate their failures."""
        return await self._ask(messages.RUN_TESTS, request, messages.RunReply, on_progress)

    async def run_script(
        self, request: messages.RunScript, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        """Run a script and locate its failure."""
        return await self._ask(messages.RUN_SCRIPT, request, messages.RunReply, on_progress)

    async def locate(self, request: messages.Locate) -> messages.LocateReply:
        """Locate failures that came from elsewhere."""
        return await self._ask(messages.LOCATE, request, messages.LocateReply)

    async def repair(self, request: messages.Repair, on_progress: OnProgress | None = None) -> Outcome:
        """Repair a function."""
        return await self._ask(messages.REPAIR, request, Outcome, on_progress)

    async def reverify(self, request: messages.Reverify, on_progress: OnProgress | None = None) -> Outcome:
        """Carry a fix over to a changed text."""
        return await self._ask(messages.REVERIFY, request, Outcome, on_progress)

    async def prepare(self, request: messages.Prepare) -> messages.Prepared:
        """Look at the files of a workspace, so that the next run after a save need not."""
        return await self._ask(messages.PREPARE, request, messages.Prepared)

    async def doctor(self, request: messages.Doctor) -> messages.DoctorReply:
        """Say how the tool stands in a workspace."""
        return await self._ask(messages.DOCTOR, request, messages.DoctorReply)

    async def close(self) -> None:
        """End the process and everything that it started."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.end()

    async def _ready(self) -> _Connection:
        async with self._starting:
            if self._connection is None or self._connection.gone:
                self._connection = await _Connection.open()
            return self._connection

    async def _ask(
        self, method: str, request: Any, kind: type[T], on_progress: OnProgress | None = None
    ) -> T:
        connection = await self._ready()
        if on_progress is not None:
            connection.listeners[request.job] = on_progress
        try:
            answer = asyncio.ensure_future(
                connection.protocol.send_request_async(method, messages.unstructure(request))
            )
            return messages.structure(await asyncio.shield(answer), kind)
        except asyncio.CancelledError:
            await connection.cancel(request.job, answer)
            raise
        except JsonRpcException as error:
            raise EngineGone(f"The engine could not do this: {error}") from error
        except (RuntimeError, OSError) as error:
            raise EngineGone("The engine process ended unexpectedly.") from error
        finally:
            connection.listeners.pop(request.job, None)


class _Connection(JsonRPCClient):
    """One engine process."""

    CANCEL_SECONDS = 0.7
    """How long a cancelled job may take to end before the whole process is killed instead."""

    def __init__(self) -> None:
        super().__init__(converter_factory=plain_converter)
        self.listeners: dict[str, OnProgress] = {}
        self.feature(messages.PROGRESS)(handler(self._on_progress))
        self._drain: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls) -> _Connection:
        """Start an engine."""
        self = cls()
        await self.start_io(
            sys.executable,
            "-m",
            "heal_lsp.engine",
            cwd=places.start_folder(),
            start_new_session=True,
            limit=1 << 20,
        )
        self._drain = asyncio.ensure_future(self._log())
        return self

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server is not None else None

    @property
    def gone(self) -> bool:
        return self._server is None or self._server.returncode is not None

    def report_server_error(self, error: Exception, source: Any) -> None:
        logger.error("%s", error)

    async def cancel(self, job: str, answer: asyncio.Future[Any]) -> None:
        """End one job; if it does not end in time, end the process."""
        if self.gone:
            return
        with contextlib.suppress(Exception):
            self.protocol.notify(messages.CANCEL, messages.unstructure(messages.Cancel(job)))
        done, _ = await asyncio.wait({answer}, timeout=self.CANCEL_SECONDS)
        if not done:
            answer.cancel()
            self._kill()
            return
        answer.exception() if not answer.cancelled() else None

    async def end(self) -> None:
        """End the process and wait for it."""
        self._kill()
        if self._server is not None:
            await self._server.wait()
        if self._drain is not None:
            self._drain.cancel()
        self._stop_event.set()
        for task in self._async_tasks:
            task.cancel()
        await asyncio.gather(*self._async_tasks, return_exceptions=True)

    def _kill(self) -> None:
        if self._server is not None and self._server.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(self._server.pid, signal.SIGKILL)
                else:
                    self._server.kill()

    def _on_progress(self, params: Any) -> None:
        progress = messages.structure(params, messages.Progress)
        listener = self.listeners.get(progress.job)
        if listener is not None:
            listener(progress)

    async def _log(self) -> None:
        """Read what the engine says on stderr, so that it never blocks on a full pipe."""
        stream = self._server.stderr if self._server is not None else None
        while stream is not None and (chunk := await stream.read(1 << 16)):
            logger.warning("engine: %s", chunk.decode("utf-8", "replace").rstrip())
