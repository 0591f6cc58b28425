"""Failures as diagnostics: at the place that fails and at the function under suspicion, linked both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
from lsprotocol import types as lsp

from heal_lsp.core.explain import headline, plural
from heal_lsp.core.model import Target
from heal_lsp.core.text import digest
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.documents import Documents
from heal_lsp.lsp.failures import Board, Known, Spot
from heal_lsp.lsp.folders import Folder, Place
from heal_lsp.lsp.positions import Lines

SOURCE = "heal"
MAX_LINKS = 10
"""Failing tests that a suspect's diagnostic links to at the most."""


@attrs.frozen
class Shown:
    """A diagnostic with what it is about."""

    path: str
    diagnostic: lsp.Diagnostic
    failures: tuple[Known, ...]
    target: Target | None


class Painter:
    """Makes the diagnostics of one folder's board, for the texts as they are now."""

    def __init__(self, folder: Folder, board: Board, documents: Documents, *, related: bool) -> None:
        self._folder = folder
        self._board = board
        self._documents = documents
        self._related = related
        self._texts: dict[str, str | None] = {}
        self._digests: dict[str, str] = {}
        self._lines: dict[str, Lines] = {}

    def paint(self, path: str | None = None) -> list[Shown]:
        """Every diagnostic (of one file), in the order of the failures; each suspect once, after them."""
        failures = [each for each in self._board.all() if path in (None, each.failure.path)]
        spots = [each for each in self._board.spots() if path in (None, each.target.path)]
        return [self._failure(each) for each in failures] + [self._suspect(each) for each in spots]

    def stale(self, known: Known) -> bool:
        """Whether a file changed since a failure was seen."""
        return known.stale(self._digest_of)

    def text_of(self, path: str) -> str | None:
        """The present text of a file, read once."""
        if path not in self._texts:
            self._texts[path] = self._documents.text(Place(self._folder, path))
        return self._texts[path]

    def target_range(self, known: Known, target: Target) -> lsp.Range:
        """The range of a target's name, where its ``def`` is now."""
        lines, line = self._at(target.path), known.line(target.path, target.line, self.text_of)
        return lines.word(line, target.name)

    def target_lines(self, known: Known, target: Target) -> tuple[int, int]:
        """The first and the last line (0-based, as in LSP) of a target now, without its decorators."""
        first = known.line(target.path, target.line, self.text_of)
        last = known.line(target.path, target.end_line, self.text_of)
        return first - 1, max(first, last) - 1

    def _digest_of(self, path: str) -> str:
        if path not in self._digests:
            text = self.text_of(path)
            self._digests[path] = digest(text) if text is not None else ""
        return self._digests[path]

    def _failure(self, known: Known) -> Shown:
        failure, target = known.failure, known.target
        stale = self.stale(known)
        place = self._failure_range(known)
        message = headline(failure, 400)
        if failure.test is not None:
            message = f"{failure.test.rpartition('::')[2]}: {message}"
        links = []
        if target is not None and self._related:
            links = [
                self._link(target.path, self.target_range(known, target), f"suspected cause: `{target.name}`")
            ]
        elif target is not None:
            message += f" (suspected cause: `{target.name}`, {target.path}:{target.line})"
        diagnostic = _diagnostic(
            place, message, lsp.DiagnosticSeverity.Error, failure.exception, stale, links
        )
        diagnostic.data = _data((known,), target)
        return Shown(failure.path, diagnostic, (known,), target)

    def _suspect(self, spot: Spot) -> Shown:
        target, first = spot.target, spot.failures[0]
        stale = all(self.stale(each) for each in spot.failures)
        tests = len([each for each in spot.failures if each.failure.test is not None])
        cause = f" of {plural(tests, 'failing test')}" if tests > 1 else ""
        message = f"`{target.name}` is the suspected cause{cause}: {headline(first.failure, 300)}"
        links = []
        if self._related:
            for each in spot.failures[:MAX_LINKS]:
                name = (each.failure.test or each.failure.path).rpartition("::")[2]
                links.append(self._link(each.failure.path, self._failure_range(each), f"fails here: {name}"))
        diagnostic = _diagnostic(
            self.target_range(first, target),
            message,
            lsp.DiagnosticSeverity.Warning,
            first.failure.exception,
            stale,
            links,
        )
        diagnostic.data = _data(spot.failures, target)
        return Shown(target.path, diagnostic, spot.failures, target)

    def _failure_range(self, known: Known) -> lsp.Range:
        failure = known.failure
        return self._at(failure.path).written(known.line(failure.path, failure.line, self.text_of))

    def _link(self, path: str, place: lsp.Range, message: str) -> lsp.DiagnosticRelatedInformation:
        uri = self._documents.uri(Place(self._folder, path))
        return lsp.DiagnosticRelatedInformation(location=lsp.Location(uri=uri, range=place), message=message)

    def _at(self, path: str) -> Lines:
        if path not in self._lines:
            self._lines[path] = self._documents.lines(self.text_of(path) or "")
        return self._lines[path]


class Publisher:
    """Keeps the editor's diagnostics as they should be, sending only what differs."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self._client = client
        self._documents = documents
        self._sent: dict[str, dict[str, tuple[str, list[lsp.Diagnostic]]]] = {}

    def publish(self, folder: Folder, painter: Painter) -> None:
        """Show the board's present state."""
        wanted: dict[str, list[lsp.Diagnostic]] = {}
        for each in painter.paint():
            wanted.setdefault(each.path, []).append(each.diagnostic)
        sent = self._sent.setdefault(folder.path, {})
        for path in {*wanted, *sent}:
            place = Place(folder, path)
            document = self._documents.opened(place)
            state = (document.uri if document is not None else folder.uri_of(path), wanted.get(path, []))
            if sent.get(path) == state:
                continue
            if path in sent and sent[path][0] != state[0]:
                self._client.publish(sent[path][0], None, [])
            self._client.publish(state[0], document.version if document is not None else None, state[1])
            if state[1]:
                sent[path] = state
            else:
                sent.pop(path, None)

    def forget(self, place: Place) -> None:
        """Send a file's diagnostics anew next time: its editor's buffer was just opened and may have lost
        them.
        """
        self._sent.get(place.folder.path, {}).pop(place.path, None)

    def withdraw(self, folder: Folder) -> None:
        """Clear everything of a folder that was closed."""
        for uri, _ in self._sent.pop(folder.path, {}).values():
            self._client.publish(uri, None, [])


class Delayed:
    """Calls a function soon, once for many wishes, so that a fast typist does not cause a flood."""

    def __init__(self, seconds: float, call: Callable[[Folder], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._waiting: set[str] = set()

    def wish(self, folder: Folder) -> None:
        """Ask for the call."""
        if folder.path not in self._waiting:
            self._waiting.add(folder.path)
            asyncio.get_running_loop().call_later(self._seconds, self._run, folder)

    def _run(self, folder: Folder) -> None:
        self._waiting.discard(folder.path)
        self._call(folder)


def _diagnostic(
    place: lsp.Range,
    message: str,
    severity: lsp.DiagnosticSeverity,
    code: str,
    stale: bool,
    links: list[lsp.DiagnosticRelatedInformation],
) -> lsp.Diagnostic:
    return lsp.Diagnostic(
        range=place,
        message=f"{message} (changed since)" if stale else message,
        severity=lsp.DiagnosticSeverity.Hint if stale else severity,
        code=code,
        source=SOURCE,
        related_information=links or None,
    )


def _data(failures: tuple[Known, ...], target: Target | None) -> dict[str, Any]:
    found: dict[str, Any] = {"failure": failures[0].key}
    if target is not None:
        found["target"] = {"path": target.path, "name": target.qualname, "line": target.line}
    return found
