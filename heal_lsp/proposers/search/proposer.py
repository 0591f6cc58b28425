"""The offline proposer: repairs a function from its failing tests alone, without any model."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator, Iterable
from functools import partial
from itertools import count

import attrs

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Baseline, Candidate, Task
from heal_lsp.core.text import digest
from heal_lsp.proposers.search.note import describe
from heal_lsp.proposers.search.operators import OPERATORS
from heal_lsp.proposers.search.pairs import Pairs
from heal_lsp.proposers.search.rank import Change, Suspicion, changes, ordered, twins
from heal_lsp.proposers.search.shape import Shapes
from heal_lsp.proposers.search.subject import Subject
from heal_lsp.proposers.search.survey import survey

_BREATHER = 25
"""Changes that are looked at between two moments in which other tasks may run."""


class _Queue:
    """Changes by cost; those of equal cost in the order in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Change]] = []
        self._count = count()

    def add(self, found: Iterable[Change]) -> None:
        for each in found:
            heapq.heappush(self._heap, (each.cost, next(self._count), each))

    def pop(self) -> Change | None:
        return heapq.heappop(self._heap)[2] if self._heap else None


@attrs.frozen
class SearchProposer:
    """Yields single edits, the likeliest first, and pairs that build on those that were seen to help."""

    budget: Budget
    name: str = "search"

    async def propose(
        self, task: Task, baseline: Baseline, memory: Memory
    ) -> AsyncGenerator[Candidate, None]:
        """Yield candidates for a task's target; none when its text cannot be parsed."""
        subject = survey(task)
        if subject is None:
            return
        singles = await _singles(subject, Suspicion(task, baseline))
        queue, shapes, base = _Queue(), Shapes(subject), digest(task.base)
        queue.add(singles)
        pairs = Pairs(task, baseline, singles, partial(describe, subject))
        yielded = looked = 0
        while (change := queue.pop()) is not None:
            looked += 1
            if looked % _BREATHER == 0:
                await asyncio.sleep(0)
            if not shapes.is_new(change.edits):
                continue
            edits = {task.target.path: change.edits}
            note = describe(subject, change)
            yield Candidate(base, edits, self.name, change.operator, round(change.cost, 3), note)
            yielded += 1
            if self.budget.attempts is not None and yielded >= self.budget.attempts:
                return
            queue.add(pairs.more(memory))


async def _singles(subject: Subject, suspicion: Suspicion) -> list[Change]:
    """Every single change, and every one repeated at all its places, in order."""
    found: list[Change] = []
    for each in changes(subject, suspicion, OPERATORS):
        if each is None:
            await asyncio.sleep(0)
        else:
            found.append(each)
    singles = ordered(found)
    await asyncio.sleep(0)
    return sorted([*singles, *twins(subject, singles)], key=lambda each: each.cost)
