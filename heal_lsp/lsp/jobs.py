"""What is going on in the background, so that it can be cancelled and waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

END_SECONDS = 3.0
"""How long cancelled jobs may take to end before they are left behind."""


class Jobs:
    """The asyncio tasks of a server."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, T], name: str, *, awaited: bool = False) -> asyncio.Task[T]:
        """Run something in the background. Its error is logged, unless somebody awaits it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        if self._closed:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._awaited_ended if awaited else self._ended)
        return task

    def waits(self, task: asyncio.Task[Any] | None) -> None:
        """Note a task that awaits one of the jobs and answers a request: the answer goes out before the
        end.
        """
        if task is not None:
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    def named(self, prefix: str) -> list[asyncio.Task[Any]]:
        """The jobs whose names start so."""
        return [each for each in self._tasks if each.get_name().startswith(prefix)]

    def cancel(self, prefix: str = "") -> int:
        """Cancel the jobs whose names start so; returns how many there were."""
        them = self.named(prefix)
        for each in them:
            each.cancel()
        return len(them)

    async def close(self) -> None:
        """Cancel everything, now and from now on, and wait until it has ended."""
        self._closed = True
        own = asyncio.current_task()
        self.cancel()
        pending = {each for each in (*self._tasks, *self._waiting) if each is not own}
        if pending:
            _, late = await asyncio.wait(pending, timeout=END_SECONDS)
            for each in late:
                logger.warning("%s did not end", each.get_name())

    def _awaited_ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed: %s", task.get_name(), error, exc_info=error)
