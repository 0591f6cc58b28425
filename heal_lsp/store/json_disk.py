"""How diskcache may write and read: text, inside the database, and nothing else.

diskcache pickles what it does not know and unpickles whatever a row says is a pickle, which runs code that
somebody put there (CVE-2025-69872). Rows may also name files to read or to delete.
"""

from __future__ import annotations

from typing import Any

from diskcache import UNKNOWN, Disk
from diskcache.core import MODE_RAW


class ForeignRow(ValueError):
    """A row that this program did not write."""


class TextDisk(Disk):  # type: ignore[misc]
    """Keys and values are text, kept in the database itself; anything else is refused both ways."""

    def put(self, key: Any) -> tuple[str, bool]:
        return _text(key), True

    def get(self, key: Any, raw: Any) -> str:
        if not raw:
            raise ForeignRow("a key that is no text")
        return _text(key)

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, None, str]:
        if read:
            raise ForeignRow("a value from a file")
        return 0, MODE_RAW, None, _text(value)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> str:
        if mode != MODE_RAW or filename is not None or read:
            raise ForeignRow("a value that is no text")
        return _text(value)

    def remove(self, file_path: Any) -> None:
        """Values have no files of their own, so a row that names one names somebody else's."""


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ForeignRow(f"{type(value).__name__} instead of text")
    return value
