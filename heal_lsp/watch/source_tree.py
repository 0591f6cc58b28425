"""The Python files of a workspace and what each imports, read again only when a file changed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from heal_lsp.core.pytest_config import CONFIG_FILES
from heal_lsp.core.text import decode
from heal_lsp.watch.folders import holds_no_source, is_skipped
from heal_lsp.watch.imports import Facts, read_facts

MAX_FILES = 100_000
MAX_BYTES = 2_000_000
"""Of one file; a larger one is data, and imports nothing."""
FRESH_SECONDS = 1.0
"""For so long after every file was looked at, only those are looked at again that are known to be changed."""
Signature = tuple[int, int]
"""A file's time of change in nanoseconds, and its size."""


@attrs.frozen
class Known:
    """What a text says, and which text that was: a file's as it was at some time, or a buffer's."""

    signature: Signature | str
    facts: Facts


class SourceTree:
    """The Python files below a folder. Links to folders are not followed, so no loop can arise."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self.known: dict[str, Known] = {}
        """The files as they were when they were last looked at."""
        self.configured: set[str] = {""}
        """The folders with a file that may configure pytest, and the workspace folder."""
        self.read = 0
        """How many files had to be read so far."""
        self._before: Mapping[str, Known] = {}
        self._skip: Collection[str] | None = None
        self._looked = 0.0

    def remember(self, known: Mapping[str, Known]) -> None:
        """Take over what an earlier session read, for files that are still the same."""
        self._before = known

    def refresh(
        self, texts: Mapping[str, str], skip: Collection[str], changed: Collection[str] | None = None
    ) -> set[str]:
        """Bring :attr:`known` up to date; returns the paths that appeared, went, or import something else now.

        ``texts`` holds unsaved buffers by path; they count instead of the disk. ``skip`` are further names of
        folders, as globs, that are passed over. ``changed`` are files that are known to be changed; with it, the
        others are taken as they were seen a moment ago.
        """
        recent = (
            changed is not None and skip == self._skip and time.monotonic() - self._looked < FRESH_SECONDS
        )
        if recent:
            buffers = [path for path, each in self.known.items() if isinstance(each.signature, str)]
            return self._look_at({*(changed or ()), *texts, *buffers}, texts)
        self._skip = skip
        different = self._look_at_all(texts, skip)
        self._looked = time.monotonic()
        return different

    def text(self, path: str, texts: Mapping[str, str]) -> str | None:
        """The text of a file: the buffer's, else the disk's in any encoding; None if it cannot be read."""
        if path in texts:
            return texts[path]
        data = _read(os.path.join(self._root, path))
        if data is None:
            return None
        try:
            return decode(data)[0]
        except (SyntaxError, ValueError, LookupError):
            return data.decode("latin-1")  # names are ASCII nearly always: good enough to see what it imports

    def _look_at_all(self, texts: Mapping[str, str], skip: Collection[str]) -> set[str]:
        different: set[str] = set()
        self.configured = {""}
        seen = {path for path in texts if path.endswith(".py")}
        for path in seen:
            self._take(path, texts[path], texts, different)
        known = self.known
        for path, signature in self._files(skip):
            if path not in texts:
                seen.add(path)
                old = known.get(path)
                if old is None or old.signature != signature:
                    self._take(path, signature, texts, different)
        for path in known.keys() - seen:
            del known[path]
            different.add(path)
        self._before = {}
        return different

    def _look_at(self, paths: Iterable[str], texts: Mapping[str, str]) -> set[str]:
        different: set[str] = set()
        for path in paths:
            if not path.endswith(".py"):
                continue
            signature = texts[path] if path in texts else self._signature(path)
            if signature is not None:
                self._take(path, signature, texts, different)
            elif self.known.pop(path, None) is not None:
                different.add(path)
        return different

    def _take(
        self, path: str, signature: Signature | str, texts: Mapping[str, str], different: set[str]
    ) -> None:
        old = self.known.get(path) or self._before.get(path)
        if old is None or old.signature != signature:
            self.read += 1
            facts = read_facts(self.text(path, texts) or "")
            if old is None or old.facts != facts:
                different.add(path)
            old = Known(signature, facts)
        if path not in self.known:
            different.add(path)
        self.known[path] = old

    def _signature(self, path: str) -> Signature | None:
        try:
            status = os.stat(os.path.join(self._root, path))
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None

    def _files(self, skip: Collection[str]) -> Iterator[tuple[str, Signature]]:
        folders = [""]
        count = 0
        while folders and count < MAX_FILES:
            folder = folders.pop()
            entries = _entries(f"{self._root}/{folder}" if folder else self._root)
            if folder and holds_no_source(folder.rpartition("/")[2], {each.name for each in entries}):
                continue
            start = f"{folder}/" if folder else ""
            for entry in entries:
                name = entry.name
                try:
                    if name.endswith(".py") and not entry.is_dir(follow_symlinks=False):
                        status = entry.stat()
                        if stat.S_ISREG(status.st_mode):
                            count += 1
                            yield start + name, (status.st_mtime_ns, status.st_size)
                    elif entry.is_dir(follow_symlinks=False):
                        if not (is_skipped(name) or any(fnmatchcase(name, each) for each in skip)):
                            folders.append(start + name)
                    elif name in CONFIG_FILES:
                        self.configured.add(folder)
                except OSError:
                    continue  # a dangling link, or gone already


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError:
        return []


def _read(path: str) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                return None
            return file.read(MAX_BYTES)
    except (OSError, ValueError):
        return None
