"""The queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from jobqueue.retry import Retry

Job = Callable[[], Awaitable[Any]]


class Queue:
    """Jobs by name, run in the order in which they were added."""

    def __init__(self, retry: Retry | None = None) -> None:
        self._retry = retry
        self._waiting: deque[tuple[str, Job]] = deque()
        self.results: dict[str, Any] = {}
        self.failed: dict[str, Exception] = {}

    def add(self, name: str, job: Job) -> None:
        """Put a job at the end.

        Raises:
            ValueError: a job of that name waits already.
        """
        if any(name == other for other, _ in self._waiting):
            raise ValueError(f"a job named {name} waits already")
        self._waiting.append((name, job))

    async def _perform(self, job: Job) -> Any:
        if self._retry is None:
            return await job()
        return self._retry.run(job)

    async def run(self) -> int:
        """Run everything that waits; returns how many jobs succeeded. A job's failure does not
        keep the others from running."""
        done = 0
        while self._waiting:
            name, job = self._waiting.popleft()
            try:
                self.results[name] = await self._perform(job)
            except Exception as error:
                self.failed[name] = error
            else:
                done += 1
        return done
