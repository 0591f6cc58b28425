"""The folder of a workspace in which runs leave their reports."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import heapq
import os
import secrets
import stat
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Union

import attrs

from heal_lsp.core.model import Report
from heal_lsp.watch.report_format import BadReport, decode_report, encode_report

MAX_BYTES = 16 * 1024 * 1024
MAX_REPORTS = 50
MAX_AGE = 7 * 24 * 3600.0
POLL_SECONDS = 1.0

_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_O_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_O_BINARY = getattr(os, "O_BINARY", 0)
_HAS_DIR_FD = os.open in os.supports_dir_fd and os.unlink in os.supports_dir_fd


@attrs.frozen
class Refused:
    """A file (or the whole folder) that is not believed, and why, in one sentence."""

    path: Path
    reason: str


Found = Union[Report, Refused]  # noqa: UP007 - an alias at run time


@attrs.frozen
class _Entry:
    """A directory entry as it was listed; equal entries hold equal content."""

    modified: int
    name: str
    size: int
    inode: int


class ReportFolder:
    """Reads the reports of one workspace. Never raises for what it finds, follows no link, blocks on no file.

    ``folder`` should be private to the user; one that is a link, foreign or writable for others is refused
    whole. ``root`` is the workspace folder under the name that the editor uses; accepted reports carry it.
    """

    def __init__(
        self, folder: Path, root: Path, *, max_reports: int = MAX_REPORTS, max_age: float = MAX_AGE
    ) -> None:
        self._folder = folder
        self._root = root
        self._max_reports = max_reports
        self._max_age = max_age
        self._seen: set[_Entry] = set()
        self._folder_fault = ""

    def scan(self) -> list[Found]:
        """Every report in the folder that is not too old, the oldest first."""
        self._seen = set()
        self._folder_fault = ""
        return self.fresh()

    def fresh(self) -> list[Found]:
        """What appeared or changed since the last call of this method or :meth:`scan`, the oldest first."""
        try:
            with _opened_folder(self._folder) as place:
                entries = self._current(place)
                new = [each for each in entries if each not in self._seen]
                self._seen = set(entries)
                self._folder_fault = ""
                found = (self._read(place, each.name) for each in new)
                return [each for each in found if each is not None]
        except FileNotFoundError:
            self._seen = set()
            return []
        except OSError as error:
            reason = _sentence(error)
            known, self._folder_fault = self._folder_fault == reason, reason
            return [] if known else [Refused(self._folder, reason)]

    async def watch(self) -> AsyncGenerator[Found, None]:
        """Yield what :meth:`fresh` gives, now and whenever the folder changes, until the iterator is closed.

        Removes old reports on the way.
        """
        async with aclosing(_changes(self._folder)) as changes:
            async for _ in changes:
                for each in await asyncio.to_thread(self._fresh_and_prune):
                    yield each

    def prune(self) -> None:
        """Remove all but the newest reports, those that are too old, and leavings of writers that died."""
        oldest = time.time() - self._max_age
        with contextlib.suppress(OSError), _opened_folder(self._folder) as place:
            kept = {each.name for each in self._current(place)}
            for entry in _listed(place):
                abandoned = not _is_report(entry.name) and entry.modified / 1e9 < oldest
                if abandoned or (_is_report(entry.name) and entry.name not in kept):
                    with contextlib.suppress(OSError):  # a folder, or gone already
                        place.remove(entry.name)

    def _fresh_and_prune(self) -> list[Found]:
        found = self.fresh()
        if found:
            self.prune()
        return found

    def _current(self, place: _Place) -> list[_Entry]:
        oldest = time.time() - self._max_age
        reports = (each for each in _listed(place) if _is_report(each.name) and each.modified / 1e9 >= oldest)
        newest = heapq.nlargest(self._max_reports, reports, key=_age)
        return sorted(newest, key=_age)

    def _read(self, place: _Place, name: str) -> Found | None:
        try:
            return decode_report(_bytes_of(place, name), self._root)
        except FileNotFoundError:
            return None
        except (OSError, BadReport) as error:
            return Refused(self._folder / name, _sentence(error))


def write_report(folder: Path, report: Report) -> Path:
    """Leave a report in a folder, whole or not at all, readable for its owner alone. Returns the file's path.

    Raises:
        OSError: the folder is missing, a link or open to other users, or cannot be written.
    """
    name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}.json"
    temporary = f".{name}.tmp"
    data = encode_report(report)
    with _opened_folder(folder) as place:
        handle = place.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            place.rename(temporary, name)
        except BaseException:
            with contextlib.suppress(OSError):
                place.remove(temporary)
            raise
    return folder / name


class _Place:
    """An opened folder. Names are looked up in it by descriptor, so that nobody can swap it meanwhile."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self._path = path
        self._handle = handle

    def _name(self, name: str) -> str:
        return name if self._handle is not None else str(self._path / name)

    def open(self, name: str, flags: int) -> int:
        flags |= _O_NOFOLLOW | _O_NONBLOCK | _O_BINARY | getattr(os, "O_CLOEXEC", 0)
        return os.open(self._name(name), flags, 0o600, dir_fd=self._handle)

    def remove(self, name: str) -> None:
        os.unlink(self._name(name), dir_fd=self._handle)

    def rename(self, old: str, new: str) -> None:
        os.replace(self._name(old), self._name(new), src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def entries(self) -> Iterator[os.DirEntry[str]]:
        with os.scandir(self._path if self._handle is None else self._handle) as listing:
            yield from listing


@contextmanager
def _opened_folder(path: Path) -> Iterator[_Place]:
    if not _HAS_DIR_FD:
        if path.is_symlink():
            raise PermissionError("The report folder is a link; remove it.")
        yield _Place(path, None)
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise PermissionError("The report folder is a link or no folder; remove it.") from None
        raise
    try:
        status = os.fstat(handle)
        if status.st_uid != os.getuid():
            raise PermissionError("The report folder belongs to another user; remove it.")
        if status.st_mode & 0o022:
            raise PermissionError(
                "Other users can write into the report folder; make it private (chmod 700)."
            )
        yield _Place(path, handle)
    finally:
        os.close(handle)


def _listed(place: _Place) -> Iterator[_Entry]:
    for each in place.entries():
        with contextlib.suppress(OSError):  # it went away while the folder was listed
            status = each.stat(follow_symlinks=False)
            yield _Entry(status.st_mtime_ns, each.name, status.st_size, status.st_ino)


def _age(entry: _Entry) -> tuple[int, str]:
    return entry.modified, entry.name


def _is_report(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def _bytes_of(place: _Place, name: str) -> bytes:
    try:
        handle = place.open(name, os.O_RDONLY)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise BadReport("It is a link.") from None
        raise
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadReport("It is no regular file.")
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            raise BadReport("It belongs to another user.")
        if status.st_nlink > 1:
            raise BadReport("It has a second name elsewhere (a hard link).")
        if status.st_size > MAX_BYTES:
            raise BadReport(f"It is larger than {MAX_BYTES // 1024 // 1024} MiB.")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadReport(f"It is larger than {MAX_BYTES // 1024 // 1024} MiB.")
    return data


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"It cannot be read ({error.strerror})." if error.strerror else str(error)
    return str(error)


async def _changes(folder: Path) -> AsyncGenerator[None, None]:
    """Yield at once and whenever the folder may have changed; each second where it cannot be watched."""
    while True:
        yield
        if folder.is_dir() and not folder.is_symlink():
            from watchfiles import awatch

            # inotify instances run out, and some file systems have none: then this loop is the polling.
            with contextlib.suppress(OSError, RuntimeError):
                watched = folder.stat().st_ino
                ticks = awatch(
                    folder,
                    watch_filter=None,
                    debounce=100,
                    recursive=False,
                    yield_on_timeout=True,
                    rust_timeout=int(POLL_SECONDS * 2000),
                )
                async with aclosing(ticks):
                    async for _ in ticks:
                        yield
                        if folder.stat().st_ino != watched:
                            break
        await asyncio.sleep(POLL_SECONDS)
