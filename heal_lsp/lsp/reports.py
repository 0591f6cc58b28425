"""Failures that come from elsewhere: reports of runs in a terminal, and pasted tracebacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from lsprotocol import types as lsp

from heal_lsp import places
from heal_lsp.core.explain import headline, plural
from heal_lsp.core.model import Failure, Located, Report
from heal_lsp.engine.messages import Locate
from heal_lsp.lsp.arguments import TracebackArgs
from heal_lsp.lsp.engines import new_job
from heal_lsp.lsp.folders import Folder
from heal_lsp.lsp.pygls_compat import Refusal
from heal_lsp.lsp.state import State


class Reports:
    """Takes over what was seen outside of this server."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._started = time.time()

    def watch(self, folder: Folder) -> None:
        """Follow the reports of a folder until :meth:`unwatch`."""
        self._state.jobs.start(self._follow(folder), self._name(folder))

    def unwatch(self, folder: Folder) -> None:
        """Follow them no longer."""
        self._state.jobs.cancel(self._name(folder))

    async def traceback(self, args: TracebackArgs) -> dict[str, Any]:
        """Show the failures that a pasted text tells of.

        Raises:
            Refusal: there is no text, or no open folder.
        """
        from heal_lsp.watch.tracebacks import parse_traceback

        if not args.text.strip():
            raise Refusal("heal.fromTraceback needs the text of a traceback.")
        folders = self._state.folders.all()
        if args.uri and (place := self._state.folders.place(args.uri)) is not None:
            folders = (place.folder,)
        if not folders:
            raise Refusal("heal.fromTraceback: there is no open workspace folder.")
        for folder in folders:
            parsed = await asyncio.to_thread(parse_traceback, args.text, folder.root)
            if found := tuple(each for each in parsed if each.path):
                return await self._show(folder, found)
        self._state.client.show(
            "No traceback with a line of an open workspace folder was found in the text; paste it whole, "
            "from `Traceback (most recent call last):` to the exception."
        )
        return {"outcome": "nothing-found", "failures": 0}

    async def _show(self, folder: Folder, failures: tuple[Failure, ...]) -> dict[str, Any]:
        report = Report(folder.real, source="traceback", started=time.time(), errors=failures)
        located = await self._locate(folder, failures)
        self._state.board(folder).merge(report, located)
        self._state.publish(folder)
        first = failures[0]
        self._state.client.show(
            f"{plural(len(failures), 'failure')} taken from the traceback: {headline(first, 100)} "
            f"at {first.path}:{first.line}."
        )
        return {
            "outcome": "found",
            "failures": len(failures),
            "uri": folder.uri_of(first.path),
            "line": first.line - 1,
        }

    async def _follow(self, folder: Folder) -> None:
        from heal_lsp.watch.reports import ReportFolder

        place = places.reports_folder(folder.root)
        try:
            await asyncio.to_thread(places.private_folder, place)
        except OSError as error:
            self._state.client.log(
                f"Reports of test runs cannot be followed: {error}.", lsp.MessageType.Warning
            )
            return
        async with aclosing(ReportFolder(place, folder.root).watch()) as found:
            async for each in found:
                if isinstance(each, Report):
                    await self._take(folder, each)
                else:
                    self._state.client.log(f"{each.path} is ignored. {each.reason}", lsp.MessageType.Warning)

    async def _take(self, folder: Folder, report: Report) -> None:
        # what a run from before this session saw is shown only while its code is still the same
        old = report.started + report.seconds < self._started
        located = await self._locate(folder, report.failures)
        if folder not in self._state.folders.all():
            return
        # a clock that runs ahead must not make the report outlast the runs to come
        began = min(report.started, time.time())
        self._state.board(folder).merge(report, located, began=began, fresh_only=old)
        self._state.publish(folder)
        if not old:
            self._state.obstacle(folder, report.obstacle)

    async def _locate(self, folder: Folder, failures: Sequence[Failure]) -> tuple[Located, ...]:
        """Where failures lead. This reads code and runs none."""
        if not failures:
            return ()
        snapshot = self._state.documents.snapshot(folder, self._state.configuration.settings(folder).exclude)
        request = Locate(new_job(), snapshot, tuple(failures))
        reply = await self._state.engines.ask(self._state.engines.engine().locate(request))
        return reply.located if reply is not None else ()

    def _name(self, folder: Folder) -> str:
        return f"reports {folder.path} "
