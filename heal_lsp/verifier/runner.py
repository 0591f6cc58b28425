"""Runs a workspace's own tests and scripts in the sandbox."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from heal_lsp.core.model import Interpreter, Obstacle, Report, Snapshot
from heal_lsp.verifier import requests
from heal_lsp.verifier.account import Account, how_it_ended, new_account
from heal_lsp.verifier.client import Blocked, WorkerClient, WorkerLost
from heal_lsp.verifier.obstacles import (
    broken_collection,
    broken_import,
    denied,
    lost_worker,
    no_overlay,
    no_script,
    no_such_test,
    no_tests,
    none_in,
    too_slow,
    unwritable,
    usage,
)
from heal_lsp.verifier.selection import Group, Selected, is_inside, select
from heal_lsp.verifier.standby import SESSION, Purpose

if TYPE_CHECKING:
    from heal_lsp.verifier.workbench import Workbench

_SHARE = 1 / 3
"""The part of a run's time that one test may take, so that one that hangs leaves some for the others."""
_MAX_CHILDREN = 8
"""How often a run goes on after a test that ended its process."""
_SESSION = "cold"


class SandboxRunner:
    """Satisfies :class:`heal_lsp.core.ports.Runner`."""

    def __init__(self, bench: Workbench, *, warm: bool = False) -> None:
        self._bench = bench
        self._warm = warm

    async def run_tests(
        self, snapshot: Snapshot, tests: tuple[str, ...], *, seconds: float, coverage: bool = False
    ) -> Report:
        """Run tests, named by test id or by file; an empty tuple means the whole workspace."""
        run = _Run(self._bench, snapshot, seconds, "server")
        selected = await asyncio.to_thread(
            select, self._bench.root, tests, snapshot.texts, self._bench.test_paths
        )
        run.hidden = await asyncio.to_thread(self._bench.hidden.paths)
        if not self._warm or len(selected.groups) != 1:
            return await run.report(lambda client: run.tests(client, selected, coverage))
        [group] = selected.groups
        run.purpose = Purpose(group.folder, _arguments(self._bench, group), run.hidden)
        try:
            return await run.report(lambda client: run.tests(client, selected, coverage))
        finally:
            if run.modules:
                self._bench.standby.prepare(run.purpose, run.modules)

    async def run_script(
        self, snapshot: Snapshot, path: str, arguments: tuple[str, ...], *, seconds: float
    ) -> Report:
        """Run a script of the workspace as ``__main__``; an uncaught exception is the report's error."""
        run = _Run(self._bench, snapshot, seconds, "run")
        return await run.report(lambda client: run.script(client, path, arguments))


class _Run:
    """One run, from its beginning to its report."""

    def __init__(self, bench: Workbench, snapshot: Snapshot, seconds: float, source: str) -> None:
        self._bench = bench
        self._snapshot = snapshot
        self._seconds = seconds
        self._source = source
        self._began = time.time()
        self._deadline = 0.0
        self._accounts: list[Account] = []
        self._obstacle: Obstacle | None = None
        self._finished = True
        self._isolation = ""
        self.hidden: tuple[str, ...] | None = None
        """The files to hide, if they are known already."""
        self.purpose: Purpose | None = None
        """What a sandbox that stands by has to be made for; None when none is wanted."""
        self.modules: tuple[str, ...] = ()
        """The modules from outside of the workspace that the tests used, for the sandbox that is made next."""
        self._standing_by = False

    async def report(self, work: Callable[[WorkerClient], Awaitable[None]]) -> Report:
        """Do the work on a worker of its own, and tell what came of it whatever happens."""
        interpreter = await self._bench.interpreter()
        try:
            if self._source == "server" and interpreter.obstacle is not None:
                raise Blocked(interpreter.obstacle)
            client = await self._client()
            self._isolation = client.box.isolation.label
            self._deadline = time.monotonic() + self._seconds
            try:
                await work(client)
            finally:
                await self._bench.done_with(client, wait=self.purpose is None)
        except Blocked as blocked:
            self._block(blocked.obstacle)
        except WorkerLost as lost:
            self._block(lost_worker(str(lost)))
        return self._made(interpreter)

    async def _client(self) -> WorkerClient:
        """The worker that stands by, or a new one."""
        if self.purpose is not None and (taken := await self._bench.standby.taken(self.purpose)) is not None:
            client, self.modules = taken
            self._standing_by = True
            return client
        return await self._bench.worker()

    async def tests(self, client: WorkerClient, selected: Selected, coverage: bool) -> None:
        """Run every group of tests, one after the other."""
        texts = on_disk_texts(self._bench, self._snapshot)
        for group in selected.groups:
            account = new_account(client, self._bench.policy.memory_mb, "heal.test.maxSeconds")
            self._accounts.append(account)
            if not await self._group(client, group, texts, account, coverage):
                break
        self._judge(selected)

    async def script(self, client: WorkerClient, path: str, arguments: tuple[str, ...]) -> None:
        """Run a script."""
        if not is_inside(path) or not (path in self._snapshot.texts or (self._bench.root / path).is_file()):
            raise Blocked(no_script(path))
        texts = on_disk_texts(self._bench, self._snapshot)
        account = new_account(client, self._bench.policy.memory_mb, "heal.test.maxSeconds")
        self._accounts.append(account)
        await open_session(client, _SESSION, "cold", client.box.root, self._left(), texts=texts)
        request = requests.run_script(_SESSION, path, arguments, seconds=self._left())
        await ask(client, request, account)
        if account.denials:
            self._block(denied(path, account.denials[0]))
        elif account.end.get("how") in ("slow", "killed"):
            self._block(too_slow(f"{path} was still running after {self._seconds:g} s."))
        elif account.end.get("how") in ("died", "crowd", "disk"):
            account.add_crash(path, (path, *arguments))

    async def _group(
        self, client: WorkerClient, group: Group, texts: Mapping[str, bytes], account: Account, coverage: bool
    ) -> bool:
        """Run one group, going on after a test that ends its process. False when the time is over."""
        cwd = os.path.join(client.box.root, group.folder) if group.folder else client.box.root
        session = SESSION if self._standing_by else _SESSION
        if not self._standing_by:
            await open_session(
                client,
                session,
                "cold",
                cwd,
                self._left(),
                texts=texts,
                arguments=_arguments(self._bench, group),
                masked=self.hidden,
            )
        for _ in range(_MAX_CHILDREN):
            request = requests.run(
                session,
                seconds=self._left(),
                limit=max(0.5, _SHARE * self._seconds),
                select=group.tests,
                files=group.files,
                skip=tuple(each.id for each in account.tests),
                texts=texts if self._standing_by else {},
                coverage=coverage,
                modules=self.purpose is not None and not self._standing_by,
            )
            await ask(client, request, account)
            self.modules = self.modules or tuple(account.modules)
            if account.end.get("how") in ("finished", "killed") or not account.end.get("test"):
                break
            if self._left() < 1.0 or len(account.tests) >= len(account.collected):
                break
        if not self._standing_by:
            await shut_session(client, session)
        return account.end.get("how") != "killed"

    def _left(self) -> float:
        return max(0.1, self._deadline - time.monotonic())

    # -- what came of it --

    def _block(self, obstacle: Obstacle) -> None:
        self._finished = False
        if self._obstacle is None:
            self._obstacle = obstacle

    def _judge(self, selected: Selected) -> None:
        """Find what stood in the way, the gravest first."""
        tests = [each for account in self._accounts for each in account.tests]
        errors = [each for account in self._accounts for each in account.errors]
        for account in self._accounts:
            how = account.end.get("how")
            if account.denials and not account.tests:
                self._block(denied("Collecting the tests", account.denials[0]))
            if how == "killed":
                doing = account.end.get("test") or account.collecting
                words = f"The tests took more than {self._seconds:g} s" + (
                    f" (at {doing})." if doing else "."
                )
                self._block(too_slow(words))
            elif how != "finished" and not account.end.get("test"):
                where = account.collecting or "pytest's start"
                self._block(broken_collection(f"Collecting {where}: {how_it_ended(account.end)}."))
            elif account.exit == -1:
                self._block(lost_worker(account.reason))
            elif account.exit in (3, 4) and not account.tests and not account.errors:
                self._block(usage(account.reason))
        if errors and not tests:
            self._block(broken_import(errors[0]))
        missing = [*selected.missing, *(each for account in self._accounts for each in account.missing)]
        broken = {each.path for each in errors}
        lost = [
            each for each in missing if each.partition("::")[0] not in broken and ("::" in each or not tests)
        ]
        if lost:
            there = "::" not in lost[0] and lost[0] not in selected.missing
            self._block(none_in(lost[0]) if there else no_such_test(lost[0]))
        elif not tests and not errors:
            self._block(no_tests())

    def _made(self, interpreter: Interpreter) -> Report:
        whole = all(account.end.get("how") == "finished" and account.whole for account in self._accounts)
        if self._source == "run":
            whole = all(account.end.get("how") in ("finished", "died", "crowd") for account in self._accounts)
        return Report(
            self._snapshot.root,
            source=self._source,
            python=interpreter.version,
            started=self._began,
            seconds=time.time() - self._began,
            finished=self._finished and (whole or self._all_ran()),
            tests=tuple(each for account in self._accounts for each in account.tests),
            errors=tuple(each for account in self._accounts for each in account.errors),
            digests={path: name for account in self._accounts for path, name in account.digests.items()},
            obstacle=self._obstacle,
            isolation=self._isolation,
            output="".join(account.output for account in self._accounts),
            coverage={test: lines for account in self._accounts for test, lines in account.coverage.items()},
        )

    def _all_ran(self) -> bool:
        return bool(self._accounts) and all(
            account.collected and len(account.tests) >= len(account.collected) for account in self._accounts
        )


def _arguments(bench: Workbench, group: Group) -> tuple[str, ...]:
    """What pytest is told beside the tests."""
    return (*bench.test_args, *(f"--ignore={each}" for each in group.ignored))


# -- talking to a worker -------------------------------------------------------------------------------------


async def ask(client: WorkerClient, request: requests.Request, account: Account) -> None:
    """Run something in a session and add what is told to an account."""
    async for event in client.ask(request, "end"):
        account.add(event)


async def open_session(
    client: WorkerClient,
    name: str,
    mode: str,
    cwd: str,
    seconds: float,
    *,
    texts: Mapping[str, bytes],
    arguments: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    modules: tuple[str, ...] = (),
    masked: tuple[str, ...] | None = None,
) -> requests.Event:
    """Start a session and return what it says when it is ready.

    Raises:
        Blocked: it cannot be started; a ``lazy`` one that fails is told in the answer instead.
    """
    request = requests.open_session(
        name,
        mode,
        cwd,
        seconds=seconds,
        texts=texts,
        arguments=arguments,
        files=files,
        modules=modules,
        masked=masked,
    )
    ready: requests.Event = {}
    async for event in client.ask(request, "ready"):
        ready = event
    if ready.get("mode") == "failed" and mode != "lazy":
        if ready.get("no_overlay"):
            raise Blocked(no_overlay(str(ready.get("reason"))))
        raise Blocked(lost_worker(str(ready.get("reason"))))
    return ready


async def shut_session(client: WorkerClient, name: str) -> None:
    """End a session and everything in it."""
    async for _ in client.ask({"op": "shut", "session": name, "seconds": 10.0}, "shut"):
        pass


def on_disk_texts(bench: Workbench, snapshot: Snapshot) -> dict[str, bytes]:
    """The snapshot's texts as the bytes that they have in their files.

    Raises:
        Blocked: a text does not fit its file's encoding, or is not in the workspace.
    """
    found = {}
    for path, text in snapshot.texts.items():
        if not is_inside(path):
            continue
        try:
            found[path] = requests.on_disk(bench.root, path, text)
        except (UnicodeEncodeError, LookupError) as error:
            raise Blocked(unwritable(path, str(error))) from error
    return found
