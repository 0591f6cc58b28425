"""A proposer of one candidate that is already known, to be judged again."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import attrs

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Baseline, Candidate, Task
from heal_lsp.core.text import digest


class GivenProposer:
    """Proposes ``candidate``, whose edits refer to the text ``base``."""

    def __init__(self, candidate: Candidate, base: str) -> None:
        self.name = candidate.proposer
        self.budget = Budget(attempts=1)
        self._candidate = attrs.evolve(candidate, base=digest(base))

    async def propose(
        self, task: Task, baseline: Baseline, memory: Memory
    ) -> AsyncGenerator[Candidate, None]:
        """Yield it."""
        yield self._candidate
