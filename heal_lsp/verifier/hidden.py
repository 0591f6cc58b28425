"""The files of a workspace that are hidden in the sandbox, looked for again only where something changed."""

from __future__ import annotations

import os
import threading
import time

import attrs

from heal_lsp.verifier.inside.worker import Hiding

_FRESH_SECONDS = 2.0
"""A folder that changed so short a time before it was listed is listed again: its next change may bear the same
time.
"""
Signature = tuple[int, int, int, int]


@attrs.frozen
class _Listed:
    """What was seen in a folder."""

    signature: Signature | None
    """None when the folder has to be listed again next time."""
    hidden: tuple[str, ...]
    folders: tuple[tuple[str, bool], ...]
    """Its folders that may hold more, and whether all of a folder is hidden."""


class HiddenFiles:
    """Finds the files of a workspace that match a policy's globs.

    What is made, renamed or removed changes its folder's times, and nobody can set the one that the file system keeps
    for itself. So only folders are looked at, and only those with other times than before are listed.
    """

    def __init__(self, root: str, globs: tuple[str, ...]) -> None:
        self._root = root
        self._hiding = Hiding(list(globs))
        self._listed: dict[tuple[str, bool], _Listed] = {}
        self._lock = threading.Lock()

    def paths(self) -> tuple[str, ...]:
        """Their paths as they are now, relative to the workspace, sorted."""
        with self._lock:
            listed: dict[tuple[str, bool], _Listed] = {}
            waiting: list[tuple[str, bool]] = [("", False)]
            found: list[str] = []
            while waiting:
                place = waiting.pop()
                here = listed[place] = self._look(place)
                found += here.hidden
                waiting += here.folders
            self._listed = listed
            return tuple(sorted(found))

    def _look(self, place: tuple[str, bool]) -> _Listed:
        path = os.path.join(self._root, place[0]) if place[0] else self._root
        try:
            status = os.stat(path)
        except OSError:
            return _Listed(None, (), ())
        signature = (status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns)
        known = self._listed.get(place)
        if known is not None and known.signature == signature:
            return known
        now = time.time_ns()
        hidden, folders = self._hiding.listed(self._root, *place)
        settled = now - max(signature[2:]) > _FRESH_SECONDS * 1e9
        return _Listed(signature if settled else None, tuple(hidden), tuple(folders))
