"""Documents that refer to each other."""

from __future__ import annotations

import asyncio

from loader import Loader


class Library:
    """Documents are mappings with a ``text`` and perhaps ``links`` to others by name."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    async def text(self, name: str) -> str:
        return str((await self._loader.get(name))["text"])

    async def reachable(self, name: str) -> set[str]:
        """The names of all documents that one can get to from one, itself included."""
        seen = {name}
        waiting = [name]
        while waiting:
            documents = await asyncio.gather(*(self._loader.get(each) for each in waiting))
            links = {link for document in documents for link in document.get("links", ())}
            waiting = sorted(links - seen)
            seen |= links
        return seen
