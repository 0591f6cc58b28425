"""What pytest prints about failures, in its long, short, line and native styles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from heal_lsp.core.model import Frame
from heal_lsp.watch.python_traceback import CHAIN, EXCEPTION, Raised, read_tracebacks

_TITLE = re.compile(r"_{3,} (?P<title>\S.*?) _{3,}$")
_RULE = re.compile(r"={3,} .* ={3,}$|!{3,} .* !{3,}$")
_CAPTURED = re.compile(r"-{3,} Captured .* -{3,}$")
_PLACE = re.compile(
    r"(?P<path>(?:[A-Za-z]:[\\/])?[^:\s][^:]*\.\w+|<[^<>]+>):(?P<line>\d{1,9}):"
    r"(?: in (?P<function>\S.*)| (?P<exception>[^\W\d][\w.]*)(?:: (?P<message>.*))?| (?P<words>\S.*))?\s*$"
)
_ERROR = re.compile(r"E(?:   (?P<text>.*)|\s*)$")
_DEFINITION = re.compile(r">?\s+(?:async\s+)?def (?P<name>\w+)")
_SUMMARY = re.compile(r"(?:FAILED|ERROR) (?P<id>\S+?\.\w+(?:::.+?)?)(?: - .*)?$")
_PHASES = (
    ("ERROR collecting ", "collect"),
    ("ERROR at setup of ", "setup"),
    ("ERROR at teardown of ", "teardown"),
)


@attrs.frozen
class TestStory:
    """One failing test as pytest told it."""

    __test__ = False

    raised: Raised
    phase: str
    test: str | None
    """Node id, when the summary of the run is part of the text."""


def read_pytest(lines: Sequence[str]) -> list[TestStory]:
    """The failures in pytest's output; an empty list when the text is something else."""
    ids = _ids(lines)
    stories: list[TestStory] = []
    for title, section in _sections(lines):
        phase, name = _phase(title)
        for raised in _Section(section).read():
            stories.append(TestStory(raised, phase, ids.get(name) if title else None))
    return stories


def _ids(lines: Sequence[str]) -> Mapping[str, str]:
    """Node ids of the summary by the title of the test's section. A title that two tests share has none."""
    ids: dict[str, str] = {}
    shared: set[str] = set()
    for line in lines:
        if match := _SUMMARY.match(line):
            title = match["id"].partition("::")[2].replace("::", ".")
            if ids.setdefault(title, match["id"]) != match["id"]:
                shared.add(title)
    return {title: each for title, each in ids.items() if title and title not in shared}


def _phase(title: str) -> tuple[str, str]:
    for start, phase in _PHASES:
        if title.startswith(start):
            return phase, title[len(start) :]
    return "call", title


def _sections(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    title = ""
    section: list[str] = []
    for line in lines:
        match = _TITLE.match(line)
        if match is None and not _RULE.match(line):
            section.append(line)
            continue
        yield title, section
        title, section = match["title"] if match else "", []
    yield title, section


class _Section:
    """What is printed about one test; under ``--tb=line``, about all of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        captured = next((at for at, line in enumerate(lines) if _CAPTURED.match(line)), len(lines))
        self._lines = lines[:captured]
        self._frames: list[Frame] = []
        self._error: list[str] = []
        self._function = ""
        self._found: list[Raised] = []
        self._chained = False

    def read(self) -> list[Raised]:
        previous_was_error = False
        for line in self._lines:
            error = _ERROR.match(line)
            if error is not None:
                if not previous_was_error:
                    self._error = []
                self._error.append(error["text"] or "")
            elif previous_was_error and line.startswith("    ") and not _DEFINITION.match(line):
                self._error.append(line[4:])  # the line style indents the rest of a message
                continue
            else:
                self._plain(line)
            previous_was_error = error is not None
        self._close("", None)
        return self._found or read_tracebacks(self._lines)

    def _plain(self, line: str) -> None:
        if CHAIN.match(line):
            untold = (
                bool(self._error) and not self._frames
            )  # the line style leaves out where a cause was raised
            self._close("", None)
            self._chained = not untold
        elif definition := _DEFINITION.match(line):
            self._function = definition["name"]
        elif place := _PLACE.match(line):
            self._place(place)

    def _place(self, place: re.Match[str]) -> None:
        exception = place["exception"] or ""
        ends = bool(exception or place["words"])
        if ends and not self._error and not _is_exception(exception):
            return  # a compiler's or a linter's message, or a warning
        function = place["function"] or self._function
        self._frames.append(Frame(place["path"], int(place["line"]), function))
        self._function = ""
        if ends:
            self._close(exception, place["message"])

    def _close(self, exception: str, message: str | None) -> None:
        """The exception in hand is told to its end."""
        if self._error or (exception and self._frames):
            raised = self._raised(exception, message)
            if raised.frames:
                if self._chained and self._found:
                    self._found.pop()
                self._found.append(raised)
                self._chained = False
        self._frames, self._error = [], []

    def _raised(self, exception: str, message: str | None) -> Raised:
        inner = read_tracebacks(self._error)
        if inner:  # the text of a SyntaxError has a place of its own
            last = inner[-1]
            return Raised(last.exception, last.message, (*self._frames, *last.frames), last.parts)
        text = "\n".join(_outdented(self._error)).strip("\n")
        match = EXCEPTION.match(text)
        if match and (
            _is_exception(match["name"]) or match["name"].split(".")[-1] == exception.split(".")[-1]
        ):
            exception, text = match["name"], match["message"] or ""
        elif text:
            exception = exception or "AssertionError"  # pytest leaves the name out before "assert ..."
        return Raised(exception, text or message or "", tuple(self._frames))


def _outdented(lines: Sequence[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:].rstrip() for line in lines]


def _is_exception(name: str) -> bool:
    last = name.split(".")[-1]
    return last[:1].isupper() and not last.endswith("Warning")
