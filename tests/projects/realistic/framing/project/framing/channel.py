"""A channel over a binary file, such as a pipe's end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from framing.decoder import Decoder
from framing.encoder import encode


class Channel:
    """Sends to one file and reads from another."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, chunk: int = 16) -> None:
        self._source = source
        self._sink = sink
        self._chunk = chunk
        self.sent = 0

    def send(self, message: Any) -> None:
        self._sink.write(encode(message))
        self.sent += 1

    def messages(self) -> Iterator[Any]:
        """Messages until the source ends."""
        decoder = Decoder()
        while data := self._source.read(self._chunk):
            yield from decoder.feed(data)
