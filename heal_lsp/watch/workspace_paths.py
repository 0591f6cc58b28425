"""Which file of the workspace a path in some text means."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from heal_lsp.watch.folders import SKIPPED_FOLDERS

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_INSTALLED = re.compile(r"(?:^|/)(?:site-packages|dist-packages|lib/python\d)(?:/|$)")


class WorkspacePaths:
    """Maps paths to workspace-relative ones, whatever name of the workspace folder they go through."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.abspath(root)
        self._real = os.path.realpath(root)
        self._known: dict[str, str | None] = {}

    def relative(self, path: str) -> str | None:
        """The workspace-relative POSIX path, or None for a file elsewhere. A relative path stays as it is."""
        if path not in self._known:
            try:
                self._known[path] = self._relative(path)
            except (OSError, ValueError):
                self._known[path] = None
        return self._known[path]

    def counterpart(self, path: str) -> str | None:
        """The file that a path of another machine means: the longest tail of it that exists here."""
        parts = [each for each in re.split(r"[\\/]", path) if each]
        if _INSTALLED.search("/".join(parts)) or {".", ".."} & set(parts):
            return None
        for start in range(1, len(parts)):
            tail = parts[start:]
            alone = len(tail) == 1 and parts[start - 1] != os.path.basename(self._root)
            if not alone and self._is_file(tail):
                return "/".join(tail)
        return None

    def _is_file(self, parts: list[str]) -> bool:
        try:
            return os.path.isfile(os.path.join(self._root, *parts))
        except (OSError, ValueError):
            return False

    def _relative(self, path: str) -> str | None:
        if path.startswith("<") or not path:
            return None
        if os.sep == "/" and _DRIVE.match(path):
            return None
        full = os.path.normpath(os.path.join(self._root, path))
        return (
            _below(self._root, full) or _below(self._real, full) or _below(self._real, os.path.realpath(full))
        )


def is_own_code(path: str) -> bool:
    """Whether a workspace-relative path is the project's own, not that of a package installed inside it."""
    return not SKIPPED_FOLDERS & set(PurePosixPath(path).parts[:-1]) and not _INSTALLED.search(path)


def _below(folder: str, path: str) -> str | None:
    if os.path.normcase(path).startswith(os.path.normcase(os.path.join(folder, ""))):
        return path[len(os.path.join(folder, "")) :].replace(os.sep, "/")
    return None
