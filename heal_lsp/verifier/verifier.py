"""Runs the candidates of one repair in the sandbox."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import attrs

from heal_lsp.core.model import (
    Baseline,
    Candidate,
    Evidence,
    Failure,
    Obstacle,
    Task,
    TestOutcome,
    TestResult,
    Verdict,
    VerdictKind,
)
from heal_lsp.verifier.account import TIMEOUT, Account
from heal_lsp.verifier.client import Blocked, WorkerClient, WorkerLost
from heal_lsp.verifier.lane import Lane
from heal_lsp.verifier.luck import by_luck, drop_unsteady
from heal_lsp.verifier.obstacles import broken_import, denied, lost_worker, too_slow
from heal_lsp.verifier.runner import on_disk_texts
from heal_lsp.verifier.screening import Screening
from heal_lsp.verifier.selection import select
from heal_lsp.verifier.texts import Texts, Unfit
from heal_lsp.verifier.twin import Twin, make_twin
from heal_lsp.verifier.verdicts import judge

if TYPE_CHECKING:
    from heal_lsp.verifier.workbench import Workbench

_BASELINE_SECONDS = 60.0
_HANG_SECONDS = 1.5
"""What a test that is known to hang may take in the baseline."""
_LONGER = 4.0
"""How much longer a guard may take when it is given a second chance."""
T = TypeVar("T")


class SandboxVerifier:
    """Satisfies :class:`heal_lsp.core.ports.Verifier`."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._client: WorkerClient | None = None
        self._lanes: list[Lane] = []
        self._texts: Texts
        self._known_to_hang = False
        self._before: dict[str, TestResult] = {}
        self._python = ""
        self._closed = False
        self._screening: Screening | None = None

    async def baseline(self, task: Task) -> Baseline:
        """Run the task's tests with the original text, find out which are flaky, and warm up."""
        began = time.monotonic()
        interpreter = await self._bench.interpreter()
        self._python = interpreter.version
        self._texts = Texts(self._bench.root, task)
        self._known_to_hang = task.failure.exception == TIMEOUT
        try:
            if interpreter.obstacle is not None:
                raise Blocked(interpreter.obstacle)
            client = await self._start()
            self._lanes = self._make_lanes(task)
            accounts = [await self._observed(client, lane) for lane in self._lanes]
            flaky: list[str] = []
            for lane in self._lanes:
                if lane.failing or lane.kept:
                    flaky += await lane.warm(client)
            isolation = client.box.isolation.label
        except Blocked as blocked:
            return Baseline((), self._python, obstacle=blocked.obstacle, seconds=time.monotonic() - began)
        except WorkerLost as lost:
            return Baseline(
                (), self._python, obstacle=lost_worker(str(lost)), seconds=time.monotonic() - began
            )
        tests = tuple(each for account in accounts for each in account.tests)
        self._before = {each.id: each for each in tests}
        self._screening = Screening(task, self._lanes, self._before, self._texts)
        coverage = {test: lines for account in accounts for test, lines in account.coverage.items()}
        seconds = time.monotonic() - began
        return Baseline(tests, self._python, isolation, coverage, tuple(flaky), None, seconds)

    async def verify(self, candidate: Candidate) -> Verdict:
        """Run the failing tests, then the guards, with the candidate's text."""
        began = time.monotonic()

        async def work(client: WorkerClient) -> Verdict:
            data = self._texts.encoded(self._texts.changed(candidate))
            passed: list[TestResult] = []
            for lane in (each for each in self._lanes if each.failing or each.kept):
                account, refused = await self._judged(client, lane, data)
                if refused is not None:
                    return attrs.evolve(refused, seconds=time.monotonic() - began)
                passed += account.tests
            return Verdict(VerdictKind.PASSED, "", tuple(passed), time.monotonic() - began)

        return await self._safely(work, began)

    async def screen(self, candidates: Sequence[Candidate], seconds: float) -> Sequence[Verdict | None]:
        """Judge many candidates quickly, in order, for at most ``seconds``."""

        async def work(client: WorkerClient) -> Sequence[Verdict | None]:
            assert self._screening is not None
            return await self._screening.run(client, candidates, seconds)

        if self._screening is None or self._screening.reason:
            return ()
        found = await self._safely(work, time.monotonic())
        return () if isinstance(found, Verdict) else found

    async def confirm(self, candidate: Candidate) -> Evidence | Verdict:
        """Run the whole test files cold, in a process of their own, with a twin of the failing test."""
        began = time.monotonic()

        async def work(client: WorkerClient) -> Evidence | Verdict:
            texts = self._texts.changed(candidate)
            data, accounts = self._texts.encoded(texts), []
            for lane in self._lanes:
                found = await self._confirmed(client, lane, dict(texts))
                if isinstance(found, Verdict):
                    return found
                accounts.append(found)
                if (lane.failing or lane.kept) and (refused := await by_luck(lane, client, data)):
                    return refused
            return self._evidence(accounts, client, time.monotonic() - began)

        return await self._safely(work, began)

    async def close(self) -> None:
        """End every process. May be called at any moment, also twice."""
        self._closed = True
        await self._end()

    # -- the worker --

    async def _start(self) -> WorkerClient:
        if self._closed:
            raise WorkerLost("the verifier was closed")
        client = await self._bench.worker()
        if self._closed:
            await client.close()
            raise WorkerLost("the verifier was closed")
        self._client = client
        return client

    async def _end(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _safely(
        self, work: Callable[[WorkerClient], Awaitable[T | Verdict]], began: float
    ) -> T | Verdict:
        """Do the work, on a new worker if the first is lost. Whatever goes wrong becomes a verdict."""
        reason = ""
        for _ in range(2):
            try:
                client = self._client
                if client is None or not client.usable:
                    await self._end()
                    client = await self._start()
                    for lane in self._lanes:
                        await lane.reopen(client)
                return await work(client)
            except Unfit as unfit:
                return Verdict(VerdictKind.REFUSED, str(unfit), (), time.monotonic() - began)
            except Blocked as blocked:
                reason = blocked.obstacle.message
            except WorkerLost as lost:
                reason = f"The sandbox stopped working: {lost}."
            await self._end()
        return Verdict(VerdictKind.INFRASTRUCTURE, reason, (), time.monotonic() - began)

    # -- the baseline --

    def _make_lanes(self, task: Task) -> list[Lane]:
        base = on_disk_texts(self._bench, task.snapshot)
        base |= self._texts.encoded({task.target.path: task.base})
        texts = {**task.snapshot.texts, task.target.path: task.base}
        selected = select(self._bench.root, (*task.failing, *task.guards), texts)
        return [
            Lane(
                self._bench,
                group,
                tuple(each for each in task.failing if each in group.tests),
                base,
                f"lane{number}",
            )
            for number, group in enumerate(selected.groups)
        ]

    async def _observed(self, client: WorkerClient, lane: Lane) -> Account:
        most = self._bench.policy.seconds
        limits = {}
        if self._known_to_hang:
            limits = {test: min(most, _HANG_SECONDS) for test in lane.failing}
        account = await lane.observe(client, max(_BASELINE_SECONDS, 3 * most), limits)
        if obstacle := _in_the_way(account):
            raise Blocked(obstacle)
        return account

    # -- candidates --

    async def _judged(
        self, client: WorkerClient, lane: Lane, data: dict[str, bytes]
    ) -> tuple[Account, Verdict | None]:
        """Run a lane's tests with a candidate; the account, and the verdict if it refuses."""
        account = await lane.run(client, data)
        refused = judge(account, (*lane.failing, *lane.kept))
        if refused is None or not lane.passes(account):
            return account, refused
        # neither a machine that was busy for a moment nor a flaky guard refuses a fix
        late = refused.kind is VerdictKind.TIMED_OUT
        if late or await drop_unsteady(lane, client):
            account = await lane.run(client, data, longer=_LONGER if late else 1.0)
            refused = judge(account, (*lane.failing, *lane.kept))
        return account, refused

    async def _confirmed(self, client: WorkerClient, lane: Lane, texts: dict[str, str]) -> Account | Verdict:
        """The account of a cold run of the lane's whole files, or the verdict that it leads to."""
        twins = self._twins(lane, texts)
        for twin in twins:
            texts[twin.test.partition("::")[0]] = twin.text
        data = self._texts.encoded(texts)
        limits = {test: _LONGER * limit for test, limit in lane.limits().items()}
        files = tuple(dict.fromkeys(each.partition("::")[0] for each in lane.group.tests))
        seconds = max(_BASELINE_SECONDS, 3 * self._bench.policy.seconds)
        account = await lane.run_cold(client, files, data, seconds=seconds, limits=limits)
        refused = judge(account, (*lane.failing, *lane.kept))
        if refused is not None and lane.passes(account) and await drop_unsteady(lane, client):
            refused = judge(account, (*lane.failing, *lane.kept))
        if refused is not None:
            return refused
        for twin in twins:
            found = account.result(twin.test)
            if found is None or found.outcome is not TestOutcome.FAILED:
                return Verdict(
                    VerdictKind.FAILED,
                    "A copy of the failing test with another expectation passed: no result is to be trusted.",
                    account.tests,
                )
        return account

    def _twins(self, lane: Lane, texts: dict[str, str]) -> list[Twin]:
        """A twin of the lane's first failing test, where one can be made."""
        for test in lane.failing:
            path = test.partition("::")[0]
            before = self._before.get(test)
            failure: Failure | None = before.failure if before is not None else None
            text = texts.get(path) or self._texts.present(path)
            twin = make_twin(text, test, failure.line if failure is not None else 0)
            if twin is not None:
                return [twin]
        return []

    def _evidence(self, accounts: list[Account], client: WorkerClient, seconds: float) -> Evidence:
        still = [
            each.id
            for account in accounts
            for each in account.tests
            if each.outcome is not TestOutcome.PASSED
            and each.id in self._before
            and self._before[each.id].outcome in (TestOutcome.FAILED, TestOutcome.DENIED)
        ]
        return Evidence(
            fixed=tuple(each for lane in self._lanes for each in lane.failing),
            kept=tuple(each for lane in self._lanes for each in lane.kept if each not in lane.failing),
            still_failing=tuple(still),
            seconds=seconds,
            isolation=client.box.isolation.label,
            python=self._python,
        )


def _in_the_way(account: Account) -> Obstacle | None:
    """What kept the tests from running at all."""
    if account.tests and account.end.get("how") != "killed":
        return None
    if account.exit == -1:
        return lost_worker(account.reason)
    if account.end.get("how") == "killed":
        doing = account.end.get("test") or account.collecting
        return too_slow(f"The tests did not end in time{f' (at {doing})' if doing else ''}.")
    if account.denials:
        return denied("Collecting the tests", account.denials[0])
    if account.errors:
        return broken_import(account.errors[0])
    return None
