"""The loop, with a verifier and proposers that follow a script and a clock that stands where it is put."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import attrs
import pytest

from heal_lsp.core.budget import Budget
from heal_lsp.core.events import Ended, Event, Judged, Phase, Proposed
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import (
    Baseline,
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    ObstacleKind,
    OutcomeKind,
    Snapshot,
    Target,
    TargetKind,
    Task,
    TestOutcome,
    TestResult,
    Verdict,
    VerdictKind,
)
from heal_lsp.core.repair import Limits, Repair
from heal_lsp.core.text import Edit, digest

BASE = "def add(a, b):\n    return a - b\n"
MINUS = BASE.index("-")
FAILURE = Failure(
    FailureKind.ASSERTION, "AssertionError", "assert 1 == 3", "test_a.py", 4, test="test_a.py::test_add"
)
TARGET = Target("a.py", "add", "add", TargetKind.FUNCTION, 0, len(BASE), 1, 2)
TASK = Task(Snapshot("/w"), FAILURE, TARGET, BASE, ("test_a.py::test_add",), ("test_a.py",))
RED = TestResult("test_a.py::test_add", TestOutcome.FAILED, failure=FAILURE)
GREEN = TestResult("test_a.py::test_add", TestOutcome.PASSED)
OTHER = TestResult("test_a.py::test_other", TestOutcome.PASSED)


def candidate(new: str, proposer: str = "search", cost: float = 1.0) -> Candidate:
    return Candidate(
        digest(BASE), {"a.py": (Edit(MINUS, MINUS + 1, new),)}, proposer, "swap", cost, f"- → {new}"
    )


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time


class ScriptedVerifier:
    """Passes the candidates whose text holds one of ``right``; confirms those of ``sound``."""

    def __init__(
        self, right: Sequence[str], sound: Sequence[str] | None = None, baseline: Baseline | None = None
    ) -> None:
        self.right, self.sound = right, right if sound is None else sound
        self.base = baseline or Baseline((RED, OTHER), "3.11.7", "tier 1")
        self.ran: list[str] = []
        self.screened: list[int] = []
        self.screens = False
        self.unsure: Sequence[str] = ()
        self.most = 1000
        self.clock: Clock | None = None

    async def baseline(self, task: Task) -> Baseline:
        return self.base

    async def verify(self, candidate: Candidate) -> Verdict:
        text = candidate.text("a.py", BASE)
        self.ran.append(text)
        if self.clock is not None:
            self.clock.time += 1.0
        if any(f"a {each} b" in text for each in self.right):
            return Verdict(VerdictKind.PASSED, tests=(GREEN, OTHER))
        return Verdict(VerdictKind.FAILED, "test_add: assert 1 == 3", (RED,))

    async def screen(self, candidates: Sequence[Candidate], seconds: float) -> Sequence[Verdict | None]:
        if not self.screens:
            return ()
        self.screened.append(len(candidates))
        return [self.glance(each) for each in candidates[: self.most]]

    def glance(self, candidate: Candidate) -> Verdict | None:
        text = candidate.text("a.py", BASE)
        if any(f"a {each} b" in text for each in self.unsure):
            return None
        if any(f"a {each} b" in text for each in self.right):
            return Verdict(VerdictKind.PASSED, tests=(GREEN, OTHER))
        return Verdict(VerdictKind.FAILED, "test_add: assert 7 == 3", (RED,))

    async def confirm(self, candidate: Candidate) -> Evidence | Verdict:
        if any(f"a {each} b" in candidate.text("a.py", BASE) for each in self.sound):
            return Evidence(("test_a.py::test_add",), ("test_a.py::test_other",))
        return Verdict(VerdictKind.FAILED, "the twin passed")

    async def close(self) -> None:
        return


class ListProposer:
    def __init__(
        self, candidates: Sequence[Candidate], name: str = "search", budget: Budget | None = None
    ) -> None:
        self.name, self.budget, self._candidates = name, budget or Budget(), candidates
        self.closed = False

    async def propose(
        self, task: Task, baseline: Baseline, memory: Memory
    ) -> AsyncGenerator[Candidate, None]:
        try:
            for each in self._candidates:
                await asyncio.sleep(0)
                yield each
        finally:
            self.closed = True


async def repair(
    verifier: ScriptedVerifier,
    *proposers: ListProposer,
    listener: Callable[[Event], None] = lambda e: None,
    clock: Clock | None = None,
    limits: Limits | None = None,
):
    return await Repair(TASK, proposers, verifier, clock or Clock(), listener=listener, limits=limits).run()


async def test_a_passing_and_confirmed_candidate_heals():
    outcome = await repair(ScriptedVerifier(["+"]), ListProposer([candidate("*"), candidate("+")]))
    assert outcome.kind is OutcomeKind.HEALED
    assert outcome.fix is not None
    assert outcome.fix.changes[0].new == BASE.replace("-", "+")
    assert outcome.fix.evidence.fixed == ("test_a.py::test_add",)
    assert outcome.candidates == 2
    assert "1 failing test now passes, 1 other still passes" in outcome.message


async def test_equal_candidates_never_run_twice():
    verifier = ScriptedVerifier([])
    await repair(verifier, ListProposer([candidate("*"), candidate("* "), candidate("*")]))
    assert len(verifier.ran) == 1


async def test_the_original_never_runs_as_a_candidate():
    verifier = ScriptedVerifier(["-"])
    outcome = await repair(verifier, ListProposer([candidate("-")]))
    assert outcome.kind is OutcomeKind.EXHAUSTED
    assert verifier.ran == []


async def test_what_is_refused_by_confirm_is_not_offered_and_the_next_proposer_is_asked():
    outcome = await repair(
        ScriptedVerifier(["*", "+"], sound=["+"]),
        ListProposer([candidate("*", "recall")], "recall"),
        ListProposer([candidate("+")]),
    )
    assert outcome.fix is not None
    assert outcome.fix.candidate.proposer == "search"


async def test_a_recalled_fix_costs_no_candidate():
    search = ListProposer([candidate("*")])
    outcome = await repair(
        ScriptedVerifier(["+"]), ListProposer([candidate("+", "recall")], "recall"), search
    )
    assert outcome.recalled
    assert outcome.candidates == 0
    assert not search.closed


async def test_a_candidate_that_does_not_parse_is_refused_before_it_runs():
    verifier = ScriptedVerifier(["+"])
    events: list[Event] = []
    broken = attrs.evolve(candidate("+"), edits={"a.py": (Edit(0, 3, "deff"),)})
    await repair(verifier, ListProposer([broken]), listener=events.append)
    assert verifier.ran == []
    assert not [each for each in events if isinstance(each, Proposed)]


async def test_attempts_are_bounded():
    verifier = ScriptedVerifier([])
    await repair(
        verifier,
        ListProposer([candidate(each) for each in ("*", "/", "//", "%", "+")], budget=Budget(attempts=3)),
    )
    assert len(verifier.ran) == 3


async def test_time_is_bounded():
    verifier, clock = ScriptedVerifier([]), Clock()
    verifier.clock = clock
    proposer = ListProposer(
        [candidate(each) for each in ("*", "/", "//", "%", "+")], budget=Budget(seconds=2.5)
    )
    outcome = await repair(verifier, proposer, clock=clock)
    assert len(verifier.ran) == 3
    assert proposer.closed
    assert outcome.kind is OutcomeKind.EXHAUSTED
    assert "3 candidates were tried" in outcome.message


async def test_a_proposer_that_never_yields_is_left_at_its_deadline():
    class Stuck(ListProposer):
        async def propose(self, task, baseline, memory):
            await asyncio.sleep(3600)
            yield candidate("+")

    class Real:
        def now(self) -> float:
            return asyncio.get_running_loop().time()

    outcome = await asyncio.wait_for(
        Repair(TASK, [Stuck([], budget=Budget(seconds=0.1))], ScriptedVerifier(["+"]), Real()).run(), 20
    )
    assert outcome.kind is OutcomeKind.EXHAUSTED


async def test_rivals_of_a_winner_are_few():
    verifier = ScriptedVerifier(["+"])
    others = [candidate(each) for each in ("*", "/", "//", "%", "**")]
    await repair(verifier, ListProposer([candidate("+"), *others]), limits=Limits(rivals=2))
    assert len(verifier.ran) == 3


def screening(right: Sequence[str], *, unsure: Sequence[str] = (), most: int = 1000) -> ScriptedVerifier:
    verifier = ScriptedVerifier(right)
    verifier.screens, verifier.unsure, verifier.most = True, unsure, most
    return verifier


SIGNS = ("*", "/", "//", "%", "+", "**", "@", "<<", ">>", "&")


async def test_only_what_screening_lets_through_is_verified():
    verifier, events = screening(["+"], unsure=["%"]), list[Event]()
    broken = attrs.evolve(candidate("+"), edits={"a.py": (Edit(0, 3, "deff"),)})
    proposed = [candidate(each) for each in SIGNS]
    outcome = await repair(verifier, ListProposer([broken, proposed[0], *proposed]), listener=events.append)

    assert outcome.kind is OutcomeKind.HEALED
    assert outcome.candidates == len(SIGNS)
    assert [each for each in SIGNS if any(f"a {each} b" in text for text in verifier.ran)] == ["%", "+"]
    assert verifier.screened == [len(SIGNS)]
    judged = [each.attempt for each in events if isinstance(each, Judged)]
    assert [each.candidate for each in judged] == [broken, *proposed]
    assert judged[0].verdict.kind is VerdictKind.REFUSED
    assert judged[1].verdict.reason == "test_add: assert 7 == 3"
    counts = [each.count for each in events if isinstance(each, Proposed)]
    assert counts == sorted(counts)
    assert counts[0] == 1


async def test_what_screening_lets_through_must_be_verified():
    verifier = screening(["+"])
    verifier.glance = lambda candidate: Verdict(VerdictKind.PASSED)  # type: ignore[method-assign]
    outcome = await repair(verifier, ListProposer([candidate(each) for each in SIGNS]))
    assert outcome.fix is not None
    assert len(verifier.ran) == len(SIGNS)


async def test_what_screening_did_not_reach_is_screened_again():
    verifier = screening(["&"], most=3)
    outcome = await repair(verifier, ListProposer([candidate(each) for each in SIGNS]))
    assert outcome.fix is not None
    assert len(verifier.ran) == 1
    assert verifier.screened == [10, 7, 4]


async def test_attempts_bound_what_is_screened():
    verifier = screening([])
    proposer = ListProposer([candidate(each) for each in SIGNS], budget=Budget(attempts=4))
    outcome = await repair(verifier, proposer)
    assert verifier.screened == [4]
    assert outcome.candidates == 4


async def test_rivals_that_were_screened_count_as_well():
    verifier, events = screening(["*", "/", "%"]), list[Event]()
    proposer = ListProposer([candidate(each) for each in SIGNS])
    await repair(verifier, proposer, limits=Limits(rivals=2), listener=events.append)
    assert len(verifier.ran) == 2
    assert len([each for each in events if isinstance(each, Judged)]) == 3
    assert proposer.closed


async def test_a_slow_proposer_is_not_waited_for():
    class Slow(ListProposer):
        async def propose(self, task, baseline, memory):
            for number, each in enumerate(self._candidates):
                if number:
                    assert memory.attempts, "the first was verified before the second came"
                yield each
                await asyncio.sleep(0.2)

    outcome = await repair(screening(["+"]), Slow([candidate("*"), candidate("+")]))
    assert outcome.fix is not None


async def test_a_cancelled_repair_closes_its_proposer():
    class Endless(ScriptedVerifier):
        async def screen(self, candidates, seconds):
            await asyncio.sleep(3600)

    proposer = ListProposer([candidate(each) for each in SIGNS])
    running = asyncio.create_task(repair(Endless([]), proposer))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert proposer.closed


async def test_events_tell_the_story():
    events: list[Event] = []
    await repair(ScriptedVerifier(["+"]), ListProposer([candidate("+")]), listener=events.append)
    assert [each.name for each in events if isinstance(each, Phase)] == ["baseline", "search", "confirm"]
    assert [each.count for each in events if isinstance(each, Proposed)] == [1]
    assert isinstance(events[-1], Ended)


async def test_a_winner_that_is_mere_luck_ends_the_repair():
    class Lucky(ScriptedVerifier):
        async def confirm(self, candidate: Candidate) -> Evidence | Verdict:
            return Verdict(VerdictKind.FLAKY, "test_add passes with the original code as well.")

    outcome = await repair(Lucky(["+"]), ListProposer([candidate("+")]))

    assert outcome.kind is OutcomeKind.OBSTACLE
    assert outcome.obstacle is not None
    assert outcome.obstacle.kind is ObstacleKind.FLAKY
    assert outcome.fix is None


@pytest.mark.parametrize(
    ("baseline", "kind"),
    [
        (Baseline((GREEN, OTHER)), ObstacleKind.ALREADY_PASSES),
        (Baseline((OTHER,)), ObstacleKind.NO_TESTS),
        (Baseline((attrs.evolve(RED, outcome=TestOutcome.SKIPPED),)), ObstacleKind.NO_TESTS),
        (Baseline((attrs.evolve(RED, outcome=TestOutcome.DENIED),)), ObstacleKind.DENIED),
        (Baseline((RED,), flaky=(RED.id,)), ObstacleKind.FLAKY),
        (
            Baseline(
                (
                    attrs.evolve(
                        RED,
                        failure=attrs.evolve(
                            FAILURE, exception="ModuleNotFoundError", message="No module named 'nowhere_x'"
                        ),
                    ),
                )
            ),
            ObstacleKind.MISSING_PACKAGE,
        ),
        (
            Baseline(
                (
                    attrs.evolve(
                        RED, failure=attrs.evolve(FAILURE, exception="KeyError", message="'PAYMENT_API_KEY'")
                    ),
                )
            ),
            ObstacleKind.DENIED,
        ),
    ],
)
async def test_what_code_cannot_mend_is_an_obstacle_with_a_next_step(baseline, kind):
    verifier = ScriptedVerifier(["+"], baseline=baseline)
    outcome = await repair(verifier, ListProposer([candidate("+")]))
    assert outcome.kind is OutcomeKind.OBSTACLE
    assert outcome.obstacle is not None
    assert outcome.obstacle.kind is kind
    assert outcome.advice
    assert verifier.ran == []


async def test_a_broken_verifier_ends_the_repair():
    class Broken(ScriptedVerifier):
        async def verify(self, candidate):
            self.ran.append("x")
            return Verdict(VerdictKind.INFRASTRUCTURE, "The worker ended twice.")

    verifier = Broken([])
    outcome = await repair(verifier, ListProposer([candidate("+"), candidate("*")]))
    assert outcome.kind is OutcomeKind.OBSTACLE
    assert outcome.message == "The worker ended twice."
    assert verifier.ran == ["x"]
