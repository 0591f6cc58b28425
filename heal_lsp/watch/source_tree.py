"""The Python files of a workspace and what each imports, read again only when a file changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

from heal_lsp.core.text import decode
from heal_lsp.watch.folders import holds_no_source, is_skipped
from heal_lsp.watch.imports import Facts, read_facts

MAX_FILES = 100_000
MAX_BYTES = 2_000_000
"""Of one file; a larger one is data, and imports nothing."""


@attrs.frozen
class _Known:
    signature: tuple[int, int] | str
    facts: Facts


class SourceTree:
    """The Python files below a folder. Links to folders are not followed, so no loop can arise."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, _Known] = {}

    def refresh(
        self, texts: Mapping[str, str], skip: Collection[str]
    ) -> tuple[Mapping[str, Facts], set[str]]:
        """The facts of every file, and the paths that appeared, changed or went since the last call.

        ``texts`` holds unsaved buffers by path; they count instead of the disk. ``skip`` are further names of
        folders, as globs, that are passed over.
        """
        known: dict[str, _Known] = {}
        for path, signature in self._files(skip):
            if path not in texts:
                old = self._known.get(path)
                if old is None or old.signature != signature:
                    old = _Known(signature, read_facts(self.text(path, {}) or ""))
                known[path] = old
        for path, text in texts.items():
            if path.endswith(".py"):
                old = self._known.get(path)
                known[path] = old if old and old.signature == text else _Known(text, read_facts(text))
        changed = {path for path in known if self._known.get(path) is not known[path]}
        changed |= self._known.keys() - known.keys()
        self._known = known
        return {path: each.facts for path, each in known.items()}, changed

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

    def _files(self, skip: Collection[str]) -> Iterator[tuple[str, tuple[int, int]]]:
        folders = [""]
        count = 0
        while folders and count < MAX_FILES:
            folder = folders.pop()
            entries = _entries(os.path.join(self._root, folder))
            if folder and holds_no_source(folder.rpartition("/")[2], {each.name for each in entries}):
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if not (
                            is_skipped(entry.name) or any(fnmatchcase(entry.name, each) for each in skip)
                        ):
                            folders.append(path)
                    elif entry.name.endswith(".py"):
                        status = entry.stat()
                        if stat.S_ISREG(status.st_mode):
                            count += 1
                            yield path, (status.st_mtime_ns, status.st_size)
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
