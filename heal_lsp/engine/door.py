"""The engine's process: a JSON-RPC server over stdio around :class:`heal_lsp.engine.service.Service`."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from pygls.protocol import JsonRPCProtocol
from pygls.server import JsonRPCServer

from heal_lsp.engine import messages
from heal_lsp.engine.service import Service
from heal_lsp.engine.wire import handler, plain_converter

_PR_SET_PDEATHSIG = 1


class Door(JsonRPCServer):
    """Exposes a service. Jobs are ended by ``heal/cancel``, so that no private part of pygls is needed."""

    def __init__(self, service: Service) -> None:
        super().__init__(JsonRPCProtocol, plain_converter)
        self._service = service
        self._jobs: dict[str, asyncio.Task[Any]] = {}
        self._expose(messages.RUN_TESTS, messages.RunTests, service.run_tests)
        self._expose(messages.RUN_SCRIPT, messages.RunScript, service.run_script)
        self._expose(messages.REPAIR, messages.Repair, service.repair)
        self._expose(messages.REVERIFY, messages.Reverify, service.reverify)
        self._expose(messages.LOCATE, messages.Locate, lambda request, tell: service.locate(request))
        self._expose(messages.PREPARE, messages.Prepare, lambda request, tell: service.prepare(request))
        self._expose(messages.DOCTOR, messages.Doctor, lambda request, tell: service.doctor(request))
        self.protocol.fm.feature(messages.CANCEL)(handler(self._cancel))

    def _expose(self, method: str, kind: type[Any], work: Callable[[Any, Any], Awaitable[Any]]) -> None:
        async def handle(params: Any) -> Any:
            request = messages.structure(params, kind)
            task = asyncio.ensure_future(work(request, self._tell))
            self._jobs[request.job] = task
            try:
                return messages.unstructure(await task)
            finally:
                self._jobs.pop(request.job, None)

        self.protocol.fm.feature(method)(handle)

    def _tell(self, progress: messages.Progress) -> None:
        self.protocol.notify(messages.PROGRESS, messages.unstructure(progress))

    def _cancel(self, params: Any) -> None:
        job = self._jobs.get(messages.structure(params, messages.Cancel).job)
        if job is not None:
            job.cancel()


def main() -> None:
    """Serve on stdin and stdout until the face that started this process is gone."""
    follow_parent()
    wire = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # the wire is for messages alone
    os.dup2(2, 1)
    Door(Service(warm=True)).start_io(stdout=wire)
    # Sandboxes die with this process; what still runs in a thread has nobody left to tell.
    os._exit(0)


def follow_parent() -> None:
    """Die when the process that started this one dies, however it does, where the platform can do that (Linux).

    Elsewhere the end of stdin says it.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
