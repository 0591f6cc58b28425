"""Running something again when it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Retry:
    """Runs an action up to a number of times."""

    def __init__(self, attempts: int = 3, pause: float = 0.0) -> None:
        if attempts < 1:
            raise ValueError("at least one attempt is needed")
        self.attempts = attempts
        self.pause = pause
        self.failures = 0

    async def run(self, action: Callable[[], Awaitable[T]]) -> T:
        """The action's result.

        Raises:
            OSError: the last attempt failed too.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return await action()
            except OSError:
                self.failures += 1
                if attempt == self.attempts:
                    raise
                await asyncio.sleep(self.pause * attempt)
        raise AssertionError("unreachable")
