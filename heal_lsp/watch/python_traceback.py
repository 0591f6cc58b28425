"""The layout of CPython's tracebacks: headers, frames, chains, groups, behind whatever a log prefixed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from heal_lsp.core.model import Frame

MAX_GROUP_DEPTH = 20
MAX_MESSAGE_LINES = 500

HEADER = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):?\s*$")
CHAIN = re.compile(
    r"(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):?\s*$"
)
FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d{1,9})(?:, in (?P<function>.+?))?\s*$')
EXCEPTION = re.compile(
    r"(?P<name>[^\W\d]\w*(?:\.(?:<locals>|[^\W\d]\w*))*)(?::(?: (?P<message>.*))?)?\s*$", re.DOTALL
)
_MARKERS = re.compile(r"[\s~^]+$")
_FIRST_PART = re.compile(r"(?P<lead>\s*(?:\|\s*)*(?:\+-)?)\+-{8,} 1 -{8,}\s*$")
_PART = re.compile(r"\+-{8,}(?P<number> (?:\d+|\.\.\.) -{8,})?\s*$")
_AFTERWARDS = re.compile(
    r"(?=[=_-]{3}).*[=_-]{3}$|\d{4}-\d\d-\d\d[ T]\d\d:|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b[ :]"
    r"|(?:\$|>>>|%|PS [^>]*>)(?: |$)|Process finished with exit code|\[\d{4}-\d\d-\d\d"
)
"""A line that no longer belongs to an exception's message: a rule, a log record, a prompt."""


@attrs.frozen
class Raised:
    """One exception as a traceback tells it; its frames name files as the text does, outermost first."""

    exception: str
    message: str
    frames: tuple[Frame, ...]
    parts: tuple[Raised, ...] = ()
    """What an exception group holds."""


def read_tracebacks(lines: Sequence[str]) -> list[Raised]:
    """The exceptions that reached the end of each chain, in the order of the text."""
    return _read(lines, 0)


def _read(lines: Sequence[str], depth: int) -> list[Raised]:
    found: list[Raised] = []
    chained = remote = False
    index = 0
    while index < len(lines):
        block = _Block.at(lines, index)
        if block is None:
            chained = chained or CHAIN.search(lines[index]) is not None
            index += 1
            continue
        quoted = index > 0 and lines[index - 1].endswith('"""')  # what a process of a pool sent back
        raised, index = block.read(depth)
        if raised is not None:
            if chained and found:
                cause = found.pop()
                raised = attrs.evolve(raised, frames=raised.frames + cause.frames) if remote else raised
            found.append(raised)
            chained, remote = False, quoted
    return found


def _part(lines: Sequence[str], depth: int) -> Raised | None:
    """What one numbered part of a group holds. An exception that was never raised has no traceback."""
    if found := _read(lines, depth):
        return found[-1]
    text = "\n".join(lines).strip()
    match = EXCEPTION.match(text)
    return Raised(match["name"], match["message"] or "", ()) if match else None


@attrs.define
class _Block:
    """A traceback that starts at a line, behind a prefix that the lines below it may repeat."""

    lines: Sequence[str]
    index: int
    prefix: str
    repeated: bool = False

    @classmethod
    def at(cls, lines: Sequence[str], index: int) -> _Block | None:
        line = lines[index]
        if header := HEADER.search(line):
            return cls(lines, index + 1, line[: header.start()])
        if frame := FRAME.search(line):
            return cls(lines, index, line[: frame.start()].removesuffix("  "))
        return None

    def read(self, depth: int) -> tuple[Raised | None, int]:
        """The exception, None for a header alone, and the index of the line after it."""
        frames = self._frames()
        name, message = self._exception()
        parts: list[Raised | None] = []
        if self.index < len(self.lines) and _FIRST_PART.match(self.lines[self.index]):
            sections = self._sections()
            if depth < MAX_GROUP_DEPTH:
                parts = [_part(section, depth + 1) for section in sections]
        told = tuple(each for each in parts if each is not None)
        if not frames and not told:
            return None, self.index
        return Raised(name or "Exception", message, tuple(frames), told), self.index

    def _frames(self) -> list[Frame]:
        frames: list[Frame] = []
        flat = False  # the text lost its indentation: the line after a frame is its source
        while self.index < len(self.lines):
            line, carried = self._bare(self.lines[self.index])
            if frame := FRAME.match(line.lstrip()):
                frames.append(Frame(frame["path"], int(frame["line"]), frame["function"] or "<module>"))
                self.repeated = self.repeated or (carried and bool(self.prefix))
                flat = flat or not line.startswith(" ")
                self.index += 1
                if flat and self._is_source():
                    self.index += 1
            elif HEADER.search(line) or not (line[:1].isspace() or not line or _is_told_flat(flat, line)):
                break
            else:
                self.index += 1
        return frames

    def _is_source(self) -> bool:
        if self.index >= len(self.lines):
            return False
        line, _ = self._bare(self.lines[self.index])
        match = EXCEPTION.match(line)
        return match is None or not match["name"].endswith(("Error", "Exception"))

    def _exception(self) -> tuple[str, str]:
        if self.index >= len(self.lines) or HEADER.search(self.lines[self.index]):
            return "", ""
        line, _ = self._bare(self.lines[self.index])
        match = EXCEPTION.match(line)
        if match is None:
            return "", ""
        self.index += 1
        message = [match["message"] or ""]
        while self.index < len(self.lines) and len(message) < MAX_MESSAGE_LINES:
            line, carried = self._bare(self.lines[self.index])
            if self._ends(line, carried):
                break
            message.append(line)
            self.index += 1
        return match["name"], "\n".join(message).strip("\n").rstrip()

    def _ends(self, line: str, carried: bool) -> bool:
        if self.repeated and line.strip() and not carried:
            return True
        raw = self.lines[self.index]
        return any(pattern.search(line) for pattern in (HEADER, CHAIN)) or any(
            pattern.match(each) for pattern in (_FIRST_PART, _AFTERWARDS) for each in (line, raw)
        )

    def _bare(self, line: str) -> tuple[str, bool]:
        """The line without the prefix, and whether it had it. Digits may vary, as the time in a log does."""
        size = len(self.prefix)
        if _shape(line[:size]) == _shape(self.prefix):
            return line[size:], True
        if line.strip() and _shape(self.prefix).startswith(_shape(line)):
            return "", True
        return line, False

    def _sections(self) -> list[list[str]]:
        """The lines of each part of a group, without the group's own margin."""
        first = _FIRST_PART.match(self.lines[self.index])
        column = len(first["lead"]) if first else 0
        sections: list[list[str]] = [[]]
        self.index += 1
        while self.index < len(self.lines):
            line = self.lines[self.index]
            if line.strip() and (line[:column].strip(" |+-") or line[column:].lstrip()[:1] not in ("|", "+")):
                break
            self.index += 1
            rule = _PART.match(line[column:])
            if rule is None:
                sections[-1].append(line[column + 2 :])
            elif rule["number"] is None:
                break
            else:
                sections.append([])
        return sections


def _is_told_flat(flat: bool, line: str) -> bool:
    return flat and (_MARKERS.match(line) is not None or line.startswith("[Previous line repeated"))


def _shape(text: str) -> str:
    return re.sub(r"\d", "0", text).replace("+", "|")
