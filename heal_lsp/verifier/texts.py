"""The texts of a repair's files: as they are, as a candidate makes them, and as bytes."""

from __future__ import annotations

from pathlib import Path

from heal_lsp.core.model import Candidate, Task
from heal_lsp.core.text import decode
from heal_lsp.verifier import requests
from heal_lsp.verifier.selection import is_inside


class Unfit(Exception):
    """A text that cannot be had or cannot be written down; the message says why."""


class Texts:
    """The texts of one task, in one workspace folder."""

    def __init__(self, root: Path, task: Task) -> None:
        self._root = root
        self._task = task

    def changed(self, candidate: Candidate) -> dict[str, str]:
        """The whole new text of each file that a candidate changes.

        Raises:
            Unfit: its edits do not fit.
        """
        texts = {}
        for path in candidate.edits:
            if not is_inside(path):
                raise Unfit(f"It changes {path}, which is not in the workspace.")
            try:
                texts[path] = candidate.text(path, self.present(path))
            except ValueError as error:
                raise Unfit(f"Its edits do not fit {path}: {error}.") from error
        return texts

    def present(self, path: str) -> str:
        """The text of a file before the repair; the empty one of a file that there is not.

        Raises:
            Unfit: it cannot be read.
        """
        if path == self._task.target.path:
            return self._task.base
        if path in self._task.snapshot.texts:
            return self._task.snapshot.texts[path]
        try:
            return decode((self._root / path).read_bytes())[0]
        except FileNotFoundError:
            return ""
        except (OSError, SyntaxError, ValueError) as error:
            raise Unfit(f"{path} cannot be read: {error}.") from error

    def encoded(self, texts: dict[str, str]) -> dict[str, bytes]:
        """Texts as the bytes that they have in their files.

        Raises:
            Unfit: one has a character that its file's encoding lacks.
        """
        found = {}
        for path, text in texts.items():
            try:
                found[path] = requests.on_disk(self._root, path, text)
            except (UnicodeEncodeError, LookupError) as error:
                raise Unfit(f"The text does not fit the encoding of {path}: {error}.") from error
        return found
