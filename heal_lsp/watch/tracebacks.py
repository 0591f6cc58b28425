"""Failures from a traceback that a person pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from heal_lsp.core.model import Failure, FailureKind, Frame
from heal_lsp.watch.pytest_output import TestStory, read_pytest
from heal_lsp.watch.python_traceback import Raised, read_tracebacks
from heal_lsp.watch.report_format import MAX_MESSAGE, is_workspace_path, shorten_frames
from heal_lsp.watch.workspace_paths import WorkspacePaths, is_own_code

MAX_TEXT = 2_000_000
"""Characters that are looked at; of a longer text, the last ones."""
MAX_LINE_LENGTH = 5000
MAX_FAILURES = 100

_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_NEWLINE = re.compile(r"\r\n|\n|\r")


def parse_traceback(text: str, root: Path) -> tuple[Failure, ...]:
    """The failures that a text tells of: CPython's tracebacks and pytest's output, also out of a log.

    Of a chain, the last exception counts; of a group, each exception in it. Paths inside ``root`` become
    relative to it. A failure is placed at its deepest frame in the project's own code; without any, its path
    is empty and its line 0. A text that tells of none gives an empty tuple. Never raises.
    """
    plain = _CONTROL.sub("", _TERMINAL.sub("", text[-MAX_TEXT:]))
    lines = [line[:MAX_LINE_LENGTH] for line in _NEWLINE.split(plain)]
    paths = WorkspacePaths(root)
    stories = read_pytest(lines) if _may_be_pytest(lines) else []
    if not stories:
        stories = [TestStory(each, "run", None) for each in read_tracebacks(lines)]
    failures = [
        _failure(leaf, story, paths) for story in stories[:MAX_FAILURES] for leaf in _leaves(story.raised, ())
    ]
    return tuple(dict.fromkeys(failures))[:MAX_FAILURES]


def _may_be_pytest(lines: Sequence[str]) -> bool:
    """pytest's marks stand at the start of a line; a traceback behind a log's prefix has none there."""
    marks = re.compile(
        r"E(?:   |$)|_{3,} \S.* _{3,}$|={3,} (?:FAILURES|ERRORS) ={3,}$|\S+?:\d+: (?:in \S|[A-Z]\w+)"
    )
    return any(marks.match(line) for line in lines)


def _leaves(raised: Raised, above: tuple[Frame, ...]) -> Iterator[Raised]:
    frames = (*above, *raised.frames)
    if not raised.parts:
        yield Raised(raised.exception, raised.message, frames)
    for part in raised.parts:
        yield from _leaves(part, frames)


def _failure(raised: Raised, story: TestStory, paths: WorkspacePaths) -> Failure:
    frames = _placed(raised.frames, paths)
    own = [
        each for each in frames if is_workspace_path(each.path) and is_own_code(each.path) and _is_real(each)
    ]
    asserted = raised.exception.split(".")[-1] == "AssertionError" or (
        story.phase != "run"
        and raised.exception == "Failed"  # pytest.fail, and pytest.raises that saw nothing
    )
    return Failure(
        kind=FailureKind.ASSERTION if asserted else FailureKind.EXCEPTION,
        exception=raised.exception,
        message=raised.message[:MAX_MESSAGE],
        path=own[-1].path if own else "",
        line=own[-1].line if own else 0,
        frames=shorten_frames(frames),
        test=_test(story.test, paths),
        phase=story.phase,
    )


def _is_real(frame: Frame) -> bool:
    return not frame.path.startswith("<")


def _placed(frames: Sequence[Frame], paths: WorkspacePaths) -> tuple[Frame, ...]:
    found = [paths.relative(each.path) for each in frames]
    if not any(path is not None and is_own_code(path) for path in found):
        found = [here or paths.counterpart(each.path) for here, each in zip(found, frames, strict=True)]
    return tuple(
        Frame(each.path if path is None else path, each.line, each.function)
        for path, each in zip(found, frames, strict=True)
    )


def _test(test: str | None, paths: WorkspacePaths) -> str | None:
    if test is None:
        return None
    file, _, rest = test.partition("::")
    path = paths.relative(file)
    return f"{path}::{rest}" if path is not None and is_workspace_path(path) else None
