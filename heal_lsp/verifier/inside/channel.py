"""JSON lines over private descriptors, between the processes of the sandbox.

Standard library only, Python 3.9 up.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

MAX_LINE = 64 << 20


class Closed(Exception):
    """The other side is gone."""


class Sender:
    """Writes records to a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def send(self, record: dict[str, Any]) -> None:
        self.send_line(json.dumps(record).encode())

    def send_line(self, line: bytes) -> None:
        """Write one line, whole.

        Raises:
            Closed: nobody reads any more.
        """
        data = memoryview(line + b"\n")
        try:
            while data:
                data = data[os.write(self.descriptor, data) :]
        except (BrokenPipeError, OSError) as error:
            raise Closed from error


class Receiver:
    """Reads records from a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._parts: list[bytes] = []
        self._lines: list[bytes] = []
        self._size = 0

    def line(self, timeout: float | None = None) -> bytes | None:
        """The next line without its end; None when ``timeout`` seconds passed.

        Raises:
            Closed: the other side closed its end, or sent a line that is far too long.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not self._lines:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([self.descriptor], [], [], left)[0]:
                return None
            self._fill()
        return self._lines.pop(0)

    def record(self) -> dict[str, Any]:
        """The next record, waiting for it.

        Raises:
            Closed: the other side closed its end.
        """
        line = self.line()
        assert line is not None
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def waiting(self) -> bool:
        """Whether a line is there already."""
        return bool(self._lines)

    def _fill(self) -> None:
        try:
            data = os.read(self.descriptor, 1 << 18)
        except OSError as error:
            raise Closed from error
        self._size += len(data)
        if not data or self._size > MAX_LINE:
            raise Closed
        *whole, rest = data.split(b"\n")
        if whole:
            self._lines.append(b"".join([*self._parts, whole[0]]))
            self._lines.extend(whole[1:])
            self._parts, self._size = [], len(rest)
        self._parts.append(rest)
