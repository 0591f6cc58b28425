"""The engine as the features see it: made when it is first needed, told of once when it dies."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, runtime_checkable

from heal_lsp.config import Settings
from heal_lsp.engine.api import Engine, EngineGone
from heal_lsp.engine.messages import Prepare
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.folders import Folder

T = TypeVar("T")


@runtime_checkable
class Startable(Protocol):
    """An engine that can be started before the first request."""

    async def start(self) -> None:
        """Start now."""


class Engines:
    """Holds the one engine of a server."""

    def __init__(self, client: Client, make: Callable[[], Engine]) -> None:
        self._client = client
        self._make = make
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The engine."""
        if self._engine is None:
            self._engine = self._make()
        return self._engine

    async def warm(self) -> None:
        """Start the engine's process, if it has one, so that the first request need not wait for it."""
        engine = self.engine()
        if isinstance(engine, Startable):
            with contextlib.suppress(EngineGone, OSError):
                await engine.start()

    async def prepare(self, folder: Folder, settings: Settings) -> None:
        """Let the engine look at the files of a folder; nobody is told when that fails."""
        with contextlib.suppress(EngineGone, OSError):
            await self.engine().prepare(Prepare(new_job(), folder.real, settings))

    async def ask(self, request: Awaitable[T]) -> T | None:
        """The answer to a request; None, and a message to the person, when the engine died over it."""
        try:
            return await request
        except EngineGone as error:
            self._client.warn(
                f"heal-lsp's engine stopped: {str(error).rstrip('.')}. Try again; it is started anew."
            )
            return None

    async def close(self) -> None:
        """End the engine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def new_job() -> str:
    """A name for a job of the engine."""
    return uuid.uuid4().hex
