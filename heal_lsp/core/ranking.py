"""Which of several passing candidates to offer first, and whether it may be called sure.

Passing is not enough (Smith et al., "Is the Cure Worse Than the Disease?", ESEC/FSE 2015). The order:

1. Candidates with a mark of overfitting come last: a telling literal copied from a test, a branch on such a
   literal, a new handler for every exception.
2. Among the rest, the smaller sum of the proposer's cost, the size of the change in tokens, and smaller
   marks: an operand or argument given twice, statements removed, a variable replaced by a constant, a small
   number that tests use too.
3. Equal sums keep the order in which the candidates came.
"""

from __future__ import annotations

from collections.abc import Sequence

from heal_lsp.core.localise import holding
from heal_lsp.core.marks import marks, stays_inside
from heal_lsp.core.model import Baseline, Candidate, Fix, Target, Task, TestOutcome

ENOUGH_TESTS = 3
"""How many tests must run the target for a fix of it to be called sure."""
RIVAL_MARGIN = 0.5
"""A different winner whose sum is no more than this above the fix's makes it unsure."""


def rank(candidates: Sequence[Candidate], task: Task, baseline: Baseline) -> tuple[Candidate, ...]:
    """Passing candidates, the likeliest to be right first; of those with the same tree, only the best."""
    judged = [(marks(each, task), each) for each in candidates]
    judged.sort(key=lambda pair: (not pair[0].shape, pair[0].overfitted, pair[0].weight(pair[1].cost)))
    first: dict[str, Candidate] = {}
    for found, each in judged:
        first.setdefault(found.shape or repr(each.edits), each)
    return tuple(first.values())


def is_sure(fix: Fix, winners: Sequence[Candidate], task: Task, baseline: Baseline) -> bool:
    """Whether a fix may be called sure.

    It must hold that

    - only the target changed, with no mark of overfitting, nothing given twice, nothing removed or made
      constant, no new import and no new call except of pure built-ins;
    - at least :data:`ENOUGH_TESTS` tests that were seen to pass with the fix execute the target's body, by
      the baseline's coverage (without coverage nothing is sure), and no test of the repair is flaky or
      still fails;
    - no other winner with a different tree comes within :data:`RIVAL_MARGIN` of it.
    """
    own = marks(fix.candidate, task)
    weight = own.weight(fix.candidate.cost)
    plain = not (own.overfitted or own.twice or own.removed or own.fixed or own.calls or own.imports)
    if not plain or not own.shape or not stays_inside(fix.candidate, task.target):
        return False
    if baseline.flaky or set(fix.evidence.still_failing) & set(task.failing):
        return False
    if len(constraining(fix, task.target, baseline)) < ENOUGH_TESTS:
        return False
    for each in winners:
        other = marks(each, task)
        if (
            other.shape != own.shape
            and not other.overfitted
            and other.weight(each.cost) <= weight + RIVAL_MARGIN
        ):
            return False
    return True


def constraining(fix: Fix, target: Target, baseline: Baseline) -> tuple[str, ...]:
    """Ids of the tests that execute the target's body and were seen to pass with the fix."""
    known = (*baseline.ids(TestOutcome.FAILED), *baseline.ids(TestOutcome.PASSED))
    passed = {*fix.evidence.fixed, *fix.evidence.kept}
    return tuple(
        test
        for test in dict.fromkeys(known)
        if test in passed
        and any(holding((target,), line) for line in baseline.coverage.get(test, {}).get(target.path, ()))
    )
