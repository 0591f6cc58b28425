"""An editor for tests: it holds buffers and behaves at edits as one of the real clients does."""

from __future__ import annotations

import asyncio
import copy
import functools
import re
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Union

from lsprotocol import types as lsp
from pygls.io_ import run_async
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
CLIENTS = {"visual-studio-code": "Visual Studio Code", "neovim": "Neovim", "emacs": "Emacs"}


@functools.lru_cache(maxsize=1)
def converter() -> Any:
    """lsprotocol 2025.0.0 decodes an action that has a command as a bare command."""
    made = default_converter()
    made.register_structure_hook(
        Union[lsp.Command, lsp.CodeAction],  # noqa: UP007 - the key of lsprotocol's own hook
        lambda data, _: made.structure(
            data, lsp.Command if isinstance(data.get("command"), str) else lsp.CodeAction
        ),
    )
    return made


@functools.cache
def _announced(name: str) -> lsp.ClientCapabilities:
    return client_capabilities(name)


def capabilities(name: str, encodings: list[str] | None = None) -> lsp.ClientCapabilities:
    """What a client announces, with position encodings of the test's choice."""
    found = copy.deepcopy(_announced(name))
    if encodings is not None:
        found.general = lsp.GeneralClientCapabilities(position_encodings=list(encodings))
    return found


class Editor:
    """One session with the server.

    ``taking`` is how it treats an edit: ``strict`` (VS Code: refuses one for another version), ``skip``
    (Neovim: leaves a newer buffer alone and still says yes), ``error`` (eglot: answers a stale one with an
    error), ``late`` (eglot: tells of the change only when its own request is answered), ``silent`` (ALE:
    applies it and never answers), ``never`` (does nothing and never answers), ``claim`` (does nothing and says
    yes), ``refuse``.
    """

    def __init__(
        self,
        name: str = "visual-studio-code",
        taking: str = "strict",
        encodings: list[str] | None = None,
        calls_itself: str = "",
        without: Sequence[str] = (),
    ) -> None:
        self.calls_itself = calls_itself or CLIENTS[name]
        self.taking = taking
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.edits: list[lsp.ApplyWorkspaceEditParams] = []
        self.before_edit: Callable[[], None] = lambda: None
        """Called when an edit arrives, before it is treated: the place for a person who types at that moment.
        """
        self.answers: list[str | None] = []
        """The buttons that the person presses, in the order of the questions; none left: no answer."""
        self.questions: list[str] = []
        self.capabilities = capabilities(name, encodings)
        self.encoding = "utf-16"
        self.client = LanguageClient(converter_factory=converter, configuration={"": {"heal": {}}})
        register_lsp_features(self.client)
        self._asks = True
        self._without(without)
        self._answer()
        self.registered: list[str] = []
        self._leaving = asyncio.Event()
        self._pressed = asyncio.Event()
        self.base_version = 1
        self._tasks: list[asyncio.Task[Any]] = []
        self._held: dict[str, str] = {}

    def _without(self, what: Sequence[str]) -> None:
        """Take capabilities away."""
        for each in what:
            if each == "window":
                self.capabilities.window = None
            elif each == "configuration":
                self.capabilities.workspace.configuration = None
            elif each == "literals":
                self.capabilities.text_document.code_action.code_action_literal_support = None
            elif each == "question handler":
                self._asks = False
            elif each == "progress handler":
                del self.client.protocol.fm.features[lsp.WINDOW_WORK_DONE_PROGRESS_CREATE]
            else:
                raise ValueError(each)

    # session

    async def join(self, converse: Callable[[Any, Any], Any]) -> asyncio.Task[Any]:
        """Connect to a server in this process."""
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=here)
        self.client.protocol.set_writer(writer)
        self._tasks.append(
            asyncio.ensure_future(
                run_async(stop_event=threading.Event(), reader=reader, protocol=self.client.protocol)
            )
        )
        server = asyncio.ensure_future(converse(*await asyncio.open_connection(sock=there)))
        self._tasks.append(server)
        return server

    async def start(self, *folders: Path | str, options: Any = None) -> lsp.InitializeResult:
        """Introduce the editor to the server."""
        uris = [each if isinstance(each, str) else each.as_uri() for each in folders]
        self.result = result = await self.client.initialize_session(
            lsp.InitializeParams(
                capabilities=self.capabilities,
                client_info=lsp.ClientInfo(self.calls_itself, "1"),
                root_uri=uris[0] if uris else None,
                workspace_folders=[lsp.WorkspaceFolder(each, "folder") for each in uris],
                initialization_options={"trusted": True} if options is None else options,
            )
        )
        self.encoding = str(
            getattr(result.capabilities.position_encoding, "value", result.capabilities.position_encoding)
        )
        return result

    async def stop(self) -> None:
        """Shut the server down and leave."""
        self._leaving.set()
        self.answers.append(None)
        self._pressed.set()
        await self.client.shutdown_async(None)
        self.client.exit(None)

    def drop(self) -> None:
        """Break the connection."""
        for each in self._tasks:
            each.cancel()

    # buffers

    def open(self, path: Path | str, text: str | None = None) -> str:
        """Open a file; returns its URI."""
        uri = path if isinstance(path, str) else path.as_uri()
        if text is None:
            assert isinstance(path, Path)
            text = path.read_bytes().decode("utf-8")
        self.texts[uri], self.versions[uri] = text, self.base_version
        item = lsp.TextDocumentItem(
            uri=uri, language_id=lsp.LanguageKind.Python, version=self.base_version, text=text
        )
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return uri

    def type(self, uri: str, text: str) -> None:
        """Replace a buffer's text."""
        self.texts[uri] = text
        self.versions[uri] += 1
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version=self.versions[uri], uri=uri),
                [lsp.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def save(self, uri: str, path: Path) -> None:
        """Write a buffer to its file."""
        path.write_bytes(self.texts[uri].encode("utf-8"))
        self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        """Close a buffer."""
        del self.texts[uri], self.versions[uri]
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    # what the person does and sees

    async def run(self, command: str, *arguments: Any, token: str | None = None) -> Any:
        """Execute a command."""
        if token is not None:
            self.client.progress_reports[token] = []
        result = await self.client.workspace_execute_command_async(
            lsp.ExecuteCommandParams(command=command, arguments=list(arguments), work_done_token=token)
        )
        while self._held:
            self.type(*self._held.popitem())
        return result

    async def actions(
        self, uri: str, line: int, diagnostics: Iterable[lsp.Diagnostic] = (), only: list[str] | None = None
    ) -> list[Any]:
        """The code actions at a line (0-based)."""
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
        context = lsp.CodeActionContext(list(diagnostics), only=only)
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), place, context)
        return list(await self.client.text_document_code_action_async(params) or [])

    async def pick(self, uri: str, line: int, title: str = "Heal function", token: str | None = None) -> Any:
        """Pick the action whose title starts so."""
        found = await self.actions(uri, line, self.shown(uri))
        [action] = [each for each in found if each.title.startswith(title)]
        return await self.run(action.command.command, *action.command.arguments, token=token)

    def shown(self, uri: str) -> list[lsp.Diagnostic]:
        """The diagnostics of a file."""
        return list(self.client.diagnostics.get(uri, []))

    def server_jobs(self, name: str) -> list[Any]:
        """What is going on in a server of this process."""
        return [each for each in asyncio.all_tasks() if each.get_name().startswith(name)]

    @property
    def messages(self) -> list[str]:
        """What was shown to the person."""
        return [each.message for each in self.client.messages]

    @property
    def log(self) -> list[str]:
        """What was logged."""
        return [each.message for each in self.client.log_messages]

    def press(self, answer: str) -> None:
        """Press a button of the question that is open."""
        self.answers.append(answer)
        self._pressed.set()

    def slice(self, uri: str, place: lsp.Range) -> str:
        """The text at a range."""
        text = self.texts[uri]
        return text[self._offset(text, place.start) : self._offset(text, place.end)]

    async def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        """Wait for something to become true."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            assert loop.time() < deadline, f"it did not come; messages: {self.messages}; log: {self.log[-5:]}"
            await asyncio.sleep(0.01)

    # answers to the server

    def _answer(self) -> None:
        """pygls marks the functions that it registers, which bound methods do not let it do."""

        @self.client.feature(lsp.WORKSPACE_APPLY_EDIT)
        async def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
            return await self._apply(params)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)
        async def question(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
            return await self._question(params)

        @self.client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
        def register(params: lsp.RegistrationParams) -> None:
            self.registered += [each.method for each in params.registrations]

    async def _apply(self, params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        self.edits.append(params)
        self.before_edit()
        if self.taking == "never":
            await self._leaving.wait()
        if self.taking == "refuse":
            return lsp.ApplyWorkspaceEditResult(applied=False, failure_reason="no")
        if self.taking == "claim":
            return lsp.ApplyWorkspaceEditResult(applied=True)
        for uri, version, edits in self._parts(params.edit):
            stale = version is not None and version != self.versions.get(uri)
            if stale and self.taking == "strict":
                return lsp.ApplyWorkspaceEditResult(applied=False)
            if stale and self.taking == "skip":
                return lsp.ApplyWorkspaceEditResult(applied=True)
            if stale and self.taking == "error":
                raise RuntimeError("buffer is at another version")
            if uri in self.texts and self.taking == "late":
                self._held[uri] = self._edited(self.texts[uri], edits)
            elif uri in self.texts:
                self.type(uri, self._edited(self.texts[uri], edits))
        if self.taking == "silent":
            await self._leaving.wait()
        return lsp.ApplyWorkspaceEditResult(applied=True)

    def _parts(self, edit: lsp.WorkspaceEdit) -> list[tuple[str, int | None, list[Any]]]:
        if edit.document_changes is not None:
            return [
                (each.text_document.uri, each.text_document.version, list(each.edits))
                for each in edit.document_changes
            ]
        return [(uri, None, list(edits)) for uri, edits in (edit.changes or {}).items()]

    def _edited(self, text: str, edits: list[Any]) -> str:
        ordered = sorted(
            edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True
        )
        for each in ordered:
            start, end = self._offset(text, each.range.start), self._offset(text, each.range.end)
            text = text[:start] + each.new_text + text[end:]
        return text

    def _offset(self, text: str, position: lsp.Position) -> int:
        lines = LINE.findall(text)
        before = sum(len(each) for each in lines[: position.line])
        if position.line >= len(lines):
            return before
        line = lines[position.line].rstrip("\r\n")
        unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]
        coded = line.encode(self.encoding if unit == 1 else f"{self.encoding}-le")
        return before + len(
            coded[: position.character * unit].decode(self.encoding if unit == 1 else f"{self.encoding}-le")
        )

    async def _question(self, params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
        if not self._asks:
            raise RuntimeError("there is nobody to ask")
        self.questions.append(params.message)
        while not self.answers:
            self._pressed.clear()
            await self._pressed.wait()
        answer = self.answers.pop(0)
        return lsp.MessageActionItem(title=answer) if answer is not None else None
