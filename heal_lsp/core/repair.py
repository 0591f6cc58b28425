"""The loop: diagnose, localise, propose, check, verify, remember.

It is asynchronous; synchronous faces run it to its end. It knows no editor, no process and no file: what it needs comes
through the ports, and what it does is told to listeners as events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

import attrs

from heal_lsp.core import explain, rails
from heal_lsp.core.bound import Bound
from heal_lsp.core.diagnose import diagnose, flaky
from heal_lsp.core.events import Ended, Judged, Listener, Phase, Proposed
from heal_lsp.core.localise import ochiai
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import (
    Attempt,
    Baseline,
    Candidate,
    Evidence,
    FileChange,
    Fix,
    Obstacle,
    ObstacleKind,
    Outcome,
    OutcomeKind,
    Task,
    TestOutcome,
    Verdict,
    VerdictKind,
)
from heal_lsp.core.ports import Clock, Proposer, Verifier
from heal_lsp.core.ranking import is_sure, rank

_SCREEN_SECONDS = 2.0
"""Wall time of one screening: other candidates, and the end of the budget, wait for so long at the most."""
_UNREACHED = Verdict(VerdictKind.INFRASTRUCTURE)


@attrs.frozen
class Limits:
    """Bounds of one repair that no single proposer knows."""

    rivals: int = 40
    """Candidates that may still run after the first that passes, so that it can be compared with others."""
    rival_seconds: float = 2.0
    """Wall time for these."""
    confirmations: int = 3
    """Winners that may be confirmed before the repair gives up on a proposer."""
    allow_test_edits: bool = False


class Repair:
    """One repair of one task. :meth:`run` leads to its outcome."""

    def __init__(
        self,
        task: Task,
        proposers: Sequence[Proposer],
        verifier: Verifier,
        clock: Clock,
        *,
        limits: Limits | None = None,
        listener: Listener = lambda event: None,
    ) -> None:
        self._task = task
        self._proposers = proposers
        self._verifier = verifier
        self._clock = clock
        self._limits = limits or Limits()
        self._tell = listener
        self._started = clock.now()
        self._ran = 0
        """Candidates that were run, not counting what the cache proposed."""
        self.memory = Memory(task)
        """Every attempt of this repair, for whoever keeps what was learnt."""

    async def run(self) -> Outcome:
        """Repair the task. Cancelling is up to the caller, as is closing the verifier."""
        outcome = await self._run()
        self._tell(Ended(outcome))
        return outcome

    async def _run(self) -> Outcome:
        self._tell(Phase("baseline"))
        baseline = await self._verifier.baseline(self._task)
        if (obstacle := diagnose(self._task, baseline)) is not None:
            return self._blocked(obstacle)
        self._task = _with_suspects(self._task, baseline)
        for proposer in self._proposers:  # in order of cost
            self._tell(Phase(proposer.name))
            winners = await self._winners(proposer, baseline)
            if broken := self._infrastructure():
                return self._blocked(broken)
            for winner in rank(winners, self._task, baseline)[: self._limits.confirmations]:
                self._tell(Phase("confirm", winner.note))
                found = await self._verifier.confirm(winner)
                if isinstance(found, Evidence):
                    return self._healed(winner, winners, found, baseline)
                self.memory.record(Attempt(winner, found))
                if found.kind is VerdictKind.FLAKY:
                    return self._blocked(flaky(self._task.failing[0]))
        return self._not_found()

    async def _winners(self, proposer: Proposer, baseline: Baseline) -> list[Candidate]:
        """Candidates of one proposer that pass, until its budget ends or the first has met enough rivals."""
        winners: list[Candidate] = []
        bound = Bound(proposer.budget, self._clock)
        stream = proposer.propose(self._task, baseline, self.memory)
        async with aclosing(stream), aclosing(bound.batches(stream)) as batches:
            async for batch in batches:
                async for candidate, known in self._screened(batch, bound):
                    bound.count()
                    verdict = known or await self._verified(candidate)
                    self._record(Attempt(candidate, verdict))
                    if verdict.kind is VerdictKind.INFRASTRUCTURE:
                        return winners
                    if verdict.passed:
                        if not winners:
                            bound.narrow(self._limits.rivals, self._limits.rival_seconds)
                        winners.append(candidate)
                    if not bound.is_open:
                        return winners
        return winners

    async def _screened(
        self, batch: Sequence[Candidate], bound: Bound
    ) -> AsyncGenerator[tuple[Candidate, Verdict | None], None]:
        """The new candidates of a batch, in order, each with the verdict that refuses it already, if there is one."""
        waiting = [(each, self._checked(each)) async for each in _gently(batch) if self.memory.is_new(each)]
        while waiting:
            runnable = [each for each, refused in waiting if refused is None]
            told: Sequence[Verdict | None] = [None] * len(runnable)
            if len(runnable) > 1:
                self._tell(Proposed(self._ran + 1, runnable[0]))
                found = await self._verifier.screen(runnable, bound.seconds(_SCREEN_SECONDS))
                bound.resize(together=bool(found))
                told = found or told
            answers = iter(told)
            for number, (candidate, refused) in enumerate(waiting):
                known = refused or next(answers, _UNREACHED)
                if known is _UNREACHED:
                    waiting = waiting[number:]
                    break
                # what is said to pass there is verified like anything else
                yield candidate, None if known is not None and known.passed else known
            else:
                return

    def _checked(self, candidate: Candidate) -> Verdict | None:
        return rails.check(candidate, self._task, allow_test_edits=self._limits.allow_test_edits)

    async def _verified(self, candidate: Candidate) -> Verdict:
        self._tell(Proposed(self._ran + 1, candidate))
        return await self._verifier.verify(candidate)

    def _record(self, attempt: Attempt) -> None:
        self.memory.record(attempt)
        if attempt.candidate.proposer != "recall" and attempt.verdict.kind is not VerdictKind.REFUSED:
            self._ran += 1
        self._tell(Judged(attempt))

    def _infrastructure(self) -> Obstacle | None:
        for each in self.memory.attempts:
            if each.verdict.kind is VerdictKind.INFRASTRUCTURE:
                return Obstacle(
                    ObstacleKind.INFRASTRUCTURE,
                    each.verdict.reason,
                    "Run `heal-lsp doctor` to see what is wrong with the sandbox.",
                )
        return None

    def _healed(
        self, winner: Candidate, winners: Sequence[Candidate], found: Evidence, baseline: Baseline
    ) -> Outcome:
        path, base = self._task.target.path, self._task.base
        changes = (FileChange(path, base, winner.text(path, base)),)
        fix = Fix(winner, changes, found)
        fix = attrs.evolve(fix, sure=is_sure(fix, winners, self._task, baseline))
        recalled = winner.proposer == "recall"
        return Outcome(
            OutcomeKind.HEALED,
            explain.healed(self._task, fix, recalled),
            fix=fix,
            alternatives=tuple(each for each in rank(winners, self._task, baseline) if each != winner)[:2],
            candidates=self._ran,
            recalled=recalled,
            seconds=self._clock.now() - self._started,
        )

    def _blocked(self, obstacle: Obstacle) -> Outcome:
        return Outcome(
            OutcomeKind.OBSTACLE,
            obstacle.message,
            obstacle.hint,
            obstacle=obstacle,
            candidates=self._ran,
            seconds=self._clock.now() - self._started,
        )

    def _not_found(self) -> Outcome:
        seconds = self._clock.now() - self._started
        return Outcome(
            OutcomeKind.EXHAUSTED,
            explain.exhausted(self._task, self._ran, seconds),
            "Raise heal.search.seconds to let it look longer, or mend the function by hand.",
            candidates=self._ran,
            seconds=seconds,
            closest=explain.closest(self.memory.attempts),
        )


async def _gently(candidates: Sequence[Candidate]) -> AsyncIterator[Candidate]:
    """The candidates, with a moment for other tasks after each."""
    for each in candidates:
        yield each
        await asyncio.sleep(0)


def _with_suspects(task: Task, baseline: Baseline) -> Task:
    failing = [each for each in baseline.ids(TestOutcome.FAILED) if each in task.failing]
    passing = baseline.ids(TestOutcome.PASSED)
    found = ochiai(baseline.coverage, failing, passing, within=task.target)
    return attrs.evolve(task, suspects=found) if found else task
