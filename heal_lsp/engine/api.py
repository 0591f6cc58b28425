"""What an engine does for a face, whether it runs in the same process or behind the JSON-RPC door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from heal_lsp.core.model import Outcome
from heal_lsp.engine.messages import (
    Doctor,
    DoctorReply,
    Locate,
    LocateReply,
    Prepare,
    Prepared,
    Progress,
    Repair,
    Reverify,
    RunReply,
    RunScript,
    RunTests,
)

OnProgress = Callable[[Progress], None]


class EngineGone(Exception):
    """The engine process ended while it worked. The next request starts a new one."""


class Engine(Protocol):
    """Satisfied by :class:`heal_lsp.engine.service.Service` and :class:`heal_lsp.engine.client.EngineClient`.

    Cancelling the task that awaits a request ends its job and leaves no process of it behind, within a second.
    """

    async def run_tests(self, request: RunTests, on_progress: OnProgress | None = None) -> RunReply:
        """Run tests and locate their failures."""

    async def run_script(self, request: RunScript, on_progress: OnProgress | None = None) -> RunReply:
        """Run a script and locate its failure."""

    async def locate(self, request: Locate) -> LocateReply:
        """Locate failures that came from elsewhere."""

    async def repair(self, request: Repair, on_progress: OnProgress | None = None) -> Outcome:
        """Repair a function."""

    async def reverify(self, request: Reverify, on_progress: OnProgress | None = None) -> Outcome:
        """Carry a fix over to a changed text."""

    async def prepare(self, request: Prepare) -> Prepared:
        """Look at the files of a workspace, so that the next run after a save need not."""

    async def doctor(self, request: Doctor) -> DoctorReply:
        """Say how the tool stands in a workspace."""

    async def close(self) -> None:
        """End every job and every process."""
