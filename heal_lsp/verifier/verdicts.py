"""From the account of a run to the verdict on a candidate."""

from __future__ import annotations

from heal_lsp.core.model import TestOutcome, TestResult, Verdict, VerdictKind
from heal_lsp.verifier.account import CRASH, TIMEOUT, Account, how_it_ended

_MAX_REASON = 600


def judge(account: Account, wanted: tuple[str, ...], seconds: float = 0.0) -> Verdict | None:
    """The verdict that refuses a candidate; None when every wanted test ran and passed."""
    tests = account.tests
    for each in tests:
        if each.id in wanted and each.outcome is not TestOutcome.PASSED:
            return Verdict(_kind(each), words(each), tests, seconds)
    if account.exit == -1:
        return Verdict(
            VerdictKind.INFRASTRUCTURE, f"The sandbox could not be entered: {account.reason}", tests, seconds
        )
    if account.denials:
        return Verdict(VerdictKind.DENIED, account.denials[0], tests, seconds)
    if account.errors:
        first = account.errors[0]
        at_fault = f"{first.path} line {first.line}: {first.exception}: {first.message}"
        return Verdict(VerdictKind.FAILED, _cut(at_fault), tests, seconds)
    how = account.end.get("how")
    where = account.end.get("test") or account.collecting
    at = f"{where}: " if where else ""
    if how in ("killed", "slow"):
        return Verdict(VerdictKind.TIMED_OUT, f"{at}{how_it_ended(account.end)}.", tests, seconds)
    if how != "finished":
        return Verdict(VerdictKind.CRASHED, f"{at}{how_it_ended(account.end)}.", tests, seconds)
    absent = [each for each in wanted if account.result(each) is None]
    if absent:
        return Verdict(VerdictKind.FAILED, f"{absent[0]} did not run.", tests, seconds)
    if account.exit not in (0, 1):
        return Verdict(VerdictKind.FAILED, f"pytest ended with exit code {account.exit}.", tests, seconds)
    return None


def _kind(test: TestResult) -> VerdictKind:
    if test.outcome is TestOutcome.DENIED:
        return VerdictKind.DENIED
    if test.failure is not None and test.failure.exception == TIMEOUT:
        return VerdictKind.TIMED_OUT
    if test.failure is not None and test.failure.exception == CRASH:
        return VerdictKind.CRASHED
    return VerdictKind.FAILED


def words(test: TestResult) -> str:
    """Why a test did not pass, in a sentence that is not too long."""
    return _cut(_words(test))


def _words(test: TestResult) -> str:
    if test.failure is None:
        return (
            f"{test.id} was skipped." if test.outcome is TestOutcome.SKIPPED else f"{test.id} did not pass."
        )
    if test.failure.exception in (TIMEOUT, CRASH) or test.outcome is TestOutcome.DENIED:
        return f"{test.id}: {test.failure.message}"
    return f"{test.id}: {test.failure.exception}: {test.failure.message}"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 3] + "..."
