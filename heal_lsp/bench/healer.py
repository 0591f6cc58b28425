"""Who heals a project: the engine itself, or a language server with an editor in front of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import attrs

from heal_lsp.bench.project import Judge, Project
from heal_lsp.config import Settings
from heal_lsp.core.model import Outcome, Snapshot
from heal_lsp.engine.messages import Repair


@attrs.frozen
class Healed:
    """What came of healing a project; ``files`` are the texts to judge, empty when there is no fix."""

    outcome: str
    """``healed``, or why not: the outcome's kind, for an obstacle with its own kind."""
    files: Mapping[str, str] = attrs.field(factory=dict)
    alternatives: tuple[Mapping[str, str], ...] = ()
    """The same for up to two further candidates."""
    sure: bool = False
    candidates: int = 0
    seconds: float = 0.0
    operator: str = ""


class Healer(Protocol):
    """Heals the function that a record names."""

    async def heal(self, project: Project) -> Healed:
        """Run the visible tests, and heal. The project's files stay as they are."""


@attrs.frozen
class EngineHealer:
    """Asks the engine, as the language server does."""

    judge: Judge
    settings: Settings

    async def heal(self, project: Project) -> Healed:
        """Repair the record's function with every visible test that fails."""
        record = project.record
        reply = await self.judge.run(project, record.visible_tests)
        if reply.report.obstacle is not None:
            return Healed(f"obstacle: {reply.report.obstacle.kind.value}")
        if not reply.report.failures:
            return Healed("nothing-fails")
        found = reply.report.failures
        first = reply.located[0].failure if reply.located else found[0]
        failing = tuple(dict.fromkeys(each.test for each in found if each.test and each.test != first.test))
        request = Repair(
            uuid4().hex,
            Snapshot(str(project.root)),
            self.settings,
            first,
            record.path,
            record.line,
            failing,
        )
        started = time.perf_counter()
        outcome = await self.judge.engine.repair(request)
        return _healed(outcome, record.files, time.perf_counter() - started)


def _healed(outcome: Outcome, files: Mapping[str, str], seconds: float) -> Healed:
    kind = outcome.kind.value
    if outcome.obstacle is not None:
        kind = f"{kind}: {outcome.obstacle.kind.value}"
    if outcome.fix is None:
        return Healed(kind, candidates=outcome.candidates, seconds=seconds)
    alternatives = []
    for each in outcome.alternatives[:2]:
        texts = {path: each.text(path, files[path]) for path in each.edits if path in files}
        if len(texts) == len(each.edits):
            alternatives.append(texts)
    return Healed(
        kind,
        {each.path: each.new for each in outcome.fix.changes},
        tuple(alternatives),
        outcome.fix.sure,
        outcome.candidates,
        seconds,
        outcome.fix.candidate.operator,
    )


class Session(Protocol):
    """An editor with a language server: opens files, runs commands, applies the edits it is sent."""

    texts: dict[str, str]
    """Text of each open buffer, by URI."""
    diagnostics: dict[str, list[Any]]
    """The server's diagnostics, by URI."""
    messages: list[str]

    async def start(self) -> None:
        """Start the server for the folder."""

    async def stop(self) -> None:
        """End the server."""

    def open(self, path: str) -> str:
        """Open a file; returns its URI."""

    async def run(self, command: str, *arguments: Any) -> Any:
        """Execute a command of the server and wait for its answer."""

    async def heal(self, uri: str, line: int) -> Any:
        """Pick the healing code action on a line (0-based) and wait for its command's answer."""

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for something that the server tells; raises when it does not come in time."""


@attrs.frozen
class LspHealer:
    """Acts as a person at an editor: opens the files, runs the tests, picks the code action, takes the edit.

    What the server does not tell an editor (candidates, operator, alternatives) stays empty.
    """

    session: Callable[[Path, dict[str, Any]], Session]
    """Makes a session from a folder and the settings below ``heal``."""
    seconds: float
    """Wall time that the search may take."""

    async def heal(self, project: Project) -> Healed:
        """Heal the record's function through a server of its own."""
        record = project.record
        settings = {"search": {"seconds": self.seconds}, "cache": {"maxMb": 0}, "onSave": "off"}
        session = self.session(project.root, settings)
        await session.start()
        try:
            opened = {session.open(each): each for each in record.files if each.endswith(".py")}
            target = next(uri for uri, path in opened.items() if path == record.path)
            await session.run("heal.runTests")
            await session.until(
                lambda: any(session.diagnostics.values()), 60, "a diagnostic of the failing tests"
            )
            started = time.perf_counter()
            await session.heal(*_place(session, target, record.line - 1))
            seconds = time.perf_counter() - started
        finally:
            await session.stop()
        changed = {path: session.texts[uri] for uri, path in opened.items()}
        changed = {path: text for path, text in changed.items() if text != record.files[path]}
        return Healed("healed" if changed else "exhausted", changed, seconds=seconds)


def _place(session: Session, target: str, line: int) -> tuple[str, int]:
    """URI and line (0-based) of a diagnostic of the target's file, else of a test, else of the function."""
    for uri in (target, *session.diagnostics):
        if session.diagnostics.get(uri):
            return uri, session.diagnostics[uri][0].range.start.line
    return target, line
