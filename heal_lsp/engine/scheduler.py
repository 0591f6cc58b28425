"""One scheduler for everything that runs in the sandbox: a person's heal, then tests, then preparing.

The machine is small, so few jobs run at once. A job that a person waits for never queues behind one that nobody waits
for: the lower one is stopped, and started again from its beginning when there is room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Any, TypeVar

T = TypeVar("T")


class Priority(IntEnum):
    """The smaller goes first."""

    HEAL = 0
    TEST = 1
    PREPARE = 2


class _Job:
    """Work that runs now."""

    def __init__(self, priority: Priority, task: asyncio.Future[Any]) -> None:
        self.priority = priority
        self.task = task
        self.preempted = False


class Scheduler:
    """Runs jobs in order of priority, at most ``slots`` at once."""

    def __init__(self, slots: int = 2) -> None:
        self._slots = slots
        self._running: list[_Job] = []
        self._waiting: list[tuple[Priority, asyncio.Future[None]]] = []

    async def run(self, priority: Priority, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` when its turn comes; it may be started more than once.

        When the caller is cancelled, the work is cancelled and over before the caller is.
        """
        while True:
            await self._turn(priority)
            task: asyncio.Future[T] = asyncio.ensure_future(work())
            job = _Job(priority, task)
            self._running.append(job)
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait({task})
                raise
            finally:
                self._running.remove(job)
                self._wake()
            if not (job.preempted and task.cancelled()):
                return task.result()

    async def _turn(self, priority: Priority) -> None:
        """Wait for a free slot that nobody of a higher priority waits for."""
        while len(self._running) >= self._slots or any(other < priority for other, _ in self._waiting):
            self._preempt_for(priority)
            place = (priority, asyncio.get_running_loop().create_future())
            self._waiting.append(place)
            try:
                await place[1]
            except asyncio.CancelledError:
                self._waiting.remove(place)
                self._wake()
                raise
            self._waiting.remove(place)

    def _preempt_for(self, priority: Priority) -> None:
        """Stop the least of the running jobs that are below ``priority``, unless one is being stopped already."""
        lower = [job for job in self._running if job.priority > priority]
        if len(self._running) < self._slots or not lower or any(job.preempted for job in lower):
            return
        victim = max(lower, key=lambda job: job.priority)
        victim.preempted = True
        victim.task.cancel()

    def _wake(self) -> None:
        """Let as many waiters look again as there is room for, the highest first."""
        free = self._slots - len(self._running)
        for _, place in sorted(self._waiting, key=lambda each: each[0])[: max(free, 0)]:
            # it keeps its place until it takes its turn, so that nobody below it slips in between
            if not place.done():
                place.set_result(None)
