"""Reading messages."""

from __future__ import annotations

import json
from typing import Any

END = b"\r\n\r\n"


class BadFrame(ValueError):
    """Bytes that are no message."""


class Decoder:
    """Takes bytes as they arrive, in pieces of any size, and gives the messages in them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """The messages that are complete with these bytes.

        Raises:
            BadFrame: a header is missing or wrong, or a body is no JSON.
        """
        self._buffer += data
        found = []
        while END in self._buffer:
            head, _, rest = bytes(self._buffer).partition(END)
            length = self._length(head)
            if len(rest) < length:
                break
            self._buffer = bytearray(rest[length:])
            try:
                found.append(json.loads(rest[:length]))
            except ValueError as error:
                raise BadFrame(f"no JSON: {error}") from error
        return found

    @staticmethod
    def _length(head: bytes) -> int:
        for line in head.decode("ascii", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "length" and value.strip().isdigit():
                return int(value)
        raise BadFrame("a message without a length")
