"""The cache of fixes."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import stat
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cattrs.preconf.json import make_converter
from diskcache import Cache, Timeout

from heal_lsp.core.model import Fix
from heal_lsp.store.json_disk import ForeignRow, TextDisk

T = TypeVar("T")

FORMAT = 1
"""Version of a stored value. Another one is treated as absent."""
MEMORY_ENTRIES = 1000
LOCK_SECONDS = 5.0

_DATABASE = "cache.db"
_BROKEN = "broken.db"
_log = logging.getLogger(__name__)
_CONVERTER = make_converter(detailed_validation=False)


class MemoryFixStore:
    """Remembers fixes for as long as the process lives; the oldest go first."""

    def __init__(self) -> None:
        self._fixes: OrderedDict[str, Fix] = OrderedDict()

    def get(self, key: str) -> Fix | None:
        """The stored fix, or None."""
        return self._fixes.get(key)

    def put(self, key: str, fix: Fix) -> None:
        """Store a fix; one without evidence is no fix and changes nothing."""
        if fix.evidence.fixed:
            self._fixes[key] = fix
            self._fixes.move_to_end(key)
            if len(self._fixes) > MEMORY_ENTRIES:
                self._fixes.popitem(last=False)

    def evict(self, key: str) -> None:
        """Forget a fix that was seen to fail."""
        self._fixes.pop(key, None)

    def clear(self) -> None:
        """Forget every fix."""
        self._fixes.clear()

    def close(self) -> None:
        """Nothing is held open."""

    def __len__(self) -> int:
        return len(self._fixes)


class DiskFixStore:
    """Remembers fixes in a folder of their own, as JSON text in a database of at most ``size_mb`` MiB.

    What cannot be read is treated as absent, and a broken database is moved aside and begun anew. What cannot
    be written is not remembered, with a warning in the log.

    Raises:
        PermissionError: the folder is a link or belongs to somebody else.
        OSError: the folder cannot be made, or no database can be kept in it.
    """

    def __init__(self, folder: Path, size_mb: int) -> None:
        self._folder = folder
        self._size_mb = size_mb
        _make_private(folder)
        self._cache = self._open()

    def get(self, key: str) -> Fix | None:
        """The stored fix, or None."""
        try:
            text = self._ask(lambda cache: cache.get(key), None)
            return None if text is None else _fix(text)
        except (ValueError, RecursionError) as error:
            _log.warning("A remembered fix cannot be read (%s); it is forgotten.", error)
            self.evict(key)
            return None

    def put(self, key: str, fix: Fix) -> None:
        """Store a fix; one without evidence is no fix and changes nothing."""
        if not fix.evidence.fixed:
            return
        text = json.dumps({"format": FORMAT, "fix": _CONVERTER.unstructure(fix)}, separators=(",", ":"))
        self._ask(lambda cache: cache.set(key, text), False)

    def evict(self, key: str) -> None:
        """Forget a fix that was seen to fail."""
        self._ask(lambda cache: cache.delete(key), False)

    def clear(self) -> None:
        """Forget every fix, and the database that was broken."""
        self._ask(lambda cache: cache.clear(), 0)
        for path in self._folder.glob(f"{_BROKEN}*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def close(self) -> None:
        """Close the database. A later call opens it again."""
        with contextlib.suppress(sqlite3.Error):
            self._cache.close()

    def __len__(self) -> int:
        return self._ask(len, 0)

    def _ask(self, question: Callable[[Cache], T], otherwise: T) -> T:
        """Ask the database; one that turns out broken is begun anew, and has no answer."""
        try:
            return question(self._cache)
        except (sqlite3.Error, Timeout, OSError) as error:
            _log.warning(
                "The cache of fixes in %s cannot be used (%s).",
                self._folder,
                str(error) or "it is busy, or not to be written",
            )
            if _is_broken(error):
                self._begin_anew()
            return otherwise

    def _begin_anew(self) -> None:
        self.close()
        try:
            _move_aside(self._folder)
            self._cache = self._open()
        except OSError as error:
            _log.warning("The cache of fixes in %s cannot be begun anew (%s).", self._folder, error)

    def _open(self) -> Cache:
        if not _is_plain_file(self._folder / _DATABASE):
            _move_aside(self._folder)
        try:
            return self._connect()
        except (
            Exception
        ) as error:  # diskcache lets through whatever the content of a foreign database leads to
            if isinstance(error, sqlite3.OperationalError) and not _is_broken(error):
                raise OSError(f"the cache of fixes in {self._folder} cannot be opened: {error}") from error
            _log.warning("The cache of fixes in %s is broken (%s); it is begun anew.", self._folder, error)
        _move_aside(self._folder)
        try:
            return self._connect()
        except (sqlite3.Error, Timeout) as error:
            raise OSError(f"the cache of fixes in {self._folder} cannot be opened: {error}") from error

    def _connect(self) -> Cache:
        cache = Cache(
            str(self._folder),
            timeout=LOCK_SECONDS,
            disk=TextDisk,
            size_limit=self._size_mb * 1024 * 1024,
            eviction_policy="least-recently-stored",
            statistics=0,
            tag_index=0,
        )
        len(cache)
        return cache


def _fix(text: str) -> Fix:
    tree = json.loads(text)
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise ForeignRow("it has another format")
    try:
        return _CONVERTER.structure(tree["fix"], Fix)
    except Exception as error:  # cattrs lets through whatever a field's type raises
        raise ForeignRow(f"it is no fix: {error!r:.200}") from error


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(f"{folder} is a link or belongs to another user; remove it")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def _is_plain_file(path: Path) -> bool:
    """True also for a file that is not there yet."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _is_broken(error: BaseException) -> bool:
    """Whether the database itself is damaged or foreign, rather than busy or without room."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error).startswith(("no such", "table ", "malformed", "unsupported file format"))
    return isinstance(error, sqlite3.DatabaseError)


def _move_aside(folder: Path) -> None:
    """Keep what was there under a name that nothing opens; the one kept before goes."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(folder / f"{_DATABASE}{suffix}", folder / f"{_BROKEN}{suffix}")
