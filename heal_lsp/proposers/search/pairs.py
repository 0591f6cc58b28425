"""Two changes together: one that was seen to help, and a likely further one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Attempt, Baseline, Candidate, Task, TestOutcome
from heal_lsp.core.text import Edit
from heal_lsp.proposers.search.rank import Change

PAIR_COST = 2.0
_PARTNERS = 150
_SEEDS = 24


class Pairs:
    """Watches the attempts for changes that helped, and joins each to the likeliest others."""

    def __init__(
        self, task: Task, baseline: Baseline, singles: Sequence[Change], describe: Callable[[Change], str]
    ) -> None:
        self._path = task.target.path
        self._failing = frozenset(task.failing)
        self._passing = frozenset(baseline.ids(TestOutcome.PASSED))
        self._singles = singles[:_PARTNERS]
        self._cheapest = singles[0].cost if singles else 0.0
        self._describe = describe
        self._notes: dict[int, str] = {}
        self._read = 0
        self._seeds = 0

    def more(self, memory: Memory) -> Iterator[Change]:
        """The pairs that follow from the attempts since the last call."""
        attempts = memory.attempts
        fresh, self._read = attempts[self._read :], len(attempts)
        for attempt in fresh:
            if self._seeds < _SEEDS and self._helped(attempt):
                self._seeds += 1
                yield from self._joined(attempt.candidate)

    def _helped(self, attempt: Attempt) -> bool:
        """Whether failing tests passed with a candidate and none broke, though not all passed."""
        outcomes = {each.id: each.outcome for each in attempt.verdict.tests}
        mended = sum(1 for each in self._failing if outcomes.get(each) is TestOutcome.PASSED)
        broken = any(outcomes.get(each) is TestOutcome.FAILED for each in self._passing)
        return mended > 0 and not broken and not attempt.verdict.passed

    def _joined(self, seed: Candidate) -> Iterator[Change]:
        first = seed.edits.get(self._path, ())
        for number, each in enumerate(self._singles):
            if _apart(first, each.edits):
                edits = tuple(sorted((*first, *each.edits), key=lambda edit: (edit.start, edit.end)))
                note = f"{seed.note} and {self._note(number)}"
                cost = seed.cost + max(0.0, each.cost - self._cheapest) + PAIR_COST
                yield Change(edits, cost, f"{seed.operator} + {each.operator}", each.line, note)

    def _note(self, number: int) -> str:
        if number not in self._notes:
            self._notes[number] = self._describe(self._singles[number])
        return self._notes[number]


def _apart(one: Sequence[Edit], other: Sequence[Edit]) -> bool:
    """Whether no edit of one touches an edit of the other."""
    return all(a.end < b.start or b.end < a.start for a in one for b in other)
