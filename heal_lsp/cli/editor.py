"""An editor without a screen: it starts the real language server, holds buffers, and applies the edits it is sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

from cattrs import Converter
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from heal_lsp import __version__, places
from heal_lsp.engine.wire import handler


class EditorError(Exception):
    """The server did not do what an editor needs of it; the message says what."""


class Editor:
    """One LSP session with one workspace folder."""

    def __init__(
        self,
        root: Path,
        settings: dict[str, Any] | None = None,
        on_progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.root = root
        self.texts: dict[str, str] = {}
        """Text of each open buffer, by URI."""
        self.diagnostics: dict[str, list[lsp.Diagnostic]] = {}
        self.messages: list[str] = []
        self.labels: list[str] = []
        """Labels of the edits that were applied."""
        self._settings = settings or {}
        self._on_progress = on_progress
        self._versions: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._client = LanguageClient("heal-lsp-editor", __version__, converter_factory=_converter)
        self._register()

    async def start(self) -> None:
        """Start the server and introduce this editor to it."""
        await self._client.start_io(sys.executable, "-m", "heal_lsp", "serve", cwd=places.start_folder())
        uri = self.root.as_uri()
        await self._client.initialize_async(
            lsp.InitializeParams(
                capabilities=_capabilities(),
                root_uri=uri,
                workspace_folders=[lsp.WorkspaceFolder(uri, self.root.name)],
                initialization_options={"heal": {"trusted": True, **self._settings}},
            )
        )
        self._client.initialized(lsp.InitializedParams())

    async def stop(self) -> None:
        """End the session as an editor does, and the server with it."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()  # type: ignore[no-untyped-call]

    @property
    def server_pid(self) -> int:
        """Process id of the server."""
        server = self._client._server
        assert server is not None
        return server.pid

    def abandon(self) -> None:
        """Forget a server that is gone already."""
        for task in self._client._async_tasks:
            task.cancel()

    def open(self, path: str) -> str:
        """Open a file of the workspace; returns its URI."""
        file = self.root / path
        uri = file.as_uri()
        self.texts[uri] = file.read_bytes().decode("utf-8")
        self._versions[uri] = 1
        document = lsp.TextDocumentItem(uri, lsp.LanguageKind.Python, 1, self.texts[uri])
        self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        return uri

    def type(self, uri: str, text: str) -> None:
        """Replace the text of an open buffer."""
        self.texts[uri] = text
        self._versions[uri] += 1
        self._client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version=self._versions[uri], uri=uri),
                [lsp.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def save(self, uri: str) -> None:
        """Write a buffer to its file and tell the server."""
        path = next(each for each in (self.root / name for name in _below(self.root, uri)))
        path.write_bytes(self.texts[uri].encode("utf-8"))
        self._client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    async def run(self, command: str, *arguments: Any) -> Any:
        """Execute a command of the server and wait for its answer."""
        return await self._client.workspace_execute_command_async(
            lsp.ExecuteCommandParams(command, list(arguments))
        )

    async def heal(self, uri: str, line: int) -> Any:
        """Pick "Heal function" on a line (0-based) and wait for the answer of its command.

        Raises:
            EditorError: there is no such action there.
        """
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
        near = [each for each in self.diagnostics.get(uri, []) if each.range.start.line == line]
        actions = await self._client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), place, lsp.CodeActionContext(near))
        )
        for action in actions or []:
            if isinstance(action, lsp.CodeAction) and action.command and action.kind == "quickfix.heal":
                return await self.run(action.command.command, *(action.command.arguments or []))
        raise EditorError(f"the server offers no way to heal line {line + 1} of {uri}")

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something that the server tells makes ``condition`` true.

        Raises:
            EditorError: it did not within ``seconds``.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            self._changed.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                said = f" The server said: {' '.join(self.messages[-2:])}" if self.messages else ""
                raise EditorError(f"{what} did not come within {seconds:.0f} s.{said}")
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except asyncio.TimeoutError:
                continue

    def _register(self) -> None:
        handlers: dict[str, Callable[[Any], Any]] = {
            lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: self._published,
            lsp.WORKSPACE_APPLY_EDIT: self._apply,
            lsp.PROGRESS: self._progress,
            lsp.WINDOW_SHOW_MESSAGE: self._message,
            lsp.WINDOW_LOG_MESSAGE: lambda params: None,
            lsp.WINDOW_SHOW_MESSAGE_REQUEST: self._message,
            lsp.WINDOW_WORK_DONE_PROGRESS_CREATE: lambda params: None,
            lsp.CLIENT_REGISTER_CAPABILITY: lambda params: None,
            lsp.WORKSPACE_CONFIGURATION: lambda params: [self._settings for _ in params.items],
        }
        for method, handle in handlers.items():
            self._client.feature(method)(handler(handle))

    def _published(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.diagnostics[params.uri] = list(params.diagnostics)
        self._changed.set()

    def _progress(self, params: lsp.ProgressParams) -> None:
        value = params.value
        text = value.get("message") if isinstance(value, dict) else getattr(value, "message", None)
        if text:
            self._on_progress(text)

    def _message(self, params: lsp.ShowMessageParams | lsp.ShowMessageRequestParams) -> None:
        self.messages.append(params.message)
        self._changed.set()

    def _apply(self, params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        for change in params.edit.document_changes or []:
            if not isinstance(change, lsp.TextDocumentEdit):
                return lsp.ApplyWorkspaceEditResult(False, "only text edits are supported")
            uri, version = change.text_document.uri, change.text_document.version
            if uri not in self.texts or version != self._versions[uri]:
                return lsp.ApplyWorkspaceEditResult(False, "the buffer is at another version")
            edits = [each for each in change.edits if isinstance(each, lsp.TextEdit)]
            self.type(uri, _edited(self.texts[uri], edits))
        self.labels.append(params.label or "")
        self._changed.set()
        return lsp.ApplyWorkspaceEditResult(True)


def _below(root: Path, uri: str) -> list[str]:
    return [uri.removeprefix(root.as_uri()).lstrip("/")]


def _edited(text: str, edits: list[lsp.TextEdit]) -> str:
    """Apply edits whose characters count UTF-32 units, which is what a Python string counts."""
    lines = [*text.splitlines(keepends=True), ""]

    def offset(position: lsp.Position) -> int:
        return sum(len(line) for line in lines[: position.line]) + position.character

    for edit in sorted(
        edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True
    ):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def _capabilities() -> lsp.ClientCapabilities:
    return lsp.ClientCapabilities(
        general=lsp.GeneralClientCapabilities(position_encodings=[lsp.PositionEncodingKind.Utf32]),
        window=lsp.WindowClientCapabilities(work_done_progress=True),
        workspace=lsp.WorkspaceClientCapabilities(
            apply_edit=True,
            configuration=True,
            workspace_folders=True,
            workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True),
        ),
        text_document=lsp.TextDocumentClientCapabilities(
            publish_diagnostics=lsp.PublishDiagnosticsClientCapabilities(
                related_information=True, data_support=True
            ),
            code_action=lsp.CodeActionClientCapabilities(
                code_action_literal_support=lsp.ClientCodeActionLiteralOptions(
                    lsp.ClientCodeActionKindOptions([lsp.CodeActionKind.QuickFix])
                )
            ),
        ),
    )


def _converter() -> Converter:
    """lsprotocol decodes an action that has a command as a bare command; tell them apart by the command's type."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(
        Union[lsp.Command, lsp.CodeAction],  # noqa: UP007 - the key under which lsprotocol registers its own hook
        lambda data, _: converter.structure(
            data, lsp.Command if isinstance(data.get("command"), str) else lsp.CodeAction
        ),
    )
    return converter
