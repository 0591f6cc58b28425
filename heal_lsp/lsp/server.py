"""The language server: which message leads to which feature."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from heal_lsp import __version__, places
from heal_lsp.engine.api import Engine
from heal_lsp.lsp import actions, pygls_compat
from heal_lsp.lsp.applying import Applier
from heal_lsp.lsp.arguments import FailureArgs, FileArgs, HealArgs, TestArgs, TracebackArgs, read
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.configuration import Configuration
from heal_lsp.lsp.diagnostics import Delayed, Publisher
from heal_lsp.lsp.documents import Documents
from heal_lsp.lsp.engines import Engines
from heal_lsp.lsp.explaining import Explaining
from heal_lsp.lsp.folders import Folders, Place
from heal_lsp.lsp.healing import Healing
from heal_lsp.lsp.jobs import Jobs
from heal_lsp.lsp.reports import Reports
from heal_lsp.lsp.running import Running
from heal_lsp.lsp.state import State
from heal_lsp.lsp.trust import Trust

REPUBLISH_SECONDS = 0.2
PATIENCE_SECONDS = 8.0
"""How long a client that shows no progress waits for a command's answer; then the command goes on without it.

Emacs stands still while it waits for eglot's request, which gives up after ten seconds.
"""
CONFIG_FILES = ("pyproject.toml",)
Command = Callable[[Sequence[Any], "lsp.ProgressToken | None"], Awaitable[Any]]


class Features:
    """The features of one server, wired together."""

    def __init__(self, ls: LanguageServer, make_engine: Callable[[], Engine], trust_file: Path) -> None:
        client, folders, jobs = Client(ls), Folders(), Jobs()
        documents = Documents(ls, folders)
        self.state = State(
            client,
            folders,
            documents,
            Configuration(client, folders),
            Trust(client, trust_file),
            Engines(client, make_engine),
            jobs,
            Publisher(client, documents),
        )
        self.applier = Applier(client, documents)
        self.running = Running(self.state)
        self.healing = Healing(self.state, self.running, self.applier)
        self.reports = Reports(self.state)
        self.explaining = Explaining(self.state)
        self.republish = Delayed(REPUBLISH_SECONDS, self.state.publish)

    async def close(self) -> None:
        """End everything that is going on."""
        await self.state.jobs.close()
        await self.state.engines.close()


def create_server(
    make_engine: Callable[[], Engine], *, trust_file: Path | None = None
) -> pygls_compat.HealLanguageServer:
    """A language server that has its work done by the engine that ``make_engine`` makes when it is first
    needed.

    ``trust_file`` is the list of trusted folders; None means the user's own. Whoever serves it awaits its
    ``on_close`` when the conversation has ended.
    """
    ls = pygls_compat.HealLanguageServer("heal-lsp", __version__)
    features = Features(ls, make_engine, trust_file or places.trust_file())
    ls.on_close = features.close
    _lifecycle(ls, features)
    _texts(ls, features)
    _actions(ls, features)
    _commands(ls, features)
    return ls


def _lifecycle(ls: pygls_compat.HealLanguageServer, features: Features) -> None:
    state = features.state

    @ls.feature(lsp.INITIALIZE)
    def initialize(ls: LanguageServer, params: lsp.InitializeParams) -> None:
        pygls_compat.use_own_documents(ls)
        state.client.name = params.client_info.name if params.client_info else ""
        state.configuration.initialize(params.initialization_options)
        state.trust.initialize(params.initialization_options)
        for uri in _roots(params):
            state.folders.add(uri)

    @ls.feature(lsp.INITIALIZED)
    def initialized(ls: LanguageServer, params: lsp.InitializedParams) -> None:
        state.jobs.start(_settle(features), "settle")

    @ls.feature(lsp.SHUTDOWN)
    async def shutdown(ls: LanguageServer, params: None) -> None:
        await features.close()

    @ls.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(ls: LanguageServer, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        for each in params.event.removed:
            if (folder := state.folders.remove(each.uri)) is not None:
                features.reports.unwatch(folder)
                state.close_folder(folder)
        for each in params.event.added:
            if (folder := state.folders.add(each.uri)) is not None:
                features.reports.watch(folder)
        state.documents.forget_places()
        state.jobs.start(state.configuration.refresh(), "configuration")

    @ls.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(ls: LanguageServer, params: lsp.DidChangeConfigurationParams) -> None:
        state.configuration.push(params.settings)
        state.jobs.start(state.configuration.refresh(), "configuration")

    @ls.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(ls: LanguageServer, params: lsp.DidChangeWatchedFilesParams) -> None:
        found = [place for each in params.changes if (place := state.folders.place(each.uri)) is not None]
        for place in found:
            state.board(place.folder).drop_gone(place.path)
        for folder in {place.folder.path: place.folder for place in found}.values():
            features.republish.wish(folder)
        if any(place.path in CONFIG_FILES for place in found):
            state.jobs.start(state.configuration.refresh(), "configuration")
        features.applier.document_changed()


def _texts(ls: pygls_compat.HealLanguageServer, features: Features) -> None:
    state = features.state

    def changed(uri: str) -> Place | None:
        features.applier.document_changed()
        place = state.folders.place(uri)
        if place is not None and place.path in state.board(place.folder).files():
            features.republish.wish(place.folder)
        return place

    @ls.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: LanguageServer, params: lsp.DidOpenTextDocumentParams) -> None:
        if (place := changed(params.text_document.uri)) is not None:
            state.publisher.forget(place)

    @ls.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: LanguageServer, params: lsp.DidChangeTextDocumentParams) -> None:
        changed(params.text_document.uri)

    @ls.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: LanguageServer, params: lsp.DidCloseTextDocumentParams) -> None:
        changed(params.text_document.uri)

    @ls.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: LanguageServer, params: lsp.DidSaveTextDocumentParams) -> None:
        if (place := changed(params.text_document.uri)) is not None:
            state.board(place.folder).drop_gone(place.path)
            features.running.saved(place)


def _actions(ls: pygls_compat.HealLanguageServer, features: Features) -> None:
    state = features.state

    @ls.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=list(actions.KINDS)))
    def code_actions(ls: LanguageServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
        place = state.folders.place(params.text_document.uri)
        if place is None:
            return []
        disabled = ""
        if state.client.can("text_document.code_action.disabled_support"):
            disabled = (
                "tests are running" if features.running.busy(place.folder) else state.no_run(place.folder)
            )
        found = actions.actions(
            place.path,
            params.text_document.uri,
            params.range,
            params.context,
            state.board(place.folder),
            state.painter(place.folder),
            disabled=disabled,
        )
        if state.client.can("text_document.code_action.code_action_literal_support"):
            return list(found)
        return [each.command for each in found if each.command is not None]


def _commands(ls: pygls_compat.HealLanguageServer, features: Features) -> None:
    async def explain(values: Sequence[Any], token: lsp.ProgressToken | None) -> Any:
        return features.explaining.explain(read("heal.explain", values, FailureArgs))

    async def ignore(values: Sequence[Any], token: lsp.ProgressToken | None) -> Any:
        return features.explaining.ignore(read("heal.ignoreFailure", values, FailureArgs))

    table: dict[str, Command] = {
        "heal.healFunction": lambda values, token: features.healing.heal(
            read("heal.healFunction", values, HealArgs), token
        ),
        "heal.runTests": lambda values, token: features.running.tests(
            read("heal.runTests", values, TestArgs), token
        ),
        "heal.runFile": lambda values, token: features.running.script(
            read("heal.runFile", values, FileArgs), token
        ),
        "heal.fromTraceback": lambda values, token: features.reports.traceback(
            read("heal.fromTraceback", values, TracebackArgs)
        ),
        "heal.explain": explain,
        "heal.ignoreFailure": ignore,
    }
    for name, run in table.items():
        _command(ls, features, name, run)

    @ls.command("heal.cancel")
    def cancel(ls: LanguageServer, *values: Any) -> dict[str, Any]:
        jobs = features.state.jobs
        return {"outcome": "cancelled", "jobs": sum(map(jobs.cancel, ("heal.", "save", "again")))}


def _command(ls: pygls_compat.HealLanguageServer, features: Features, name: str, run: Command) -> None:
    """Register a command as a job of its own: cancelling the request, the progress or all jobs ends it."""

    state = features.state
    jobs, configuration, client = state.jobs, state.configuration, state.client

    @ls.command(name)
    async def handle(ls: LanguageServer, *values: Any) -> Any:
        async def work() -> Any:
            await configuration.ready()
            return await run(values, token)

        token = pygls_compat.work_done_token()
        job = jobs.start(work(), name, awaited=True)
        jobs.waits(asyncio.current_task())
        pygls_compat.on_cancel(ls, job.cancel)
        drawn = token is not None or client.can("window.work_done_progress")
        try:
            await asyncio.wait({job}, timeout=None if drawn else PATIENCE_SECONDS)
            return job.result() if job.done() else {"outcome": "running", "applied": False}
        except asyncio.CancelledError:
            if not job.done():  # this task itself was cancelled: the loop is closing
                job.cancel()
                raise
            return {"outcome": "cancelled", "applied": False}


async def _settle(features: Features) -> None:
    """What can wait until the client has its answer: settings, registrations, reports, and the engine's
    start.
    """
    state = features.state
    await state.configuration.refresh()
    for folder in state.folders.all():
        features.reports.watch(folder)
    await state.configuration.register()
    if state.client.can("workspace.did_change_watched_files.dynamic_registration"):
        globs = ("**/*.py", *(f"**/{each}" for each in CONFIG_FILES))
        watchers = [lsp.FileSystemWatcher(glob_pattern=each) for each in globs]
        await state.client.register(
            lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            lsp.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
        )
    if any(state.trust.has(each) for each in state.folders.all()):
        await state.engines.warm()
    for folder in state.folders.all():
        settings = state.configuration.settings(folder)
        if state.trust.has(folder) and settings.on_save != "off":
            await state.engines.prepare(folder, settings)


def _roots(params: lsp.InitializeParams) -> list[str]:
    if params.workspace_folders:
        return [each.uri for each in params.workspace_folders]
    if params.root_uri:
        return [params.root_uri]
    return [Path(params.root_path).as_uri()] if params.root_path else []
