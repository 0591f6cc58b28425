"""Handing a fix to the editor, and finding out whether it was taken."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import attrs
from lsprotocol import types as lsp

from heal_lsp.core.model import FileChange
from heal_lsp.core.text import difference, digest
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.documents import Documents
from heal_lsp.lsp.folders import Folder, Place

ANSWER_SECONDS = 10.0
"""How long an editor may take to answer; a person may be looking at a preview, but some never answer."""
TEXT_SECONDS = 0.5
"""How long the changed text may take to follow an answer before the heal's own request is answered."""
ARRIVAL_SECONDS = 10.0
"""How long it may take after that. Emacs tells of no change while it waits for a request, which the heal may be."""
_BREAK = re.compile(r"\r\n|\r|\n")


class Applied(Enum):
    """What became of an edit."""

    DONE = "done"
    """The editor's text, or the disk's, is the fixed one."""
    CLAIMED = "claimed"
    """The editor says so of a file that it has not open; its text was not seen."""
    PROMISED = "promised"
    """The editor says so, and has not told of the change yet."""
    REFUSED = "refused"
    """The editor refused, or its text turned into something else: it was changed at the same moment."""
    SILENT = "silent"
    """Neither an answer nor the text came in time."""


@attrs.frozen
class Result:
    """What became of an edit, and the editor's reason if it gave one."""

    applied: Applied
    reason: str = ""


def unchanged(change: FileChange, documents: Documents, folder: Folder) -> bool:
    """Whether a file still is what the fix was computed for."""
    text = documents.text(Place(folder, change.path))
    return text is not None and digest(text) == change.digest


class Applier:
    """Sends edits and watches the texts that follow."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self._client = client
        self._documents = documents
        self._changed = asyncio.Event()

    def document_changed(self) -> None:
        """Call it for every opened, changed or saved document."""
        self._changed.set()

    async def apply(self, folder: Folder, changes: Sequence[FileChange], label: str) -> Result:
        """Ask the editor to make the changes, each of which must fit the present text, as one undo step."""
        wanted = _wanted(folder, changes)
        before = {place: digest(self._documents.text(place) or "") for place in wanted}
        edit = self._edit(folder, changes)
        request = asyncio.ensure_future(
            self._client.ls.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit=edit, label=label))
        )
        try:
            if await self._until(wanted, request, ANSWER_SECONDS):
                return Result(Applied.DONE)
            answer, reason = _answer(request)
            if answer is None:
                return Result(Applied.SILENT)
            # also after a refusal: an editor that answers with an error may have applied a part of it
            if await self._until(wanted, None, TEXT_SECONDS if answer else 0.2):
                return Result(Applied.DONE)
            return Result(self._unseen(before) if answer else Applied.REFUSED, reason)
        finally:
            if not request.done():
                request.cancel()

    async def arrives(self, folder: Folder, changes: Sequence[FileChange]) -> bool:
        """Whether the changed texts come, after an editor promised them."""
        return await self._until(_wanted(folder, changes), None, ARRIVAL_SECONDS)

    def _unseen(self, before: Mapping[Place, str]) -> Applied:
        """What to make of an editor that says it applied an edit, when the text did not become the fixed one.

        An edit of files that are not open leaves no trace to see.
        """
        if any(digest(self._documents.text(place) or "") != old for place, old in before.items()):
            return Applied.REFUSED
        if all(self._documents.opened(place) is None for place in before):
            return Applied.CLAIMED
        return Applied.PROMISED

    async def _until(
        self,
        wanted: Mapping[Place, str],
        answer: asyncio.Future[lsp.ApplyWorkspaceEditResult] | None,
        seconds: float,
    ) -> bool:
        """Wait for the wanted texts. Ends early with False when the answer came first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            self._changed.clear()
            if all(digest(self._documents.text(place) or "") == text for place, text in wanted.items()):
                return True
            left = deadline - loop.time()
            if left <= 0 or (answer is not None and answer.done()):
                return False
            # a file that is not open changes on the disk, of which nobody tells us
            event = asyncio.ensure_future(self._changed.wait())
            try:
                waiting: set[asyncio.Future[Any]] = {event, *([answer] if answer is not None else [])}
                await asyncio.wait(
                    waiting,
                    timeout=min(left, 0.25),
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                event.cancel()

    def _edit(self, folder: Folder, changes: Sequence[FileChange]) -> lsp.WorkspaceEdit:
        edits = [
            (Place(folder, each.path), self._text_edits(Place(folder, each.path), each)) for each in changes
        ]
        if not self._client.takes_versions:
            return lsp.WorkspaceEdit(changes={self._documents.uri(place): each for place, each in edits})
        annotated = len(changes) > 1 and self._client.can(
            "workspace.workspace_edit.change_annotation_support"
        )
        return lsp.WorkspaceEdit(
            document_changes=[
                lsp.TextDocumentEdit(
                    text_document=lsp.OptionalVersionedTextDocumentIdentifier(
                        uri=self._documents.uri(place), version=self._version(place)
                    ),
                    edits=[_annotated(each) for each in found] if annotated else list(found),
                )
                for place, found in edits
            ],
            change_annotations={_ANNOTATION: _several_files()} if annotated else None,
        )

    def _version(self, place: Place) -> int | None:
        document = self._documents.opened(place)
        return document.version if document is not None else None

    def _text_edits(self, place: Place, change: FileChange) -> list[lsp.TextEdit]:
        """The least edits of the live text.

        Its line endings are kept, whichever the engine saw on the disk.
        """
        live = self._documents.text(place) or ""
        ending, mark = _ending(live), live[: live.startswith("\ufeff")]
        old, new = (mark + _BREAK.sub("\n", each.removeprefix("\ufeff")) for each in (live, change.new))
        lines = self._documents.lines(old)
        return [
            lsp.TextEdit(
                range=lsp.Range(lines.position(each.start), lines.position(each.end)),
                new_text=each.new.replace("\n", ending),
            )
            for each in difference(old, new)
        ]


def _wanted(folder: Folder, changes: Sequence[FileChange]) -> dict[Place, str]:
    """The digest of each text when its change has been made."""
    return {Place(folder, each.path): digest(each.new) for each in changes}


_ANNOTATION = "heal"


def _several_files() -> lsp.ChangeAnnotation:
    return lsp.ChangeAnnotation(
        label="Heal", needs_confirmation=True, description="This fix changes several files"
    )


def _annotated(edit: lsp.TextEdit) -> lsp.AnnotatedTextEdit:
    return lsp.AnnotatedTextEdit(annotation_id=_ANNOTATION, range=edit.range, new_text=edit.new_text)


def _answer(request: asyncio.Future[lsp.ApplyWorkspaceEditResult]) -> tuple[bool | None, str]:
    """Whether the editor says that it applied the edit (None: it said nothing), and its reason."""
    if not request.done() or request.cancelled():
        return None, ""
    if (error := request.exception()) is not None:
        return False, str(error)
    return request.result().applied, request.result().failure_reason or ""


def _ending(text: str) -> str:
    """The line ending that a text uses most."""
    found = _BREAK.findall(text)
    return max(("\n", "\r\n", "\r"), key=found.count) if found else "\n"
