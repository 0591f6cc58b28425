"""Luck: tests that end now in one way and now in another, with the same text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from heal_lsp.core.model import TestOutcome, Verdict, VerdictKind
from heal_lsp.verifier.verdicts import judge

if TYPE_CHECKING:
    from heal_lsp.verifier.account import Account
    from heal_lsp.verifier.client import WorkerClient
    from heal_lsp.verifier.lane import Lane

_CHANCES = 3
"""How often tests are run again to see whether they are flaky."""
_LONGER = 4.0
"""How much longer a test may take then."""
_CHEAP = 0.3
"""Seconds of tests that are run again even without a sign of luck."""


async def passing_again(lane: Lane, client: WorkerClient) -> set[str]:
    """Failing tests that pass, in a few more quick runs of the original text."""
    found: set[str] = set()
    if lane.mode != "cold" and lane.seconds(lane.failing) < _CHEAP:
        for _ in range(_CHANCES):
            account = await lane.again(client)
            found |= {each for each in lane.failing if each not in lane.kept and passed(account, each)}
    return found


async def is_flaky(lane: Lane, client: WorkerClient, test: str) -> bool:
    """Whether a test that failed cold and passed otherwise passes cold as well, if it is run more."""
    for _ in range(_CHANCES):
        if passed(await lane.alone(client, test), test):
            return True
    return False


async def by_luck(lane: Lane, client: WorkerClient, texts: Mapping[str, bytes]) -> Verdict | None:
    """The verdict on a candidate that passed only once, or with which the original text passes too by now.

    The two are run in turn, so that a test that depends on the time meets both alike.
    """
    quick = lane.mode != "cold" and lane.seconds((*lane.failing, *lane.kept)) < _CHEAP
    for _ in range(_CHANCES if quick else 1):
        account = await lane.run(client, texts, longer=_LONGER)
        if refused := judge(account, (*lane.failing, *lane.kept)):
            return refused
        account = await lane.again(client)
        for test in lane.failing:
            if test not in lane.kept and passed(account, test):
                words = f"{test} passes with the original code as well."
                return Verdict(VerdictKind.FLAKY, words, account.tests)
    return None


async def drop_unsteady(lane: Lane, client: WorkerClient) -> bool:
    """Keep only those tests that pass with the original text whenever they are run. Looks once, at them all."""
    if lane.steady:
        return False
    lane.steady = True
    before = lane.kept
    for _ in range(_CHANCES if lane.seconds(before) < _CHEAP * _CHANCES else 1):
        account = await lane.again(client, whole=True)
        lane.kept = tuple(each for each in lane.kept if each in lane.failing or passed(account, each))
    return lane.kept != before


def passed(account: Account, test: str) -> bool:
    """Whether a test ran and passed."""
    found = account.result(test)
    return found is not None and found.outcome is TestOutcome.PASSED
