"""What the features share: the boards of the open folders, and how they are shown."""

from __future__ import annotations

from functools import partial

import attrs

from heal_lsp.core.model import Obstacle, ObstacleKind
from heal_lsp.engine.messages import RunReply
from heal_lsp.lsp.client import Client
from heal_lsp.lsp.configuration import Configuration
from heal_lsp.lsp.diagnostics import Painter, Publisher
from heal_lsp.lsp.documents import Documents, Look
from heal_lsp.lsp.engines import Engines
from heal_lsp.lsp.failures import Board
from heal_lsp.lsp.folders import Folder, Folders, Place
from heal_lsp.lsp.jobs import Jobs
from heal_lsp.lsp.trust import Trust

_NO_RUN = {
    ObstacleKind.NO_INTERPRETER: "no interpreter found",
    ObstacleKind.BROKEN_ENVIRONMENT: "the project's Python environment is broken",
    ObstacleKind.NO_PYTEST: "the project's Python environment has no pytest",
}


@attrs.define
class State:
    """One server's state."""

    client: Client
    folders: Folders
    documents: Documents
    configuration: Configuration
    trust: Trust
    engines: Engines
    jobs: Jobs
    publisher: Publisher
    boards: dict[str, Board] = attrs.field(factory=dict)
    _told: dict[str, Obstacle] = attrs.field(factory=dict)
    _said: set[str] = attrs.field(factory=set)

    def board(self, folder: Folder) -> Board:
        """The board of a folder."""
        if folder.path not in self.boards:
            self.boards[folder.path] = Board(partial(self._text, folder))
        return self.boards[folder.path]

    def painter(self, folder: Folder) -> Painter:
        """Makes the diagnostics of a folder, for the texts as they are now."""
        related = self.client.can("text_document.publish_diagnostics.related_information")
        return Painter(folder, self.board(folder), self.documents, related=related)

    def publish(self, folder: Folder) -> None:
        """Bring the editor's diagnostics of a folder up to date."""
        if folder in self.folders.all():
            self.publisher.publish(folder, self.painter(folder))

    def learn(self, folder: Folder, reply: RunReply, look: Look) -> None:
        """Take over what a run of the engine showed, for the buffers as they were."""
        if folder in self.folders.all():
            self.board(folder).merge(
                reply.report, reply.located, reply.selected, digests=look.digests, began=look.taken
            )
            self.publish(folder)

    def obstacle(self, folder: Folder, obstacle: Obstacle | None, *, insist: bool = False) -> None:
        """Tell the person what stands in the way, once until it changes, or again when they ``insist``."""
        before = self._told.get(folder.path)
        if obstacle is None:
            self._told.pop(folder.path, None)
            return
        self._told[folder.path] = obstacle
        known = before is not None and (before.kind, before.message) == (obstacle.kind, obstacle.message)
        if insist or not known:
            self.client.warn(f"{obstacle.message} {obstacle.hint}".strip())
        if obstacle.detail:
            self.client.log(obstacle.detail)

    def no_run(self, folder: Folder) -> str:
        """Why nothing can run in a folder, as the last attempt saw it; empty when something can."""
        last = self._told.get(folder.path)
        return _NO_RUN.get(last.kind, "") if last is not None else ""

    def tell_once(self, text: str) -> None:
        """Tell the person something that they need to hear only once in a session."""
        if text not in self._said:
            self._said.add(text)
            self.client.show(text)

    def close_folder(self, folder: Folder) -> None:
        """Forget a folder that was closed."""
        self.publisher.withdraw(folder)
        self.boards.pop(folder.path, None)
        self._told.pop(folder.path, None)

    def _text(self, folder: Folder, path: str) -> str | None:
        return self.documents.text(Place(folder, path))
