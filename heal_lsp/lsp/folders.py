"""The workspace folders: between the editor's URIs and paths inside a folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import attrs
from pygls.uris import to_fs_path


@attrs.frozen
class Folder:
    """One workspace folder."""

    uri: str
    """As the editor wrote it, without a slash at the end."""
    path: str
    """Absolute, under the name that the editor uses; links are not followed."""
    real: str
    """The same with all links followed: the name that the engine uses."""

    @property
    def root(self) -> Path:
        return Path(self.real)

    def uri_of(self, path: str) -> str:
        """The URI of a file of the folder, under the folder's name in the editor."""
        return f"{self.uri}/{quote(path)}"


@attrs.frozen
class Place:
    """A file of a workspace folder; ``path`` is relative and POSIX."""

    folder: Folder
    path: str


class Folders:
    """The folders that are open now."""

    def __init__(self) -> None:
        self._folders: dict[str, Folder] = {}

    def all(self) -> tuple[Folder, ...]:
        """Every folder, in the order in which they were opened."""
        return tuple(self._folders.values())

    def add(self, uri: str) -> Folder | None:
        """Open a folder; None when the URI is no local folder or the folder is open already."""
        path = _path(uri)
        if not path or path in self._folders:
            return None
        folder = Folder(uri.rstrip("/"), path, os.path.realpath(path))
        self._folders[folder.path] = folder
        return folder

    def remove(self, uri: str) -> Folder | None:
        """Close a folder; None when it was not open."""
        return self._folders.pop(_path(uri), None)

    def place(self, uri: str) -> Place | None:
        """The file that a URI names, in the innermost folder that holds it; None outside every folder."""
        path = _path(uri)
        if not path:
            return None
        return self._within(path, "path") or self._within(os.path.realpath(path), "real")

    def _within(self, path: str, name: str) -> Place | None:
        best: tuple[int, Folder, str] | None = None
        for folder in self._folders.values():
            base = getattr(folder, name)
            if (best is None or len(base) > best[0]) and path.startswith(base.rstrip(os.sep) + os.sep):
                inner = path[len(base.rstrip(os.sep)) + 1 :]
                best = (len(base), folder, PurePosixPath(*inner.split(os.sep)).as_posix())
        return Place(best[1], best[2]) if best else None


def _path(uri: str) -> str:
    """The local path that a URI names, normal in form; empty when it names none that could exist."""
    try:
        path = to_fs_path(uri) or ""
        os.fsencode(path)
    except ValueError:  # no URI at all, or half a character
        return ""
    return os.path.normpath(path) if path and "\0" not in path else ""
