"""The open buffers: the truth about a workspace's text."""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Sequence

import attrs
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from heal_lsp.core.model import Snapshot
from heal_lsp.core.text import decode, digest
from heal_lsp.lsp import pygls_compat
from heal_lsp.lsp.folders import Folder, Folders, Place
from heal_lsp.lsp.positions import Lines

MAX_BYTES = 8_000_000
"""A larger file on disk is treated as if it could not be read."""


@attrs.frozen
class _Stored:
    """What a file on disk held when it was last read."""

    modified: int
    size: int
    text: str | None
    digest: str


@attrs.frozen
class Look:
    """The buffers of a folder as they were at one moment."""

    snapshot: Snapshot
    digests: dict[str, str]
    """The digest of every open document, to tell later whether one changed."""
    taken: float
    """When it was, in seconds since the epoch."""


class Documents:
    """Texts of files: the buffer's where the file is open, else the disk's."""

    def __init__(self, ls: LanguageServer, folders: Folders) -> None:
        self._ls = ls
        self._folders = folders
        self._places: dict[str, Place | None] = {}
        self._disk: dict[str, _Stored] = {}

    def forget_places(self) -> None:
        """Call it when the folders change: an open document may belong to another one now."""
        self._places.clear()

    def opened(self, place: Place) -> TextDocument | None:
        """The open document of a file. Its version may be 0."""
        documents: dict[str, TextDocument] = self._ls.workspace.text_documents
        for uri, document in documents.items():
            if self._place(uri, document) == place:
                return document
        return None

    def open_in(self, folder: Folder) -> dict[str, TextDocument]:
        """The open documents of a folder, by path."""
        found = {}
        for uri, document in self._ls.workspace.text_documents.items():
            place = self._place(uri, document)
            if place is not None and place.folder == folder:
                found[place.path] = document
        return found

    def uri(self, place: Place) -> str:
        """The URI under which the editor knows a file."""
        document = self.opened(place)
        return document.uri if document is not None else place.folder.uri_of(place.path)

    def text(self, place: Place) -> str | None:
        """The present text of a file; None when there is none that can be read."""
        document = self.opened(place)
        return document.source if document is not None else self._stored(place).text

    def lines(self, text: str) -> Lines:
        """A text ready for conversions in the client's position encoding."""
        return Lines(text, pygls_compat.codec(self._ls))

    def snapshot(self, folder: Folder, exclude: Sequence[str] = ()) -> Snapshot:
        """The buffers of a folder that differ from the disk, without those that match a glob of
        ``exclude``.
        """
        texts = {}
        for path, document in self.open_in(folder).items():
            if _matches(path, exclude):
                continue
            if digest(document.source) != self._stored(Place(folder, path)).digest:
                texts[path] = document.source
        return Snapshot(folder.real, texts)

    def look(self, folder: Folder, exclude: Sequence[str] = ()) -> Look:
        """What a run or a repair that begins now goes by."""
        digests = {path: digest(document.source) for path, document in self.open_in(folder).items()}
        return Look(self.snapshot(folder, exclude), digests, time.time())

    def _place(self, uri: str, document: TextDocument) -> Place | None:
        if uri not in self._places:
            self._places[uri] = self._folders.place(document.uri)
        return self._places[uri]

    def _stored(self, place: Place) -> _Stored:
        """What the disk holds; read again only when the file's time or size changed."""
        path = os.path.join(place.folder.path, place.path)
        try:
            status = os.stat(path)
            known = self._disk.get(path)
            if known is not None and (known.modified, known.size) == (status.st_mtime_ns, status.st_size):
                return known
            text = _read(path, status.st_size)
        except (OSError, ValueError, SyntaxError):
            self._disk.pop(path, None)
            return _Stored(0, 0, None, "")
        stored = _Stored(status.st_mtime_ns, status.st_size, text, digest(text) if text is not None else "")
        while len(self._disk) >= 200:
            del self._disk[next(iter(self._disk))]
        self._disk[path] = stored
        return stored


def _read(path: str, size: int) -> str | None:
    if size > MAX_BYTES or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return decode(file.read())[0]


def _matches(path: str, globs: Sequence[str]) -> bool:
    """Whether a file, or a folder that it lies in, matches by name, or by path for a glob with a slash."""
    parts = path.lower().split("/")
    places = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return any(
        fnmatch.fnmatchcase(place, form)
        for each in map(str.lower, globs)
        for form, among in (((each, places), (f"*/{each}", places)) if "/" in each else ((each, parts),))
        for place in among
    )
