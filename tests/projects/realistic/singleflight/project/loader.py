"""Loading documents from somewhere slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Fetch = Callable[[str], Awaitable[Any]]


class Loader:
    """Fetches each document once and keeps it. Callers that ask for the same document at the same
    time share one fetch; a fetch that failed is tried again when somebody asks the next time."""

    def __init__(self, fetch: Fetch, most: int = 4) -> None:
        self._fetch = fetch
        self._kept: dict[str, Any] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._most = most
        self._running = 0
        self.fetches = 0

    async def get(self, name: str) -> Any:
        """A document, kept or fetched."""
        if name in self._kept:
            return self._kept[name]
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            document = await self._load(name)
            self._kept[name] = document
            return document

    async def get_all(self, names: list[str]) -> dict[str, Any]:
        """Several documents by name."""
        documents = await asyncio.gather(*(self.get(name) for name in names))
        return dict(zip(names, documents))

    def forget(self, name: str) -> None:
        self._kept.pop(name, None)

    async def _load(self, name: str) -> Any:
        while self._running >= self._most:
            await asyncio.sleep(0)
        self._running += 1
        self.fetches += 1
        try:
            return await self._fetch(name)
        finally:
            self._running -= 1
