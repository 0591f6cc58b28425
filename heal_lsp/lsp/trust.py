"""Whose code may run. Nothing of a folder runs before the person trusted it."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heal_lsp.lsp.client import CannotAsk, Client
from heal_lsp.lsp.folders import Folder
from heal_lsp.store.trust import is_trusted, trust

logger = logging.getLogger(__name__)

YES = "Trust and run tests"
NO = "Not now"


class Trust:
    """The person's trust in the open folders.

    ``file`` is the list of folders that the person trusted in an earlier session.
    """

    def __init__(self, client: Client, file: Path) -> None:
        self._client = client
        self._file = file
        self._vouched = False
        self._granted: set[str] = set()
        self._asked: set[str] = set()
        self._asking: dict[str, asyncio.Future[bool]] = {}

    def initialize(self, options: Any) -> None:
        """Read ``trusted`` from the initialization options: a client with a workspace trust of its own
        vouches so.

        It is not read from the configuration, into which editors merge what a repository's own files say.
        """
        inner = options.get("heal") if isinstance(options, Mapping) else None
        for each in (options, inner):
            if isinstance(each, Mapping) and each.get("trusted") is True:
                self._vouched = True

    def has(self, folder: Folder) -> bool:
        """Whether the folder is trusted now."""
        return self._vouched or folder.real in self._granted or is_trusted(folder.real, self._file)

    async def obtain(self, folder: Folder, *, insist: bool) -> bool:
        """Whether the folder is trusted, asking the person if it is not.

        Without ``insist`` (nobody asked for this run) the question is put once for each folder and not again.
        """
        if self.has(folder):
            return True
        if folder.path in self._asking:
            return await asyncio.shield(self._asking[folder.path])
        if folder.path in self._asked and not insist:
            return False
        self._asked.add(folder.path)
        if not self._client.can_ask:
            self._name_command(folder)
            return False
        question = asyncio.ensure_future(self._ask(folder))
        self._asking[folder.path] = question
        question.add_done_callback(lambda _: self._asking.pop(folder.path, None))
        return await asyncio.shield(question)

    async def _ask(self, folder: Folder) -> bool:
        question = f"Do you trust the code in {folder.path}? heal-lsp will run its tests, in a sandbox."
        try:
            answer = await self._client.ask(question, (YES, NO))
        except CannotAsk:
            self._name_command(folder)
            return False
        if answer != YES:
            return False
        self._granted.add(folder.real)
        try:
            trust(folder.real, self._file)
        except OSError as error:
            logger.warning("the trust in %s cannot be remembered: %s", folder.real, error)
        return True

    def _name_command(self, folder: Folder) -> None:
        self._client.show(
            f"heal-lsp runs nothing in {folder.path} until you trust it: "
            f"run `heal-lsp trust {shlex.quote(folder.path)}` in a terminal, then try again."
        )
