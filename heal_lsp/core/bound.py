"""Keeps one proposer within its budget, and takes what it proposes in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from heal_lsp.core.budget import Budget
from heal_lsp.core.model import Candidate
from heal_lsp.core.ports import Clock

_FIRST, _LARGEST = 16, 512
_PATIENCE = 0.05
"""Seconds for which a batch waits for one more candidate."""
_GATHERING = 0.3
"""Seconds that a batch may take to come together."""


class Bound:
    """What is left of a budget: the deadline holds around every step, not only between candidates."""

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self._clock = clock
        self._left = budget.attempts
        self._deadline = None if budget.seconds is None else clock.now() + budget.seconds
        self._size = _FIRST
        self._next: asyncio.Task[Candidate] | None = None

    @property
    def is_open(self) -> bool:
        """Whether attempts and time are left."""
        return (self._left is None or self._left > 0) and self.seconds(1.0) > 0

    def seconds(self, most: float) -> float:
        """Seconds that are left, up to ``most``."""
        return most if self._deadline is None else min(most, self._deadline - self._clock.now())

    def count(self) -> None:
        """One candidate was used."""
        if self._left is not None:
            self._left -= 1

    def narrow(self, attempts: int, seconds: float) -> None:
        """Lower what is left; never raises it."""
        deadline = self._clock.now() + seconds
        self._left = attempts if self._left is None else min(self._left, attempts)
        self._deadline = deadline if self._deadline is None else min(self._deadline, deadline)

    def resize(self, together: bool) -> None:
        """Take more candidates together from now on where that helps, and else one after the other."""
        self._size = min(2 * self._size, _LARGEST) if together else 1

    async def batches(self, stream: AsyncIterator[Candidate]) -> AsyncGenerator[list[Candidate], None]:
        """The candidates of ``stream`` until attempts or time are used up, as many together as come quickly."""
        more = True
        try:
            while more and self.is_open:
                batch: list[Candidate] = []
                more = await self._gather(stream, batch)
                if batch:
                    yield batch
        finally:
            if self._next is not None:
                self._next.cancel()
                await asyncio.wait([self._next])

    async def _gather(self, stream: AsyncIterator[Candidate], batch: list[Candidate]) -> bool:
        """Fill a batch. False when the stream is at its end."""
        size = self._size if self._left is None else min(self._size, self._left)
        loop = asyncio.get_running_loop()
        end = loop.time() + _GATHERING
        while len(batch) < size and (not batch or loop.time() < end):
            if self._next is None:
                self._next = asyncio.ensure_future(_following(stream))
            timeout = self.seconds(_PATIENCE) if batch else None
            if not batch and self._deadline is not None:
                timeout = self._deadline - self._clock.now()
            done, _ = await asyncio.wait([self._next], timeout=timeout)
            if not done:
                return bool(batch)  # nothing came until the deadline; or no more for a moment
            found, self._next = self._next, None
            try:
                batch.append(found.result())
            except StopAsyncIteration:
                return False
        return True


async def _following(stream: AsyncIterator[Candidate]) -> Candidate:
    return await anext(stream)
