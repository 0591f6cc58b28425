"""The engine itself, as a library: what the JSON-RPC door exposes, and what faces in the same process call."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import attrs

from heal_lsp import places
from heal_lsp.core.diagnose import unhealable
from heal_lsp.core.events import Event, Phase, Proposed
from heal_lsp.core.key import fix_key
from heal_lsp.core.model import (
    Baseline,
    Failure,
    Located,
    Obstacle,
    ObstacleKind,
    Outcome,
    OutcomeKind,
    Report,
    Snapshot,
    Target,
    Task,
)
from heal_lsp.core.ports import Proposer, Verifier
from heal_lsp.core.repair import Limits, Repair
from heal_lsp.core.text import decode, rebase
from heal_lsp.engine import messages
from heal_lsp.engine.api import OnProgress
from heal_lsp.engine.messages import Progress
from heal_lsp.engine.scheduler import Priority, Scheduler
from heal_lsp.engine.wiring import MonotonicClock, Wiring, Workspaces
from heal_lsp.proposers.given import GivenProposer
from heal_lsp.watch.recorded import RecordedPaths

GUARD_FILES = 25
"""Test files at the most that a candidate must leave as they were; the nearest to the target are taken."""


class Service:
    """Satisfies :class:`heal_lsp.engine.api.Engine`."""

    def __init__(self, slots: int = 2, *, warm: bool = False) -> None:
        """A ``warm`` one keeps a sandbox ready for the next run of tests, until :meth:`close`."""
        self._warm = warm
        self._workspaces = Workspaces()
        self._scheduler = Scheduler(slots)
        self._clock = MonotonicClock()

    async def run_tests(
        self, request: messages.RunTests, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        """Run tests and locate their failures."""
        wiring = self._workspaces.get(request.snapshot.root, request.settings)
        await self._workspaces.close(old_only=True)
        selected = request.tests
        if not selected and request.saved:
            selected = await _affected(wiring, request.snapshot, request.saved, recent=True)
            if not selected:
                return messages.RunReply(_nothing_to_run(request), selected=request.saved)
        _tell(on_progress, Progress(request.job, "tests", len(selected)))
        return await self._scheduler.run(
            Priority.TEST, lambda: _run_and_locate(wiring, request.snapshot, selected, self._warm)
        )

    async def run_script(
        self, request: messages.RunScript, on_progress: OnProgress | None = None
    ) -> messages.RunReply:
        """Run a script and locate its failure."""
        wiring = self._workspaces.get(request.snapshot.root, request.settings)
        _tell(on_progress, Progress(request.job, "run", 0, request.path))

        async def work() -> messages.RunReply:
            report = await wiring.bench.runner().run_script(
                request.snapshot, request.path, request.arguments, seconds=request.settings.test_max_seconds
            )
            located = await asyncio.to_thread(_locate_all, wiring, request.snapshot, report.failures, {})
            return messages.RunReply(report, located, (request.path,))

        return await self._scheduler.run(Priority.TEST, work)

    async def locate(self, request: messages.Locate) -> messages.LocateReply:
        """Locate failures that came from elsewhere; runs nothing."""
        analysis = self._workspaces.analysis
        located = await asyncio.to_thread(
            lambda: tuple(analysis.locate(each, request.snapshot, {}) for each in request.failures)
        )
        return messages.LocateReply(located)

    async def repair(self, request: messages.Repair, on_progress: OnProgress | None = None) -> Outcome:
        """Repair a function."""
        wiring = self._workspaces.get(request.snapshot.root, request.settings)

        async def work() -> Outcome:
            _tell(on_progress, Progress(request.job, "locate"))
            task = await _task(wiring, request)
            if isinstance(task, Obstacle):
                return _blocked(task)
            key = await _key(wiring, task)
            return await self._loop(wiring, task, wiring.proposers(key), request.job, on_progress, key)

        return await self._scheduler.run(Priority.HEAL, work)

    async def reverify(self, request: messages.Reverify, on_progress: OnProgress | None = None) -> Outcome:
        """Carry a fix over to the present text of its file and verify it again from the start."""
        wiring = self._workspaces.get(request.snapshot.root, request.settings)
        [change] = request.fix.changes

        async def work() -> Outcome:
            now = await asyncio.to_thread(_text, wiring.root, request.snapshot, change.path)
            edits = None if now is None else rebase(request.fix.candidate.edits[change.path], change.old, now)
            if now is None or edits is None:
                return _blocked(_changed(change.path))
            again = messages.Repair(
                request.job,
                request.snapshot,
                request.settings,
                request.failure,
                path=change.path,
                line=now.encode()[: edits[0].start].count(b"\n") + 1 if edits else 1,
                failing=request.fix.evidence.fixed,
            )
            task = await _task(wiring, again)
            if isinstance(task, Obstacle):
                return _blocked(task)
            candidate = attrs.evolve(request.fix.candidate, edits={change.path: edits})
            given: list[Proposer] = [GivenProposer(candidate, task.base)]
            outcome = await self._loop(wiring, task, given, request.job, on_progress)
            return _blocked(_changed(change.path)) if outcome.kind is OutcomeKind.EXHAUSTED else outcome

        return await self._scheduler.run(Priority.HEAL, work)

    async def prepare(self, request: messages.Prepare) -> messages.Prepared:
        """Look at the files of a workspace, so that the next run after a save need not. Runs nothing."""
        wiring = self._workspaces.get(request.root, request.settings)
        return messages.Prepared(await asyncio.to_thread(wiring.impact.warm))

    async def doctor(self, request: messages.Doctor) -> messages.DoctorReply:
        """Say how the tool stands in a workspace."""
        wiring = self._workspaces.get(request.root, request.settings)
        return messages.DoctorReply(
            await wiring.bench.interpreter(),
            await wiring.bench.isolation(),
            str(places.fixes_folder(Path(request.root))),
            len(wiring.store),
        )

    async def close(self) -> None:
        """End what stands by for the next run; nothing else outlives its job."""
        await self._workspaces.close()

    async def _loop(
        self,
        wiring: Wiring,
        task: Task,
        proposers: Sequence[Proposer],
        job: str,
        on_progress: OnProgress | None,
        key: str = "",
    ) -> Outcome:
        verifier = _Recording(wiring.bench.verifier(), wiring.recorded)
        repair = Repair(
            task,
            proposers,
            verifier,
            self._clock,
            limits=Limits(allow_test_edits=wiring.settings.allow_test_edits),
            listener=lambda event: _tell(on_progress, _progress(job, event)),
        )
        try:
            outcome = await repair.run()
        finally:
            await verifier.close()
        if key:
            _remember(wiring, key, outcome, repair)
        return outcome


class _Recording:
    """A verifier whose baseline tells which files the tests ran."""

    def __init__(self, verifier: Verifier, recorded: RecordedPaths) -> None:
        self._recorded = recorded
        self._verifier = verifier
        self.verify, self.confirm, self.close = verifier.verify, verifier.confirm, verifier.close
        self.screen = verifier.screen

    async def baseline(self, task: Task) -> Baseline:
        found = await self._verifier.baseline(task)
        self._recorded.add(found.coverage)
        return found


def _remember(wiring: Wiring, key: str, outcome: Outcome, repair: Repair) -> None:
    recalled = [each for each in repair.memory.attempts if each.candidate.proposer == "recall"]
    if any(not each.verdict.passed for each in recalled):
        wiring.store.evict(key)
    if outcome.fix is not None and not outcome.recalled:
        wiring.store.put(key, outcome.fix)


def _tell(on_progress: OnProgress | None, progress: Progress | None) -> None:
    if on_progress is not None and progress is not None:
        on_progress(progress)


def _progress(job: str, event: Event) -> Progress | None:
    if isinstance(event, Phase):
        return Progress(job, event.name, 0, event.detail)
    if isinstance(event, Proposed):
        return Progress(job, event.candidate.proposer, event.count, event.candidate.note)
    return None


async def _run_and_locate(
    wiring: Wiring, snapshot: Snapshot, selected: tuple[str, ...], warm: bool = False
) -> messages.RunReply:
    runner, seconds = wiring.bench.runner(warm=warm), wiring.settings.test_max_seconds
    report = await runner.run_tests(snapshot, selected, seconds=seconds)
    located = await asyncio.to_thread(_locate_all, wiring, snapshot, report.failures, {})
    missed = [each.failure for each in located if _lost(each)]
    lost = tuple(sorted({each.test.partition("::")[0] for each in missed if each.test}))
    if lost and report.finished:
        # what neither a traceback nor the assertion tells, the lines that only failing tests execute may
        spectrum = await runner.run_tests(snapshot, lost, seconds=seconds, coverage=True)
        wiring.recorded.add(spectrum.coverage)
        red = frozenset(each.id for each in report.tests if each.failure is not None)
        again = await asyncio.to_thread(_locate_all, wiring, snapshot, missed, spectrum.coverage, red)
        found = iter(again)
        located = tuple(next(found) if _lost(each) else each for each in located)
    return messages.RunReply(report, located, selected)


def _lost(located: Located) -> bool:
    return located.target is None and located.failure.test is not None


def _locate_all(
    wiring: Wiring,
    snapshot: Snapshot,
    failures: Sequence[Failure],
    coverage: Mapping[str, Mapping[str, tuple[int, ...]]],
    failing: Collection[str] = (),
) -> tuple[Located, ...]:
    return tuple(wiring.analysis.locate(each, snapshot, coverage, failing=failing) for each in failures)


async def _affected(
    wiring: Wiring, snapshot: Snapshot, saved: Sequence[str], *, recent: bool = False
) -> tuple[str, ...]:
    return await asyncio.to_thread(
        lambda: wiring.impact.affected(
            saved,
            snapshot.texts,
            test_paths=wiring.settings.test_paths,
            recorded=wiring.recorded.paths(),
            recent=recent,
        )
    )


def _nothing_to_run(request: messages.RunTests) -> Report:
    return Report(
        request.snapshot.root,
        source="server",
        finished=False,
        obstacle=Obstacle(
            ObstacleKind.NO_TESTS,
            f"No test reaches {', '.join(request.saved)}.",
            "Write a test that calls it, or set heal.test.paths if the tests lie elsewhere.",
        ),
    )


async def _task(wiring: Wiring, request: messages.Repair) -> Task | Obstacle:
    """What to repair and what to judge it by, or why that is not to be had."""
    snapshot, failure = request.snapshot, request.failure
    if request.path:
        target = await asyncio.to_thread(wiring.analysis.target_at, snapshot, request.path, request.line)
        reason = f"There is no function at line {request.line} of {request.path}."
    else:
        located = await asyncio.to_thread(wiring.analysis.locate, failure, snapshot, {})
        target, reason = located.target, located.reason
    if (obstacle := unhealable(target, reason)) is not None:
        return obstacle
    assert target is not None
    base = await asyncio.to_thread(_text, wiring.root, snapshot, target.path)
    if base is None:
        return _changed(target.path)
    reach = await _affected(wiring, snapshot, [target.path])
    failing = tuple(dict.fromkeys((*((failure.test,) if failure.test else ()), *request.failing)))
    if not failing:
        found = await _failing_tests(wiring, snapshot, reach, target, failure)
        if isinstance(found, Obstacle):
            return found
        failure, failing = found
    own = {each.partition("::")[0] for each in failing}
    guards = sorted(own | set(_nearest(target.path, [each for each in reach if each not in own])))
    sources = await asyncio.to_thread(
        lambda: {each: wiring.analysis.test_source(snapshot, each) for each in failing}
    )
    return Task(snapshot, failure, target, base, failing, tuple(guards), sources)


async def _failing_tests(
    wiring: Wiring, snapshot: Snapshot, reach: tuple[str, ...], target: Target, failure: Failure
) -> tuple[Failure, tuple[str, ...]] | Obstacle:
    """The tests that fail because of the target, for a failure that no test showed."""
    missing = Obstacle(
        ObstacleKind.NO_TESTS,
        f"No failing test reaches `{target.name}`, so there is nothing to verify a fix against.",
        "Write a test that shows the failure (or run the tests, if there is one), then heal again.",
    )
    if not reach:
        return missing
    reply = await _run_and_locate(wiring, snapshot, reach)
    if reply.report.obstacle is not None:
        return reply.report.obstacle
    same = [each.failure for each in reply.located if each.failure.test and _same(each.target, target)]
    if not same:
        return missing
    alike = sorted(same, key=lambda each: each.exception != failure.exception)
    return alike[0], tuple(str(each.test) for each in alike)


def _same(one: Target | None, other: Target) -> bool:
    return one is not None and (one.path, one.start) == (other.path, other.start)


def _nearest(path: str, files: Sequence[str]) -> list[str]:
    """The test files that share most of their path with the target's."""
    parts = path.split("/")

    def distance(other: str) -> int:
        shared = 0
        for one, two in zip(parts, other.split("/"), strict=False):
            if one != two:
                break
            shared += 1
        return -shared

    return sorted(files, key=distance)[:GUARD_FILES]


async def _key(wiring: Wiring, task: Task) -> str:
    interpreter = await wiring.bench.interpreter()
    minor = ".".join(interpreter.version.split(".")[:2])
    normalised = await asyncio.to_thread(wiring.analysis.normalised, task.base, task.target)
    return fix_key(normalised, task.failure, task.test_sources, minor)


def _text(root: Path, snapshot: Snapshot, path: str) -> str | None:
    if path in snapshot.texts:
        return snapshot.texts[path]
    try:
        return decode((root / path).read_bytes())[0]
    except (OSError, ValueError, SyntaxError):
        return None


def _changed(path: str) -> Obstacle:
    return Obstacle(
        ObstacleKind.CHANGED,
        f"{path} changed while it was being healed, and the fix does not fit the new text.",
        "Heal again when you have finished typing.",
    )


def _blocked(obstacle: Obstacle) -> Outcome:
    return Outcome(OutcomeKind.OBSTACLE, obstacle.message, obstacle.hint, obstacle=obstacle)
