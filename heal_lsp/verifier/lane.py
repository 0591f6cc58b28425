"""One folder's tests of a repair, kept warm: a session that is known to judge as a cold run does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from heal_lsp.core.model import TestOutcome, TestResult
from heal_lsp.verifier import luck, requests
from heal_lsp.verifier.account import TIMEOUT, Account, new_account
from heal_lsp.verifier.client import WorkerClient
from heal_lsp.verifier.runner import ask, open_session, shut_session
from heal_lsp.verifier.selection import Group

if TYPE_CHECKING:
    from heal_lsp.verifier.workbench import Workbench

_MAX_CHILDREN = 6
_FAST = 0.5
"""Seconds that a test may take at the least."""
_HANGING = 1.0
"""Seconds for a test that failed with the original text: how long it takes when it passes is not known."""
_SLACK = 10.0
"""How many times as long as before a test may take."""
_OPEN_SECONDS = 60.0
Texts = Mapping[str, bytes]


class Lane:
    """Runs the tests of one group with a candidate's texts."""

    def __init__(
        self, bench: Workbench, group: Group, failing: tuple[str, ...], base: Texts, name: str
    ) -> None:
        self.group = group
        self.failing = failing
        """The tests of this group that a repair must turn green."""
        self.kept: tuple[str, ...] = ()
        """The tests of this group that passed with the original text."""
        self.mode = "cold"
        self.loaded: frozenset[str] = frozenset()
        """Workspace files that the session has imported before it forks."""
        self._bench = bench
        self._base = base
        self._name = name
        self._modules: tuple[str, ...] = ()
        self._before: dict[str, TestResult] = {}
        self.steady = False
        """Whether those were seen to pass more than once."""
        self._first: tuple[str, ...] = ()
        self._open = False

    # -- with the original text --

    async def observe(self, client: WorkerClient, seconds: float, limits: Mapping[str, float]) -> Account:
        """Run the whole group cold with the original text, with coverage."""
        account = await self.run_cold(
            client, self.group.tests, {}, seconds=seconds, limits=limits, coverage=True
        )
        self._before = {each.id: each for each in account.tests}
        self._modules = tuple(account.modules)
        self.kept = tuple(each.id for each in account.tests if each.outcome is TestOutcome.PASSED)
        return account

    async def warm(self, client: WorkerClient) -> tuple[str, ...]:
        """Find the fastest way to run that agrees with the cold run. Returns the flaky failing tests."""
        passing: set[str] = set()
        if not await self._settled(client, passing):
            again = await self.run_cold(
                client, self._wanted(), {}, seconds=self._allowed(), limits=self.limits()
            )
            unsteady = self._differing(again)
            passing |= unsteady & set(self.failing)
            self.kept = tuple(each for each in self.kept if each not in unsteady)
            if unsteady:  # luck, not the way of running, made the difference: what is steady may agree now
                await self._settled(client, passing)
        passing |= await luck.passing_again(self, client)
        return tuple(
            [each for each in self.failing if each in passing and await luck.is_flaky(self, client, each)]
        )

    async def _settled(self, client: WorkerClient, passing: set[str]) -> bool:
        """Open the first session that agrees with the cold run; add to ``passing`` what fails only cold."""
        for mode in ("lazy", "early"):
            if await self._opened(client, mode):
                # what a candidate most likely fails comes first, unless the tests depend on their order
                for first in (self.failing, ()):
                    self._first = first
                    account = await self._through(
                        client, self._name, self._wanted(), {}, self._allowed(), self.limits()
                    )
                    if not self._differing(account, words=bool(first)):
                        return True
                passing |= {
                    each for each in self.failing if each not in self.kept and luck.passed(account, each)
                }
                await self._shut(client)
        self.mode = "cold"
        return False

    async def again(self, client: WorkerClient, *, whole: bool = False) -> Account:
        """Run the original text once more as a candidate is run: the failing tests, or the ``whole`` lane."""
        tests = self._wanted() if whole or not self._first else self.failing
        seconds, limits = self._allowed(), self.limits()
        stop = not whole and tests != self.failing
        if self.mode == "cold":
            return await self.run_cold(client, tests, {}, seconds=seconds, limits=limits, stop=stop)
        return await self._through(client, self._name, tests, {}, seconds, limits, stop=stop)

    async def alone(self, client: WorkerClient, test: str) -> Account:
        """Run one test cold with the original text."""
        return await self.run_cold(client, (test,), {}, seconds=self._allowed(), limits=self.limits())

    def seconds(self, tests: tuple[str, ...]) -> float:
        """What tests took with the original text."""
        return sum(self._before[each].seconds for each in tests if each in self._before)

    async def reopen(self, client: WorkerClient) -> None:
        """Open the session again on another worker."""
        self._open = False
        if self.mode != "cold" and not await self._opened(client, self.mode):
            self.mode = "cold"

    async def _opened(self, client: WorkerClient, mode: str) -> bool:
        """Open a session in a mode. False when that mode cannot be used here."""
        ready = await self._open_as(client, mode)
        if ready.get("mode") != mode or ready.get("busy"):
            await self._shut(client)
            return False
        self.mode, self.loaded = mode, frozenset(ready["loaded"])
        if mode == "lazy" and self._modules:
            state: requests.Event = {}
            preload = {
                "op": "preload",
                "session": self._name,
                "modules": list(self._modules),
                "seconds": _OPEN_SECONDS,
            }
            async for event in client.ask(preload, "end"):
                state = event
            if state.get("busy", True) or set(state.get("loaded", ())) - self.loaded:
                # a library that starts threads, or one that imports the project's own modules
                self._modules = ()
                await self._shut(client)
                return await self._opened(client, mode)
        return True

    async def _open_as(self, client: WorkerClient, mode: str) -> requests.Event:
        self._open = True
        return await open_session(
            client,
            self._name,
            mode,
            self._folder(client),
            _OPEN_SECONDS,
            texts=self._base,
            arguments=self._bench.test_args,
            files=self.group.files,
            modules=self._modules if mode == "early" else (),
        )

    async def _shut(self, client: WorkerClient) -> None:
        if self._open:
            self._open = False
            await shut_session(client, self._name)

    def _wanted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.failing, *self.kept)))

    def _differing(self, account: Account, *, words: bool = False) -> set[str]:
        """Tests that end otherwise than they did in the first cold run, or only with other ``words``."""
        known = [each for each in self._wanted() if each in self._before]
        return {each for each in known if self._differs(self._before[each], account.result(each), words)}

    def _differs(self, before: TestResult, after: TestResult | None, words: bool) -> bool:
        if after is None or before.outcome is not after.outcome:
            return True
        if before.failure is None or after.failure is None:
            return before.failure is not after.failure
        if words and before.failure.message != after.failure.message:
            return True
        return before.failure.exception != after.failure.exception

    # -- with a candidate --

    async def run(self, client: WorkerClient, texts: Texts, *, longer: float = 1.0) -> Account:
        """Run the failing tests and those that passed with a candidate's texts, up to the first that fails."""
        # whichever test comes first pays for what several share, such as a database
        shared = max((each.seconds for each in self._before.values()), default=0.0) if longer > 1.0 else 0.0
        limits = {test: limit * longer + _SLACK * shared for test, limit in self.limits().items()}
        seconds = self._bench.policy.seconds * longer + self._known_seconds()
        if self.mode == "cold" or not self.loaded.isdisjoint(texts):
            return await self.run_cold(
                client, self._wanted(), texts, seconds=seconds, limits=limits, stop=True
            )
        account = new_account(client, self._bench.policy.memory_mb)
        request = self._request(self._name, self._wanted(), texts, seconds, limits, stop=True)
        await ask(client, request, account)
        if account.end.get("session_lost"):
            await self.reopen(client)
        return account

    def passes(self, account: Account) -> bool:
        """Whether every failing test passed in a run."""
        return all(luck.passed(account, each) for each in self.failing)

    def screen_request(self, wish: Mapping[str, object], seconds: float) -> requests.Request:
        """What is asked of the session so that it screens candidates."""
        request = self._request(self._name, self._wanted(), {}, seconds, {}, stop=True)
        return {**request, "screen": wish}

    async def run_cold(
        self,
        client: WorkerClient,
        tests: tuple[str, ...],
        texts: Texts,
        *,
        seconds: float,
        limits: Mapping[str, float],
        coverage: bool = False,
        stop: bool = False,
    ) -> Account:
        """Run tests in a pytest process of their own."""
        name = self._name + "-cold"
        base, arguments = self._base, self._bench.test_args
        await open_session(
            client, name, "cold", self._folder(client), _OPEN_SECONDS, texts=base, arguments=arguments
        )
        account = await self._through(
            client, name, tests, texts, seconds, limits, coverage=coverage, stop=stop
        )
        await shut_session(client, name)
        return account

    async def _through(
        self,
        client: WorkerClient,
        session: str,
        tests: tuple[str, ...],
        texts: Texts,
        seconds: float,
        limits: Mapping[str, float],
        *,
        coverage: bool = False,
        stop: bool = False,
    ) -> Account:
        """Run tests, and go on after one that ended its process."""
        account = new_account(client, self._bench.policy.memory_mb)
        for _ in range(_MAX_CHILDREN):
            skip = tuple(each.id for each in account.tests)
            request = self._request(
                session, tests, texts, seconds, limits, coverage=coverage, stop=stop, skip=skip
            )
            await ask(client, request, account)
            seconds -= float(account.end.get("seconds", seconds))
            ended_by_a_test = account.end.get("how") in ("died", "slow", "crowd", "disk") and account.end.get(
                "test"
            )
            if stop or not ended_by_a_test or seconds < _FAST or len(account.tests) >= len(account.collected):
                break
        return account

    def _request(
        self,
        session: str,
        tests: tuple[str, ...],
        texts: Texts,
        seconds: float,
        limits: Mapping[str, float],
        *,
        coverage: bool = False,
        stop: bool = False,
        skip: tuple[str, ...] = (),
    ) -> requests.Request:
        wanted = {each.partition("::")[0] for each in tests}
        folder = self.group.folder + "/" if self.group.folder else ""
        return requests.run(
            session,
            seconds=seconds,
            limit=self._bench.policy.seconds,
            limits=limits,
            select=tests,
            files=tuple(each for each in self.group.files if folder + each in wanted),
            skip=skip,
            first=self._first if session == self._name else (),  # a cold run is as the user's own
            texts=texts,
            restore={path: self._base[path] for path in texts if path in self._base},
            stop=stop,
            coverage=coverage,
            modules=coverage,
        )

    def limits(self) -> dict[str, float]:
        """Seconds for each test, from what it took with the original text."""
        most = self._bench.policy.seconds
        found = {}
        for test, before in self._before.items():
            if before.outcome is TestOutcome.PASSED:
                found[test] = min(most, max(_FAST, _SLACK * before.seconds))
            elif before.failure is not None and before.failure.exception == TIMEOUT:
                found[test] = min(most, _HANGING)
            else:
                found[test] = min(most, max(_HANGING, _SLACK * before.seconds))
        return found

    def _allowed(self) -> float:
        return self._bench.policy.seconds + 2 * sum(each.seconds for each in self._before.values())

    def _known_seconds(self) -> float:
        """What the tests that passed may take together, on top of what a candidate may."""
        return min(self._bench.policy.seconds, 2 * self.seconds(self.kept))

    def _folder(self, client: WorkerClient) -> str:
        root = client.box.root
        return os.path.join(root, self.group.folder) if self.group.folder else root
