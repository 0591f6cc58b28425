"""Documents in memory that take their time, as a server would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any


class Shelf:
    """``fetch`` gives a document after some turns of the event loop."""

    def __init__(self, documents: Mapping[str, Any], turns: int = 3) -> None:
        self._documents = documents
        self._turns = turns
        self.at_once = 0
        self._now = 0

    async def fetch(self, name: str) -> Any:
        """A document.

        Raises:
            KeyError: there is none of that name.
        """
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        try:
            for _ in range(self._turns):
                await asyncio.sleep(0)
            return self._documents[name]
        finally:
            self._now -= 1
