"""A workspace made of texts, and failures that are written into them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from heal_lsp.analysis import SourceAnalysis
from heal_lsp.core.model import Failure, FailureKind, Frame, Located, Snapshot

MARK = re.compile(r"# frame (\d+)(?: in (\S+))?")


class Project:
    """Files on disk and in buffers. A comment ``# frame N`` marks the N-th frame of the traceback."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.analysis = SourceAnalysis()
        self.files: dict[str, str] = {}
        self.buffers: dict[str, str] = {}

    def write(self, files: Mapping[str, str]) -> Project:
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            self.files[path] = textwrap.dedent(text).lstrip("\n")
            place.write_text(self.files[path], "utf-8")
        return self

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(str(self.root), self.buffers)

    def failure(self, test: str | None, exception: str = "AssertionError") -> Failure:
        """The failure that the marks describe; a function's name is read from the lines above the mark."""
        frames: dict[int, Frame] = {}
        for path, text in (self.files | self.buffers).items():
            lines = text.splitlines()
            for number, line in enumerate(lines, 1):
                if found := MARK.search(line):
                    frames[int(found[1])] = Frame(path, number, found[2] or function_above(lines, number))
        ordered = tuple(frames[index] for index in sorted(frames))
        last = ordered[-1] if ordered else Frame(test or "", 1, "")
        kind = FailureKind.ASSERTION if exception == "AssertionError" else FailureKind.EXCEPTION
        return Failure(kind, exception, "", last.path, last.line, ordered, test)

    def locate(
        self,
        test: str | None = "test_app.py::test_it",
        exception: str = "AssertionError",
        coverage: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None,
        failing: tuple[str, ...] = (),
    ) -> Located:
        return self.analysis.locate(
            self.failure(test, exception), self.snapshot, coverage or {}, failing=failing
        )

    def name(
        self, test: str | None = "test_app.py::test_it", exception: str = "AssertionError"
    ) -> str | None:
        """The qualified name of the target."""
        located = self.locate(test, exception)
        assert located.reason
        return located.target.qualname if located.target is not None else None


def function_above(lines: list[str], number: int) -> str:
    """The name of the function that holds a line, by indentation; ``<module>`` outside any."""
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    for line in reversed(lines[: number - 1]):
        here = len(line) - len(line.lstrip())
        if line.strip() and here < indent:
            if found := re.match(r"\s*(?:async )?def (\w+)", line):
                return found[1]
            indent = here
    return "<module>"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
