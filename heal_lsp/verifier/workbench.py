"""The workbench of one workspace: its interpreter, its sandbox, and the runner and verifiers on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from heal_lsp.core.model import Interpreter, Isolation, Obstacle, ObstacleKind
from heal_lsp.verifier import interpreter as interpreters
from heal_lsp.verifier import requests, sandbox
from heal_lsp.verifier.client import Blocked, Event, WorkerClient, WorkerLost
from heal_lsp.verifier.hidden import HiddenFiles
from heal_lsp.verifier.inside import calls
from heal_lsp.verifier.inside import landlock as rules
from heal_lsp.verifier.interpreter import Found
from heal_lsp.verifier.layout import Layout, layout_of
from heal_lsp.verifier.runner import SandboxRunner
from heal_lsp.verifier.sandbox import Box, SandboxPolicy
from heal_lsp.verifier.standby import Standby
from heal_lsp.verifier.verifier import SandboxVerifier

_PROBE_SECONDS = 20.0


class Workbench:
    """Makes runners and verifiers for a workspace, and keeps what it finds out about the machine.

    ``bubblewrap`` names the executables to try instead of those of the machine, ``tiers`` the tiers, and
    ``landlock`` the version of Landlock to use instead of the kernel's, when that is newer.
    """

    def __init__(
        self,
        root: Path,
        policy: SandboxPolicy,
        *,
        interpreter: str = "",
        report_plugin: Path,
        test_args: tuple[str, ...] = (),
        test_paths: tuple[str, ...] = (),
        bubblewrap: tuple[str, ...] | None = None,
        tiers: tuple[int, ...] = (1, 2),
        landlock: int = 99,
    ) -> None:
        self.root = Path(os.path.realpath(root))
        self.policy = policy
        self.test_args = test_args
        self.test_paths = test_paths
        self._setting = interpreter
        self._report_plugin = report_plugin
        self._bubblewrap = bubblewrap
        self._tiers = tiers
        self._landlock = min(landlock, rules.version())
        self._isolation: tuple[str, Isolation] | None = None
        self._interpreter: tuple[tuple[Found, ...], tuple[Interpreter, Layout | None]] | None = None
        self._lock = asyncio.Lock()
        self.hidden = HiddenFiles(str(self.root), policy.exclude)
        self.standby = Standby(self)
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def layout(self) -> Layout | None:
        """Where the project's interpreter lies; None before it was looked for, and when there is none."""
        return self._interpreter[1][1] if self._interpreter is not None else None

    def runner(self, *, warm: bool = False) -> SandboxRunner:
        """A runner of this workspace's tests and scripts.

        A ``warm`` one takes the sandbox that stands by, and leaves another one behind until :meth:`close`.
        """
        return SandboxRunner(self, warm=warm)

    async def close(self) -> None:
        """End what stands by, and what is ending."""
        await self.standby.close()
        if self._ending:
            await asyncio.wait(self._ending)

    async def done_with(self, client: WorkerClient, *, wait: bool = True) -> None:
        """Close a worker. Not waiting for its end tells a run's result sooner; :meth:`close` waits then."""
        task = asyncio.ensure_future(client.close())
        if wait:
            await asyncio.shield(task)
            return
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def verifier(self) -> SandboxVerifier:
        """A verifier for one repair."""
        return SandboxVerifier(self)

    async def isolation(self) -> Isolation:
        """The sandbox that is in force, found by running it."""
        async with self._lock:
            return (await self._probed_isolation())[1]

    async def interpreter(self) -> Interpreter:
        """The project's interpreter; its obstacle says what it lacks."""
        async with self._lock:
            return (await self._probed_interpreter())[0]

    async def worker(self) -> WorkerClient:
        """A started worker on the project's interpreter. The caller closes it.

        Raises:
            Blocked: there is no interpreter, or nothing may run here.
            WorkerLost: it did not start although it did before.
        """
        async with self._lock:
            found, layout = await self._probed_interpreter()
        if found.obstacle is not None and found.obstacle.kind is not ObstacleKind.NO_PYTEST:
            raise Blocked(found.obstacle)
        assert layout is not None
        return await self._started(await self._box(layout))

    async def _started(self, box: Box) -> WorkerClient:
        client = WorkerClient(box, self.policy)
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        return client

    async def _box(self, layout: Layout) -> Box:
        bubblewrap, isolation = await self._probed_isolation()
        root = str(self.root)
        if isolation.tier == 2:
            return await self._ruled(layout, isolation.reason)
        if isolation.tier:
            wanted = self.policy.allow_ports and not self.policy.network
            sockets = await asyncio.to_thread(tempfile.mkdtemp, prefix="heal-") if wanted else ""
            return await asyncio.to_thread(
                sandbox.confined, bubblewrap, root, layout, self._report_plugin, self.policy, sockets
            )
        if not self.policy.allow_unisolated:
            raise Blocked(_no_sandbox(isolation))
        home = await asyncio.to_thread(tempfile.mkdtemp, prefix="heal-")
        copy = os.path.join(home, "workspace")
        try:
            await asyncio.to_thread(sandbox.copy_workspace, root, copy, self.policy, layout)
        except OSError as error:
            raise Blocked(_cannot_copy(error)) from error
        os.makedirs(os.path.join(home, "home"), exist_ok=True)
        return sandbox.unconfined(root, copy, layout, self._report_plugin, self.policy, isolation.reason)

    # -- probes --

    async def _probed_isolation(self) -> tuple[str, Isolation]:
        """What was found before; nothing bad is remembered, as the person may have mended it since."""
        if self._isolation is None or not self._isolation[1].tier:
            self._isolation = await self._probe_isolation()
        return self._isolation

    async def _probe_isolation(self) -> tuple[str, Isolation]:
        layout = layout_of(interpreters.OWN, str(self.root))
        found, why = (
            await self._probe_namespaces(layout) if 1 in self._tiers else (None, "it is not to be used")
        )
        if found is not None:
            return found
        reason = f"no tier 1: {why}"
        if 2 in self._tiers:
            isolation, why = await self._probe_rules(layout, reason)
            if isolation is not None:
                return "", isolation
            reason += f"; no tier 2: {why}"
        return "", Isolation(
            0, sandbox.TIER_0 if self.policy.allow_unisolated else "none: nothing runs", reason
        )

    async def _ruled(self, layout: Layout, reason: str) -> Box:
        home = await asyncio.to_thread(tempfile.mkdtemp, prefix="heal-")
        return await asyncio.to_thread(
            sandbox.ruled,
            str(self.root),
            os.path.realpath(home),
            layout,
            self._report_plugin,
            self.policy,
            self._landlock,
            reason,
        )

    async def _probe_rules(self, layout: Layout, reason: str) -> tuple[Isolation | None, str]:
        """What Landlock and a filter of calls give here, or why they do not hold."""
        if not calls.known():
            return None, "the system calls of this machine are not known"
        if self._landlock < rules.LEAST:
            have = f"only version {self._landlock} of" if self._landlock else "no"
            return None, f"the kernel has {have} Landlock, and version {rules.LEAST} is needed"
        box = await self._ruled(layout, reason)
        try:
            found = await self._probe(box, look_for_pytest=False)
        except (WorkerLost, OSError) as error:
            return None, str(error)
        if found.get("mode") != "probe":
            return None, str(found.get("reason", "the probe failed"))
        breaches = ", ".join(str(each) for each in found.get("breaches", ["the probe said nothing"]))
        return (None, breaches) if breaches else (box.isolation, "")

    async def _probe_namespaces(self, layout: Layout) -> tuple[tuple[str, Isolation] | None, str]:
        """The first bubblewrap that works with what it gives, or why none does."""
        tried = sandbox.bubblewraps() if self._bubblewrap is None else self._bubblewrap
        reasons = []
        for bubblewrap in tried:
            box = sandbox.confined(bubblewrap, str(self.root), layout, self._report_plugin, self.policy)
            try:
                found = await self._probe(box, look_for_pytest=False)
            except (WorkerLost, OSError) as error:
                reasons.append(f"{bubblewrap}: {error}")
                continue
            if found.get("mode") != "probe":
                reasons.append(f"{bubblewrap}: {found.get('reason', 'the probe failed')}")
            elif found.get("interfaces") != ["lo"] and not self.policy.network:
                reasons.append(f"{bubblewrap}: the network is still within reach")
            else:
                return (bubblewrap, box.isolation), ""
        return None, "; ".join([*reasons, *_restrictions()]) or "bubblewrap is not installed"

    async def _probed_interpreter(self) -> tuple[Interpreter, Layout | None]:
        """What was found before, unless it was an obstacle or there are other interpreters now."""
        found = await asyncio.to_thread(lambda: tuple(interpreters.candidates(self.root, self._setting)))
        known = self._interpreter
        if known is None or known[0] != found or known[1][0].obstacle is not None:
            known = self._interpreter = (found, await self._chosen(found))
        return known[1]

    async def _chosen(self, candidates: tuple[Found, ...]) -> tuple[Interpreter, Layout | None]:
        """The first that is made for the project; else the first with pytest; else the first."""
        fallback: tuple[Interpreter, Layout | None] | None = None
        for found in candidates:
            result = await self._examined(found)
            if found.own or result[0].obstacle is None or result[0].obstacle.kind is ObstacleKind.NO_SANDBOX:
                return result
            if fallback is None or fallback[1] is None:
                fallback = result
        assert fallback is not None  # the tool's own interpreter is always among them
        return fallback

    async def _examined(self, found: Found, *, follow: bool = True) -> tuple[Interpreter, Layout | None]:
        """Look at an interpreter from inside the sandbox."""
        try:
            layout = await asyncio.to_thread(layout_of, found.path, str(self.root))
        except OSError:
            return Interpreter(found.path, found.origin, obstacle=_broken(found, "it does not exist")), None
        try:
            answer = await self._probe(await self._box(layout), look_for_pytest=True)
        except Blocked as blocked:
            return Interpreter(found.path, found.origin, obstacle=blocked.obstacle), None
        except WorkerLost as lost:
            return Interpreter(found.path, found.origin, obstacle=_broken(found, str(lost))), None
        if answer.get("mode") != "probe":
            return Interpreter(
                found.path, found.origin, obstacle=_broken(found, str(answer.get("reason")))
            ), None
        executable = str(answer["executable"])
        if (
            follow
            and executable
            and not layout.environment
            and os.path.realpath(executable) != os.path.realpath(found.path)
        ):
            # a version manager's script, which has nothing to do but to find the real one
            return await self._examined(attrs.evolve(found, path=executable), follow=False)
        version, pytest = str(answer["python"]), str(answer["pytest"])
        obstacle = None
        if answer["problem"]:
            obstacle = _broken(found, f"pytest cannot be imported: {answer['problem']}")
        elif not pytest:
            obstacle = _no_pytest(found)
        return Interpreter(found.path, found.origin, version, pytest, obstacle), layout

    async def _probe(self, box: Box, *, look_for_pytest: bool) -> Event:
        client = await self._started(box)
        try:
            request = requests.probe(box.root, look_for_pytest=look_for_pytest, seconds=_PROBE_SECONDS)
            async for event in client.ask(request, "ready"):
                last = event
            return last
        finally:
            await client.close()


def _restrictions() -> Iterator[str]:
    """What this system is set to that keeps users from namespaces."""
    for name, forbids in (
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
        ("kernel/unprivileged_userns_clone", "0"),
        ("user/max_user_namespaces", "0"),
    ):
        with contextlib.suppress(OSError):
            if Path("/proc/sys", name).read_text().strip() == forbids:
                yield f"{name.replace('/', '.')} = {forbids} keeps users from namespaces"


def _no_sandbox(isolation: Isolation) -> Obstacle:
    return Obstacle(
        ObstacleKind.NO_SANDBOX,
        f"Nothing is run, because there is no sandbox on this machine ({isolation.reason}).",
        "Install bubblewrap and allow user namespaces, or use Linux 6.2 or newer, or set heal.sandbox.allowUnisolated.",
    )


def _cannot_copy(error: OSError) -> Obstacle:
    return Obstacle(
        ObstacleKind.INFRASTRUCTURE,
        f"The workspace cannot be copied for a run without a sandbox: {error.strerror}.",
        "Install bubblewrap, with which no copy is needed, or open a smaller folder.",
    )


def _broken(found: Found, why: str) -> Obstacle:
    kind = ObstacleKind.BROKEN_ENVIRONMENT if found.own else ObstacleKind.NO_INTERPRETER
    return Obstacle(
        kind,
        f"The interpreter {found.path} ({found.origin}) cannot be used: {why}.",
        "Make the virtual environment anew, or set heal.interpreter to one that works.",
    )


def _no_pytest(found: Found) -> Obstacle:
    return Obstacle(
        ObstacleKind.NO_PYTEST,
        f"The interpreter {found.path} ({found.origin}) has no pytest.",
        f"Install it there: {found.path} -m pip install pytest",
    )
