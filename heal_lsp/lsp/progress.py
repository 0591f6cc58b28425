"""Work done progress: one token, one begin, one end, and between them no more than a client likes to draw."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp

from heal_lsp.lsp import pygls_compat
from heal_lsp.lsp.client import Client

logger = logging.getLogger(__name__)

WIDTH = 80
"""Characters of one report at the most."""
PERIOD = 0.13
"""Seconds between two reports at the least: under eight a second."""
CREATE_SECONDS = 2.0


def fitted(text: str) -> str:
    """A text as one line that fits."""
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


class Progress:
    """The progress of one job. Where a client shows none, the log gets each new phase."""

    def __init__(
        self, client: Client, title: str, cancel: Callable[[], Any], token: lsp.ProgressToken | None = None
    ) -> None:
        self._client = client
        self._title = fitted(title)
        self._cancel = cancel
        self._token = token
        self._drawn = token is not None or client.can("window.work_done_progress")
        self._begun = False
        self._ended = False
        self._pending: str | None = None
        self._phase = ""
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Show that the work began. The client's own token is used when it sent one."""
        if self._drawn and self._token is None:
            self._token = await self._create()
            self._drawn = self._token is not None
        if self._ended:
            return
        if self._token is None:
            self._client.log(self._title)
            return
        ls = self._client.ls
        pygls_compat.on_progress_cancel(ls, self._token, self._cancel)
        ls.work_done_progress.begin(
            self._token, lsp.WorkDoneProgressBegin(title=self._title, cancellable=True)
        )
        self._begun = True

    def report(self, phase: str, text: str) -> None:
        """Say where the work is; of several quick reports the last is shown."""
        if self._ended:
            return
        if not self._drawn:
            if phase != self._phase:
                self._client.log(f"{self._title}: {fitted(text)}")
            self._phase = phase
            return
        self._pending = fitted(text)
        if self._begun and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._last + PERIOD - loop.time()), self._flush)

    def end(self, text: str) -> None:
        """Show that the work ended. May be called twice; the first counts."""
        if self._ended:
            return
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._begun and self._token is not None:
            self._client.ls.work_done_progress.end(self._token, lsp.WorkDoneProgressEnd(message=fitted(text)))
            pygls_compat.forget_token(self._client.ls, self._token)

    def _flush(self) -> None:
        self._timer = None
        text, self._pending = self._pending, None
        if text is not None and not self._ended and self._token is not None:
            self._last = asyncio.get_running_loop().time()
            self._client.ls.work_done_progress.report(self._token, lsp.WorkDoneProgressReport(message=text))

    async def _create(self) -> lsp.ProgressToken | None:
        token = f"heal-{uuid.uuid4().hex}"
        try:
            await asyncio.wait_for(self._client.ls.work_done_progress.create_async(token), CREATE_SECONDS)
        except Exception as error:  # the client refuses or is silent: the work goes on without a display
            logger.info("no progress display: %s", error)
            pygls_compat.forget_token(self._client.ls, token)
            return None
        return token
