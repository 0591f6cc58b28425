"""Runs of tests and scripts: when the person asks, and of what a saved file reaches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp

from heal_lsp.core.explain import plural
from heal_lsp.core.model import ObstacleKind, Report, TestOutcome
from heal_lsp.engine.messages import Progress as Step
from heal_lsp.engine.messages import RunReply, RunScript, RunTests
from heal_lsp.lsp.arguments import FileArgs, TestArgs, shortened
from heal_lsp.lsp.engines import new_job
from heal_lsp.lsp.folders import Folder, Place
from heal_lsp.lsp.progress import Progress
from heal_lsp.lsp.pygls_compat import Refusal
from heal_lsp.lsp.state import State

QUIET_SECONDS = 1.0
"""A run after a save shows progress only when it takes longer than this."""


class Running:
    """Starts runs, and knows which are going on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._saved: dict[str, dict[str, None]] = {}
        self._on_save: dict[str, asyncio.Task[None]] = {}
        self._active: dict[str, list[tuple[str, ...]]] = {}

    def busy(self, folder: Folder) -> bool:
        """Whether tests of a folder are running."""
        return bool(self._active.get(folder.path))

    def saved(self, place: Place) -> None:
        """A file was saved: run what it reaches, soon.

        A newer save takes over what an older one had to do.
        """
        folder = place.folder
        if not place.path.endswith((".py", ".pyi")):
            return
        self._saved.setdefault(folder.path, {})[place.path] = None
        if (older := self._on_save.get(folder.path)) is not None:
            older.cancel()
        self._on_save[folder.path] = self._state.jobs.start(self._after_save(folder), "save")

    async def tests(self, args: TestArgs, token: lsp.ProgressToken | None) -> dict[str, Any]:
        """Run tests because the person asks. The result has the counts, or the obstacle.

        Raises:
            Refusal: the arguments name nothing in an open folder.
        """
        results = []
        for folder, tests in self._wanted(args):
            if not await self._state.trust.obtain(folder, insist=True):
                results.append({"outcome": "untrusted"})
                continue
            reply = await self._run(folder, tests, token=token)
            results.append(_result(reply))
            if reply is not None:
                self._state.obstacle(folder, reply.report.obstacle, insist=True)
                if reply.report.obstacle is None or reply.report.tests:
                    self._state.client.show(_summary(reply.report))
            token = None  # a client's token serves one begin and one end
        return results[0] if len(results) == 1 else {"outcome": "ran", "folders": results}

    async def again(self, folder: Folder, tests: Sequence[str]) -> None:
        """Run tests again after their code was changed by us; only what they show is told."""
        if self._state.trust.has(folder):
            reply = await self._run(folder, tuple(tests), quiet=True)
            if reply is not None:
                self._state.obstacle(folder, reply.report.obstacle)

    async def script(self, args: FileArgs, token: lsp.ProgressToken | None) -> dict[str, Any]:
        """Run a script because the person asks.

        Raises:
            Refusal: the file lies in no open folder.
        """
        place = self.place(args.uri)
        folder, client = place.folder, self._state.client
        if not await self._state.trust.obtain(folder, insist=True):
            return {"outcome": "untrusted"}
        task = asyncio.current_task()
        progress = Progress(client, f"Running {place.path}", task.cancel if task else lambda: None, token)
        settings = self._state.configuration.settings(folder)
        look = self._state.documents.look(folder, settings.exclude)
        request = RunScript(new_job(), look.snapshot, settings, place.path, args.arguments)
        await progress.begin()
        try:
            reply = await self._state.engines.ask(self._state.engines.engine().run_script(request))
        finally:
            progress.end("ended")
        if reply is None:
            return {"outcome": "engine-gone"}
        self._state.learn(folder, reply, look)
        self._state.obstacle(folder, reply.report.obstacle, insist=True)
        if reply.report.output:
            client.log(reply.report.output)
        if reply.report.obstacle is None:
            client.show(_script_summary(place.path, reply.report))
        return {"outcome": "ran", "failed": len(reply.report.errors), "seconds": reply.report.seconds}

    def place(self, uri: str) -> Place:
        """The file of an open folder that a URI names.

        Raises:
            Refusal: there is none.
        """
        place = self._state.folders.place(uri)
        if place is None:
            raise Refusal(
                f"{shortened(uri, 200) or 'The file'} lies in none of the open workspace folders; "
                "open its folder first."
            )
        return place

    async def _after_save(self, folder: Folder) -> None:
        await self._state.configuration.ready()
        settings = self._state.configuration.settings(folder)
        if settings.on_save == "off" or not await self._state.trust.obtain(folder, insist=False):
            return
        # the engine looks at the files while further saves are waited for
        self._state.jobs.start(self._state.engines.prepare(folder, settings), "prepare")
        await asyncio.sleep(settings.test_debounce_ms / 1000)
        saved = tuple(self._saved.get(folder.path, ()))
        reply = await self._run(folder, saved=saved, quiet=True)
        # a save that came meanwhile cancelled this task, so what is here was run
        self._saved.pop(folder.path, None)
        if reply is None:
            return
        obstacle = reply.report.obstacle
        if obstacle is not None and obstacle.kind is ObstacleKind.NO_TESTS:
            self._state.client.log(obstacle.message)
            return
        self._state.obstacle(folder, obstacle)
        self._state.client.log(_summary(reply.report))

    async def _run(
        self,
        folder: Folder,
        tests: tuple[str, ...] = (),
        *,
        saved: tuple[str, ...] = (),
        quiet: bool = False,
        token: lsp.ProgressToken | None = None,
    ) -> RunReply | None:
        """Run tests and show what fails. None when the engine died."""
        state, task = self._state, asyncio.current_task()
        settings = state.configuration.settings(folder)
        look = state.documents.look(folder, settings.exclude)
        request = RunTests(new_job(), look.snapshot, settings, tests, saved)
        progress = Progress(state.client, "Running tests", task.cancel if task else lambda: None, token)
        begin = state.jobs.start(_begin(progress, QUIET_SECONDS if quiet else 0), "progress")

        def told(step: Step) -> None:
            progress.report(
                step.phase, step.note or (plural(step.count, "selection") if step.count else step.phase)
            )

        reply = None
        active = self._active.setdefault(folder.path, [])
        active.append(tests or saved)
        try:
            reply = await state.engines.ask(state.engines.engine().run_tests(request, told))
        finally:
            active.remove(tests or saved)
            begin.cancel()
            progress.end(_tally(reply.report) if reply is not None else "stopped")
        if reply is not None:
            state.learn(folder, reply, look)
            _tell_denied(state, reply.report)
        return reply

    def _wanted(self, args: TestArgs) -> list[tuple[Folder, tuple[str, ...]]]:
        folders = self._state.folders.all()
        if args.scope not in ("", "test", "file", "workspace"):
            raise Refusal(
                f'heal.runTests: scope must be "test", "file" or "workspace", not {args.scope!r:.40}.'
            )
        if not folders:
            raise Refusal("heal.runTests: there is no open workspace folder.")
        if args.test and args.scope in ("", "test"):
            if args.test.startswith("-"):
                raise Refusal(f"heal.runTests: {args.test!r:.80} is no test id.")
            folder = self.place(args.uri).folder if args.uri else folders[0]
            return [(folder, (args.test,))]
        if not args.uri:
            return [(each, ()) for each in folders]
        if (whole := self._folder(args.uri)) is not None:
            return [(whole, ())]
        place = self.place(args.uri)
        return [(place.folder, () if args.scope == "workspace" else (place.path,))]

    def _folder(self, uri: str) -> Folder | None:
        return next((each for each in self._state.folders.all() if each.uri == uri.rstrip("/")), None)


async def _begin(progress: Progress, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await progress.begin()


def _tell_denied(state: State, report: Report) -> None:
    """A test that the sandbox stopped is no failure; the person should know why it did not run."""
    denied = [each for each in report.tests if each.outcome is TestOutcome.DENIED]
    if not denied:
        return
    first = denied[0]
    why = (
        f" ({' '.join(first.failure.message.split())[:160]})"
        if first.failure and first.failure.message
        else ""
    )
    more = f" and {plural(len(denied) - 1, 'other test')}" if len(denied) > 1 else ""
    state.tell_once(
        f"{first.id}{more} could not run: the sandbox denies what it needs{why}. "
        "That is no failure of your code; run it in a terminal to see its result."
    )


def _summary(report: Report) -> str:
    """The counts of a run in one sentence."""
    cut = "" if report.finished else "; the run was cut short"
    label = f"; sandbox: {report.isolation}" if report.isolation else ""
    return f"Tests: {_tally(report)} in {report.seconds:.1f} s{cut}{label}."


def _tally(report: Report) -> str:
    """The counts of a run in a few words."""
    counts = [f"{number} {word}" for word, number in _counts(report).items() if number]
    return ", ".join(counts) or "none ran"


def _counts(report: Report) -> dict[str, int]:
    counts = {each.value: 0 for each in TestOutcome}
    for test in report.tests:
        counts[test.outcome.value] += 1
    return {**counts, "not collected": len(report.errors)}


def _script_summary(path: str, report: Report) -> str:
    if not report.errors:
        return f"{path} ran without an exception in {report.seconds:.1f} s."
    first = report.errors[0]
    return f"{path} ended with {first.exception} at {first.path}:{first.line}."


def _result(reply: RunReply | None) -> dict[str, Any]:
    if reply is None:
        return {"outcome": "engine-gone"}
    report = reply.report
    result: dict[str, Any] = {"outcome": "ran", "seconds": report.seconds, "isolation": report.isolation}
    result |= {word.replace(" ", "_"): number for word, number in _counts(report).items()}
    if report.obstacle is not None:
        result |= {
            "outcome": "obstacle",
            "obstacle": report.obstacle.kind.value,
            "message": report.obstacle.message,
        }
    return result
