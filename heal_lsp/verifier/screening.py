"""The screen lane: many candidates of one lane's task, judged in one process by calling the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heal_lsp.core.model import (
    Candidate,
    Failure,
    FailureKind,
    Task,
    TestOutcome,
    TestResult,
    Verdict,
    VerdictKind,
)
from heal_lsp.verifier.account import CRASH, TIMEOUT
from heal_lsp.verifier.client import WorkerClient
from heal_lsp.verifier.lane import Lane
from heal_lsp.verifier.texts import Texts, Unfit
from heal_lsp.verifier.verdicts import words

_BEGIN = 20.0
"""Seconds that collecting the tests and finding out how the original behaves may take besides."""
_LONGEST = 2.0
_HOW = {"died": (VerdictKind.CRASHED, CRASH), "hung": (VerdictKind.TIMED_OUT, TIMEOUT)}
_HOW["spent"] = _HOW["hung"]
_WORDS = {
    "died": "it ended the process",
    "hung": "it was still running when its time was over, and was ended",
    "spent": "it went on for far longer than the original",
}


class Screening:
    """Screens candidates of a task in the first lane that has failing tests.

    :attr:`reason` tells why that is not possible, once it is known; empty as long as it may be.
    """

    def __init__(
        self, task: Task, lanes: Sequence[Lane], before: Mapping[str, TestResult], texts: Texts
    ) -> None:
        self._task = task
        self._texts = texts
        self._before = before
        self.reason = ""
        self._lane = next((each for each in lanes if each.failing), None)
        if self._lane is None or self._lane.mode == "cold" or task.target.path in self._lane.loaded:
            self.reason = "the tests do not run in a warm session"

    async def run(
        self, client: WorkerClient, candidates: Sequence[Candidate], seconds: float
    ) -> list[Verdict | None]:
        """The verdicts on the first of the candidates, as many as the time allows; none when it is not possible."""
        if self.reason or not candidates:
            return []
        assert self._lane is not None
        answer = _Answer(len(candidates))
        async for event in client.ask(self._request(self._lane, candidates, seconds), "end"):
            answer.add(event)
        if answer.lost:
            await self._lane.reopen(client)
        if answer.reason:
            self.reason = answer.reason
        return answer.verdicts

    def _request(self, lane: Lane, candidates: Sequence[Candidate], seconds: float) -> dict[str, Any]:
        path = self._task.target.path
        wish = {
            "path": path,
            "base": self._task.base,
            "line": self._task.target.line,
            "failing": {each: self._exception(each) for each in lane.failing},
            "kept": list(lane.kept),
            "candidates": [self._edits(each) for each in candidates],
            "seconds": seconds,
            "longest": _LONGEST,
        }
        return lane.screen_request(wish, seconds + _BEGIN)

    def _edits(self, candidate: Candidate) -> list[Any] | None:
        """A candidate's edits of the target's file; None when there are others, or they do not fit."""
        path = self._task.target.path
        try:
            fits = list(candidate.edits) == [path] and bool(self._texts.changed(candidate))
        except Unfit:
            return None
        return [[each.start, each.end, each.new] for each in candidate.edits[path]] if fits else None

    def _exception(self, test: str) -> str:
        """The name of the exception with which a test fails."""
        before = self._before.get(test)
        return before.failure.exception if before is not None and before.failure is not None else ""


class _Answer:
    """Gathers what is told about a number of candidates. A candidate may have written it: all is checked."""

    def __init__(self, count: int) -> None:
        self._found: list[Verdict | None] = [None] * count
        self._told = 0
        self._tests: list[str] = []
        self.reason = ""
        self.lost = False

    @property
    def verdicts(self) -> list[Verdict | None]:
        """Those on the candidates that were reached."""
        return self._found[: self._told]

    def add(self, event: Mapping[str, Any]) -> None:
        """Take an event."""
        name = event.get("event")
        if name == "screening" and isinstance(event.get("tests"), list):
            self._tests = [str(each) for each in event["tests"]]
        elif name == "screened" and isinstance(event.get("results"), list):
            for each in event["results"]:
                self._take(each)
        elif name == "unscreened":
            self.reason = str(event.get("reason")) or "it does not say why"
        elif name == "error":
            self.reason = "the tests cannot be collected"
        elif name == "end":
            self.lost = bool(event.get("session_lost"))
            if not self._told and not self.reason and event.get("how") != "killed":
                self.reason = "its process ended"

    def _take(self, result: Any) -> None:
        try:
            index, kind, passed, exception, message, line = result
            verdict = _verdict(str(kind), self._tests, int(passed), str(exception), str(message), int(line))
            self._found[index] = verdict
        except (ValueError, TypeError, IndexError):
            return
        self._told = max(self._told, index + 1)


def _verdict(
    kind: str, tests: Sequence[str], passed: int, exception: str, message: str, line: int
) -> Verdict | None:
    """The verdict on a candidate of which so many tests passed, up to the first that did not."""
    results = [TestResult(each, TestOutcome.PASSED) for each in tests[:passed]]
    if kind == "passed" and passed == len(tests) > 0:
        return Verdict(VerdictKind.PASSED, "", tuple(results))
    if kind in _HOW:
        verdict, exception = _HOW[kind]
        message = _WORDS[kind]
    elif kind == "failed":
        verdict = VerdictKind.FAILED
    else:
        return None
    test = tests[passed]
    asserted = exception in ("AssertionError", "Failed")
    failure = Failure(
        FailureKind.ASSERTION if asserted else FailureKind.EXCEPTION,
        exception,
        message,
        test.partition("::")[0],
        max(line, 1),
        test=test,
    )
    results.append(TestResult(test, TestOutcome.FAILED, failure=failure))
    return Verdict(verdict, words(results[-1]), tuple(results))
