"""The account of a run: the worker's events, made into the core's records."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import cattrs
from cattrs.preconf.json import make_converter

from heal_lsp.core.model import Failure, FailureKind, TestOutcome, TestResult
from heal_lsp.verifier.client import WorkerClient
from heal_lsp.verifier.denial import Denials

TIMEOUT = "Timeout"
"""The exception's name in the failure of a test that ran too long."""
CRASH = "Crash"
"""The same for one that ended its process."""
_CONVERTER = make_converter(detailed_validation=False)
Event = Mapping[str, Any]


class Account:
    """Gathers events of one or more children.

    ``denied`` gives the reason for a denial from signs, if any; ``setting`` is the one that bounds a test's time.
    """

    def __init__(self, denied: Callable[[Sequence[Mapping[str, Any]]], str], setting: str) -> None:
        self._denied = denied
        self._bounded = f" ({setting} bounds it)"
        self._results: dict[str, TestResult] = {}
        self._lines: dict[str, int] = {}
        self.errors: list[Failure] = []
        self.denials: list[str] = []
        """Reasons for denials that belong to no test."""
        self.digests: dict[str, str] = {}
        self.coverage: dict[str, dict[str, tuple[int, ...]]] = {}
        self.collected: list[str] = []
        self.missing: list[str] = []
        self.modules: list[str] = []
        self.collecting = ""
        self.exit: int | None = None
        self.reason = ""
        self.whole = False
        self.output = ""
        """Whether pytest said that it ran all there was."""
        self.end: Event = {}

    @property
    def tests(self) -> tuple[TestResult, ...]:
        return tuple(self._results.values())

    def result(self, test: str) -> TestResult | None:
        """How a test ended, if it did."""
        return self._results.get(test)

    def add(self, event: Event) -> None:
        """Take an event; one that is malformed is passed over, as a candidate may have written it."""
        taker = getattr(self, "_take_" + str(event.get("event")), None)
        if taker is None:
            return
        try:
            taker(event)
        except (KeyError, TypeError, ValueError, AttributeError, cattrs.BaseValidationError):
            return

    def add_crash(self, path: str, command: tuple[str, ...]) -> None:
        """Add the failure of a script that ended its process."""
        words = how_it_ended(self.end)
        self.errors.append(
            Failure(FailureKind.EXCEPTION, CRASH, words, path, 1, command=command, phase="run")
        )

    def _take_collecting(self, event: Event) -> None:
        self.collecting = str(event["path"])

    def _take_collected(self, event: Event) -> None:
        self.collecting = ""
        ids = [str(each) for each in event["ids"]]
        self.collected += [each for each in ids if each not in self._lines]
        self._lines |= dict(zip(ids, [int(each) for each in event["lines"]], strict=True))
        self.missing = [str(each) for each in event["missing"]]

    def _take_test(self, event: Event) -> None:
        result = _CONVERTER.structure(event["result"], TestResult)
        if result.failure is not None and (reason := self._denied(event["signs"])):
            message = f"{reason} ({result.failure.exception}: {result.failure.message})"[:4000]
            result = attrs.evolve(
                result, outcome=TestOutcome.DENIED, failure=attrs.evolve(result.failure, message=message)
            )
        elif result.failure is not None and result.failure.exception == TIMEOUT:
            message = result.failure.message + self._bounded
            result = attrs.evolve(result, failure=attrs.evolve(result.failure, message=message))
        self._results[result.id] = result
        self._take_digests(event)
        if "lines" in event:
            lines = event["lines"].items()
            self.coverage[result.id] = {
                str(path): tuple(int(each) for each in found) for path, found in lines
            }

    def _take_error(self, event: Event) -> None:
        failure = _CONVERTER.structure(event["failure"], Failure)
        if reason := self._denied(event["signs"]):
            self.denials.append(reason)
        self.errors.append(failure)
        self._take_digests(event)

    def _take_digests(self, event: Event) -> None:
        self.digests |= {str(path): str(name) for path, name in event["digests"].items()}

    def _take_modules(self, event: Event) -> None:
        self.modules = [str(each) for each in event["names"]]

    def _take_done(self, event: Event) -> None:
        self.exit = int(event["exit"])
        self.reason = str(event.get("reason", "")).strip()
        self.whole = bool(event.get("whole", False))
        self.output = str(event.get("output", ""))

    def _take_end(self, event: Event) -> None:
        self.end = event
        test = event.get("test")
        # a test that ran when the whole run's time was over need not be to blame; a script is no test
        if test in self._lines and event.get("how") not in ("finished", "killed"):
            self._results[test] = TestResult(test, TestOutcome.FAILED, 0.0, self._lost(test))

    def _lost(self, test: str) -> Failure:
        """The failure of the test that ran when its process ended or was ended."""
        how = self.end.get("how")
        exception = CRASH if how in ("died", "crowd", "disk") else TIMEOUT
        path = test.partition("::")[0]
        return Failure(
            FailureKind.EXCEPTION,
            exception,
            how_it_ended(self.end) + (self._bounded if exception == TIMEOUT else ""),
            path,
            self._lines.get(test, 1),
            test=test,
        )


def new_account(client: WorkerClient, memory_mb: int, setting: str = "heal.sandbox.seconds") -> Account:
    """An empty account of what a worker runs, which knows what its sandbox denies.

    ``setting`` names what bounds the time of a test.
    """
    if not client.box.isolated:
        return Account(lambda signs: "", setting)
    box = client.box
    denials = Denials(box.root, memory_mb, frozenset(box.environment), box.isolation.tier, box.homes)
    return Account(denials.reason, setting)


def how_it_ended(end: Event) -> str:
    """What ended a process, in words that follow on its name."""
    how = end.get("how")
    if how == "disk":
        return "it wrote far more than the sandbox has room for, and was ended"
    if how == "crowd":
        return "it started far more processes than tests need, and was ended"
    if how in ("slow", "killed"):
        return "it was still running when its time was over, and was ended"
    number = int(end.get("signal", 0) or 0)
    if number:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        why = " (a stack overflow, or a fault in an extension module)" if name == "SIGSEGV" else ""
        return f"it ended the process by {name}{why}"
    return f"it ended the process at once with exit code {int(end.get('code', 0) or 0)}"
