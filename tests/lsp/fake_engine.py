"""An engine without processes.

It knows one bug, ``a - b`` for ``a + b``, and finds it in the texts it is sent.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import attrs

from heal_lsp.core.model import (
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    FileChange,
    Fix,
    Located,
    Obstacle,
    ObstacleKind,
    Outcome,
    OutcomeKind,
    Report,
    Snapshot,
    Suspect,
    Target,
    TargetKind,
    TestOutcome,
    TestResult,
)
from heal_lsp.core.text import Edit, decode, digest
from heal_lsp.engine import messages
from heal_lsp.engine.api import OnProgress

BUG, CURE = "a - b", "a + b"
TEST = "test_calc.py::test_add"
SLOW = 3600.0


class FakeEngine:
    """Satisfies the engine's protocol."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.obstacle: Obstacle | None = None
        self.outcomes: dict[str, TestOutcome] = {}
        """Further tests and how they end."""
        self.errors: tuple[Failure, ...] = ()
        self.repair_seconds = 0.0
        self.run_seconds = 0.0
        self.on_repair: Any = None
        """Called when a repair has read its text and before it answers."""
        self.outcome: Outcome | None = None
        self.gone = False
        self.cancelled: list[str] = []
        self.closed = 0

    def of(self, kind: type) -> list[Any]:
        """The requests of a kind."""
        return [each for each in self.requests if isinstance(each, kind)]

    async def run_tests(
        self, request: messages.RunTests, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        self.requests.append(request)
        await self._work(request.job, self.run_seconds)
        if self.obstacle is not None:
            return messages.RunReply(Report(request.snapshot.root, source="server", obstacle=self.obstacle))
        return self._reply(request.snapshot, request.tests)

    async def run_script(
        self, request: messages.RunScript, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        self.requests.append(request)
        text = text_of(request.snapshot, request.path)
        lines = text.splitlines()
        found = [number for number, line in enumerate(lines, 1) if "raise" in line]
        errors = tuple(
            Failure(FailureKind.EXCEPTION, "ValueError", "bad", request.path, number, phase="run")
            for number in found
        )
        report = Report(
            request.snapshot.root,
            source="run",
            errors=errors,
            digests={request.path: digest(text)},
            output="said\n",
        )
        return messages.RunReply(report, tuple(Located(each, None) for each in errors), (request.path,))

    async def locate(self, request: messages.Locate) -> messages.LocateReply:
        self.requests.append(request)
        return messages.LocateReply(
            tuple(Located(each, target(request.snapshot)) for each in request.failures)
        )

    async def repair(self, request: messages.Repair, on_progress: OnProgress | None = None) -> Outcome:
        self.requests.append(request)
        if on_progress is not None:
            for count in range(1, 40):
                on_progress(
                    messages.Progress(request.job, "search", count, f"candidate number {count} " + "x" * 90)
                )
        text = text_of(request.snapshot, "calc.py")
        if self.on_repair is not None:
            await self.on_repair()
        await self._work(request.job, self.repair_seconds)
        return self.outcome or healed(text)

    async def reverify(self, request: messages.Reverify, on_progress: OnProgress | None = None) -> Outcome:
        self.requests.append(request)
        text = text_of(request.snapshot, "calc.py")
        if BUG not in text:
            gone = Obstacle(ObstacleKind.CHANGED, "calc.py changed while it was being healed.", "Heal again.")
            return Outcome(OutcomeKind.OBSTACLE, gone.message, gone.hint, obstacle=gone)
        return healed(text)

    async def prepare(self, request: messages.Prepare) -> messages.Prepared:
        return messages.Prepared(0)

    async def doctor(self, request: messages.Doctor) -> messages.DoctorReply:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1

    async def _work(self, job: str, seconds: float) -> None:
        if self.gone:
            from heal_lsp.engine.api import EngineGone

            raise EngineGone("The engine process ended unexpectedly.")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled.append(job)
            raise

    def _reply(self, snapshot: Snapshot, tests: tuple[str, ...]) -> messages.RunReply:
        names = {TEST, *self.outcomes}
        chosen = [each for each in sorted(names) if not tests or any(each.startswith(name) for name in tests)]
        results = tuple(self._result(each, snapshot) for each in chosen)
        failures = tuple(
            each.failure for each in results if each.failure is not None and each.outcome.value == "failed"
        )
        report = Report(
            snapshot.root,
            source="server",
            seconds=0.1,
            tests=results,
            errors=self.errors,
            digests={path: digest(text_of(snapshot, path)) for path in ("calc.py", "test_calc.py")},
            isolation="a fake",
        )
        suspects = (Suspect("calc.py", 2, 0.9),)
        located = tuple(
            Located(each, target(snapshot), suspects, "It is called by the assertion.") for each in failures
        )
        return messages.RunReply(report, (*located, *(Located(each, None) for each in self.errors)), tests)

    def _result(self, test: str, snapshot: Snapshot) -> TestResult:
        outcome = self.outcomes.get(test)
        if outcome is None:
            outcome = TestOutcome.FAILED if BUG in text_of(snapshot, "calc.py") else TestOutcome.PASSED
        if outcome in (TestOutcome.PASSED, TestOutcome.SKIPPED):
            return TestResult(test, outcome)
        text = text_of(snapshot, "test_calc.py")
        lines = re.split(r"\r\n|\r|\n", text)
        line = next((number for number, each in enumerate(lines, 1) if "assert" in each), 1)
        kind, name = FailureKind.ASSERTION, "AssertionError"
        return TestResult(
            test, outcome, failure=Failure(kind, name, "assert -1 == 3", "test_calc.py", line, test=test)
        )


def text_of(snapshot: Snapshot, path: str) -> str:
    """The text that a snapshot shows."""
    if path in snapshot.texts:
        return snapshot.texts[path]
    try:
        return decode((Path(snapshot.root) / path).read_bytes())[0]
    except OSError:
        return ""


def target(snapshot: Snapshot) -> Target | None:
    """The function ``add``."""
    text = text_of(snapshot, "calc.py")
    lines = re.split(r"\r\n|\r|\n", text)
    line = next((number for number, each in enumerate(lines, 1) if each.lstrip().startswith("def add")), None)
    if line is None:
        return None
    start = len(text[: text.index("def add")].encode())
    return Target("calc.py", "add", "add", TargetKind.FUNCTION, start, len(text.encode()), line, line + 1)


def healed(text: str) -> Outcome:
    """The outcome of a repair of this text."""
    start = len(text[: text.index(BUG)].encode())
    candidate = Candidate(
        digest(text),
        {"calc.py": (Edit(start, start + len(BUG), CURE),)},
        "search",
        "swap",
        note=f"{BUG} → {CURE}",
    )
    fix = Fix(
        candidate,
        (FileChange("calc.py", text, candidate.text("calc.py", text)),),
        Evidence((TEST,), ("x",), isolation="a fake"),
    )
    return Outcome(
        OutcomeKind.HEALED,
        "`add` failed. Changed: a - b → a + b. 1 failing test now passes.",
        fix=fix,
        candidates=7,
    )


def missing_pytest() -> Obstacle:
    return Obstacle(
        ObstacleKind.NO_PYTEST, "The interpreter has no pytest.", "Install it: pip install pytest."
    )


def changed(outcome: Outcome, **values: Any) -> Outcome:
    return attrs.evolve(outcome, **values)
