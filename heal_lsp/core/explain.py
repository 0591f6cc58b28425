"""The sentences that end a repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from heal_lsp.core.model import Attempt, Evidence, Failure, Fix, Task, VerdictKind


def headline(failure: Failure, limit: int = 120) -> str:
    """The failure in one line: ``RecursionError: maximum recursion depth exceeded``."""
    message = " ".join(failure.message.split())
    text = f"{failure.exception}: {message}" if message else failure.exception
    return text if len(text) <= limit else text[: limit - 1] + "…"


def healed(task: Task, fix: Fix, recalled: bool) -> str:
    """What was wrong, what changed and what was seen to hold."""
    change = fix.candidate.note or fix.candidate.operator or "the function was changed"
    source = " (remembered from an earlier repair)" if recalled else ""
    return (
        f"`{task.target.name}` failed with {headline(task.failure, 80)}. "
        f"Changed{source}: {change}. {evidence(fix.evidence)}"
    )


def evidence(found: Evidence) -> str:
    """The evidence in one sentence."""
    kept = rest = ""
    if count := len(found.kept):
        kept = f", {plural(count, 'other')} still pass{'es' if count == 1 else ''}"
    if count := len(found.still_failing):
        rest = f", {plural(count, 'unrelated test')} still fail{'s' if count == 1 else ''}"
    fixed = plural(len(found.fixed), "failing test")
    now = "passes" if len(found.fixed) == 1 else "pass"
    label = f"; sandbox: {found.isolation}" if found.isolation else ""
    return f"{fixed} now {now}{kept}{rest}, ran in {found.seconds:.1f} s{label}."


def exhausted(task: Task, ran: int, seconds: float) -> str:
    """That no fix was found, and how far the search went."""
    what = f"`{task.target.name}` still fails with {headline(task.failure, 80)}."
    if ran == 0:
        return f"{what} No change of it could be tried."
    return f"{what} {plural(ran, 'candidate')} were tried in {seconds:.0f} s and none made the failing tests pass."


def closest(attempts: Sequence[Attempt]) -> str:
    """How the candidates failed, the commonest way first."""
    reasons = Counter(
        each.verdict.reason.splitlines()[0][:120]
        for each in attempts
        if each.verdict.reason and each.verdict.kind is not VerdictKind.PASSED
    )
    return "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))


def plural(count: int, noun: str) -> str:
    """``1 test``, ``2 tests``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
