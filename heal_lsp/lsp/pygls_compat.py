"""The one module that reaches into pygls: each function or override states what pygls does and what is done
about it.

Written for pygls 2.1; ``tests/lsp/test_pygls_compat.py`` has a test for each.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Protocol

from cattrs import Converter
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter
from pygls.protocol.language_server import lsp_method
from pygls.workspace import PositionCodec, TextDocument, Workspace

from heal_lsp.lsp.positions import Lines, split_lines

logger = logging.getLogger(__name__)
_TOKEN: ContextVar[lsp.ProgressToken | None] = ContextVar("work_done_token", default=None)


class Refusal(JsonRpcException):
    """The answer to a request that cannot be served as it was asked: one sentence for a person."""

    CODE = lsp.ErrorCodes.InvalidParams
    MESSAGE = "Invalid parameters"


class Wire(Protocol):
    """Where messages go out."""

    def write(self, data: bytes) -> Any:
        """Send some bytes."""

    def close(self) -> Any:
        """Send no more."""


class QuietWriter:
    """A writer that falls silent when the editor is gone.

    pygls logs a traceback and raises from wherever a message was sent, also from callbacks that nobody can
    guard.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire: Wire | None = wire

    def write(self, data: bytes) -> None:
        """Send some bytes, if there is still somebody to read them."""
        if self._wire is not None:
            try:
                self._wire.write(data)
            except (OSError, ValueError):
                self._wire = None

    def close(self) -> None:
        """Send no more."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with contextlib.suppress(OSError, ValueError):
                wire.close()


class HealProtocol(LanguageServerProtocol):
    """pygls's protocol with its rough edges taken off."""

    @lsp_method(lsp.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: lsp.ExecuteCommandParams) -> Generator[Any, Any, Any]:
        """Keep the client's progress token, which pygls does not hand to a command's function."""
        _TOKEN.set(params.work_done_token)
        return (yield from super().lsp_workspace__execute_command(params))

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """pygls walks through its table of requests while cancelling them, which changes the table."""
        current = self.msg_id
        if (handler := self.fm.features.get(lsp.SHUTDOWN)) is not None:
            yield handler, args, None
        for name, future in list(self._request_futures.items()):
            if name != current and not future.done():
                future.cancel()
        self._shutdown = True

    def _check_handler_result(self, future: Future[Any]) -> None:
        self._forget(future)
        super()._check_handler_result(future)

    def _run_generator(
        self, future: Future[Any] | None, *, gen: Generator[Any, Any, Any], result_future: Future[Any]
    ) -> None:
        if future is not None:
            self._forget(future)
            if future.cancelled():  # its result would raise CancelledError, which pygls does not catch
                gen.close()
                result_future.cancel()
                return
        super()._run_generator(future, gen=gen, result_future=result_future)

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """pygls logs a traceback for every error answer; a refusal is no accident."""
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Refusal):
            self._request_futures.pop(msg_id, None)
            self._send_response(msg_id, error=error.to_response_error())
        else:
            super()._send_handler_result(future, msg_id=msg_id)

    def _handle_response(
        self, msg_id: int | str, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        """pygls raises over an answer that comes after we stopped waiting for it."""
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            del self._request_futures[msg_id]
        else:
            super()._handle_response(msg_id, result, error)

    def _forget(self, future: Future[Any]) -> None:
        """pygls keeps the future of every notification for ever, one for each keystroke."""
        for name in [key for key, each in self._request_futures.items() if each is future]:
            del self._request_futures[name]


class HealLanguageServer(LanguageServer):
    """A server whose own errors go to its log: the person can do nothing about them in a pop-up."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(
            name, version, protocol_cls=HealProtocol, converter_factory=_converter, max_workers=2
        )
        self.on_close: Callable[[], Awaitable[None]] = _nothing
        """Ends everything that the server started; may be awaited twice."""

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error that has no request to answer."""
        logger.error("%s: %s", getattr(source, "__name__", source), error)


@lru_cache(maxsize=1)
def _converter() -> Converter:
    """lsprotocol's converter generates its code as it meets the types, which servers of one process share."""
    made: Converter = default_converter()  # type: ignore[no-untyped-call]
    return made


async def _nothing() -> None:
    """Nothing was started."""


class _Document(TextDocument):
    """An open document.

    pygls breaks lines where LSP does not, and clips an end beyond the last line one too early.
    """

    @property
    def lines(self) -> tuple[str, ...]:
        return split_lines(self.source)

    def _apply_incremental_change(self, change: lsp.TextDocumentContentChangePartial) -> None:
        text = self.source
        lines = Lines(text, self.position_codec)
        start, end = lines.character(change.range.start), lines.character(change.range.end)
        self._source = text[:start] + change.text + text[max(start, end) :]


class _Workspace(Workspace):
    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> TextDocument:
        return _Document(
            doc_uri,
            source,
            version,
            language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


def use_own_documents(ls: LanguageServer) -> None:
    """Make every document that is opened from now on one of ours. Call it while `initialize` is handled."""
    theirs = ls.workspace
    ls.protocol._workspace = _Workspace(
        theirs.root_uri, theirs._sync_kind, list(theirs.folders.values()), theirs.position_encoding
    )


def work_done_token() -> lsp.ProgressToken | None:
    """The progress token that the client sent with the command that is being handled."""
    return _TOKEN.get()


def on_cancel(ls: LanguageServer, callback: Callable[[], Any]) -> None:
    """Call back when the client cancels the request that is being handled; pygls only answers that it is
    cancelled.
    """
    protocol = ls.protocol
    future = protocol._request_futures.get(protocol.msg_id) if protocol.msg_id is not None else None
    if future is not None:
        future.add_done_callback(lambda done: callback() if done.cancelled() else None)


def on_progress_cancel(ls: LanguageServer, token: lsp.ProgressToken, callback: Callable[[], Any]) -> None:
    """Call back when the person presses the progress display's cancel button; pygls only marks a bare
    future.
    """
    future = ls.work_done_progress.tokens.setdefault(token, Future())
    future.add_done_callback(lambda done: callback() if done.cancelled() else None)


def forget_token(ls: LanguageServer, token: lsp.ProgressToken) -> None:
    """Drop a progress token that has ended; pygls keeps it for ever."""
    ls.work_done_progress.tokens.pop(token, None)


def codec(ls: LanguageServer) -> PositionCodec:
    """The position encoding that was agreed with the client."""
    return ls.workspace.position_codec


async def converse(ls: LanguageServer, reader: Any, wire: Wire) -> bool:
    """Talk to one client until it exits or goes away. True when it asked for a shutdown first, as it should.

    pygls's own ``start_io`` ends with exit code 0 whatever happened, and leaves no place to clean up.
    """
    ls.protocol.set_writer(QuietWriter(wire))
    # the client leaves in the midst of a message, or exits, for which pygls raises SystemExit
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, SystemExit):
        await run_async(
            stop_event=threading.Event(),
            reader=reader,
            protocol=ls.protocol,
            logger=logging.getLogger("pygls.server"),
            error_handler=ls.report_server_error,
        )
    return ls.protocol._shutdown
