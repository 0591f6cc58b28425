"""The bytes of a report file: written, and read without trusting them.

What is dangerous in a report (a node id that pytest would take for an option, a path that leaves the
workspace) refuses the whole report. What is merely too long is shortened, and what lies behind a link out of
the workspace, as the tests of a shared folder may, is left out.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import attrs
import cattrs
from cattrs.preconf.json import make_converter

from heal_lsp.core.model import (
    Failure,
    FailureKind,
    Frame,
    Obstacle,
    ObstacleKind,
    Report,
    TestOutcome,
    TestResult,
    Value,
)

MAX_NESTED = 2_000_000
"""Lists and objects in one file, counted before it is parsed: each takes far more memory than bytes."""
MAX_TESTS = 200_000
MAX_ERRORS = 20_000
MAX_COVERED_LINES = 5_000_000
MAX_LINE = 100_000_000
MAX_SECONDS = 1e11
MAX_NAME = 4096
"""Characters of a node id or a path."""
MAX_MESSAGE = 20_000
MAX_OUTPUT = 200_000
MAX_WORD = 500
MAX_FRAMES = 200
MAX_VALUES = 200
MAX_ARGUMENTS = 1000

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BREAKS_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadReport(ValueError):
    """A report that must not be believed; the message is one sentence."""


def encode_report(report: Report) -> bytes:
    """The content of a report file."""
    return json.dumps(_CONVERTER.unstructure(report), allow_nan=False, separators=(",", ":")).encode("ascii")


def decode_report(data: bytes, root: Path) -> Report:
    """Read the content of a report file on the workspace ``root``.

    The result names the workspace as ``root`` does, however the report spelled the folder.

    Raises:
        BadReport: the content is no report, or names what lies outside the workspace.
    """
    if data.count(b"[") + data.count(b"{") > MAX_NESTED:
        raise BadReport(f"It holds more than {MAX_NESTED} lists and objects.")
    try:
        tree = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise BadReport("Its JSON is nested too deeply.") from None
    except ValueError as error:
        raise BadReport(f"It is not valid JSON ({_first_line(str(error))}).") from None
    try:
        report = _CONVERTER.structure(tree, Report)
    except Exception as error:  # cattrs lets through whatever a field's type raises
        raise BadReport(f"It does not have the form of a report ({_first_line(repr(error))}).") from None
    return _Vetting(root).report(report)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _first_line(text: str) -> str:
    return _CONTROL.sub(" ", text.splitlines()[0] if text else "")[:200]


def _exactly(*kinds: type) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"{kinds[0].__name__} expected, {type(value).__name__} found")
        return value

    return hook


def _seconds(value: Any, _: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= MAX_SECONDS:
        raise TypeError("a time in seconds expected")
    return float(value)


def _strict_converter() -> cattrs.Converter:
    """cattrs alone turns ``"12"`` into 12 and any value into a string; a foreign file gets no such help."""
    converter = make_converter(detailed_validation=False)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    for enum in (
        TestOutcome,
        FailureKind,
        ObstacleKind,
    ):  # strings too, which the hook above would leave plain
        converter.register_structure_hook(enum, lambda value, kind: kind(value))
    converter.register_structure_hook(float, _seconds)
    return converter


_CONVERTER = _strict_converter()


class _Vetting:
    """Checks the names of one report against one workspace."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._known: dict[str, bool] = {}

    def report(self, report: Report) -> Report:
        self._same_folder(report.root)
        if len(report.tests) > MAX_TESTS or len(report.errors) > MAX_ERRORS:
            raise BadReport(f"It names more than {MAX_TESTS} tests or {MAX_ERRORS} errors.")
        return attrs.evolve(
            report,
            root=str(self._root),
            source=_text(report.source, MAX_WORD),
            python=_text(report.python, MAX_WORD),
            output=_text(report.output, MAX_OUTPUT),
            isolation=_text(report.isolation, MAX_WORD),
            tests=tuple(self._test(each) for each in report.tests if self._is_of_here(each.id)),
            errors=tuple(self._failure(each) for each in report.errors if self._is_of_here(each.test)),
            digests={path: name for path, name in report.digests.items() if self._is_named(path, name)},
            coverage=self._coverage(report),
            obstacle=None if report.obstacle is None else _obstacle(report.obstacle),
        )

    def _same_folder(self, root: str) -> None:
        try:
            same = os.path.isabs(root) and os.path.samefile(root, self._real)
        except (OSError, ValueError):
            same = False
        if not same:
            raise BadReport(f"It is about another folder, {root!r:.200}.")

    def _coverage(self, report: Report) -> dict[str, dict[str, tuple[int, ...]]]:
        if (
            sum(len(each) for files in report.coverage.values() for each in files.values())
            > MAX_COVERED_LINES
        ):
            raise BadReport(f"Its coverage lists more than {MAX_COVERED_LINES} lines.")
        for files in report.coverage.values():
            for covered in files.values():
                _check_lines(covered)
        return {
            test: {path: covered for path, covered in files.items() if self._is_inside(path)}
            for test, files in report.coverage.items()
            if self._is_of_here(test)
        }

    def _is_named(self, path: str, name: str) -> bool:
        if not _DIGEST.fullmatch(name):
            raise BadReport(f"Its digest of {path!r:.200} is no SHA-256.")
        return self._is_inside(path)

    def _test(self, test: TestResult) -> TestResult:
        if test.failure is None:
            return test
        if test.failure.test is not None and test.failure.test != test.id:
            raise BadReport(f"The failure of test {test.id!r:.200} names another test.")
        return attrs.evolve(test, failure=self._failure(test.failure))

    def _failure(self, failure: Failure) -> Failure:
        _check_lines((failure.line,))
        here = bool(failure.path) and self._is_inside(failure.path)
        return attrs.evolve(
            failure,
            path=failure.path if here else "",
            line=failure.line if here else 0,
            exception=_text(_first_line(failure.exception), MAX_WORD),
            message=_text(failure.message, MAX_MESSAGE),
            frames=shorten_frames([self._frame(each) for each in failure.frames if self._is_told(each)]),
            command=tuple(_text(each, MAX_NAME) for each in failure.command[:MAX_ARGUMENTS]),
            values=tuple(
                Value(_text(each.name, MAX_WORD), _text(each.text, MAX_MESSAGE))
                for each in failure.values[:MAX_VALUES]
            ),
            phase=_text(failure.phase, MAX_WORD),
        )

    def _is_told(self, frame: Frame) -> bool:
        """Compiled extensions give relative names that lead nowhere; such a frame is merely left out."""
        return _is_absolute(frame.path) or (is_workspace_path(frame.path) and self._is_inside(frame.path))

    def _frame(self, frame: Frame) -> Frame:
        _check_lines((frame.line,))
        return Frame(_text(frame.path, MAX_NAME), frame.line, _text(_first_line(frame.function), MAX_WORD))

    def _is_of_here(self, test: str | None) -> bool:
        """pytest reads an argument with a leading ``-`` as an option, with ``@`` as a file of arguments."""
        if test is None:
            return True
        if len(test) > MAX_NAME or _BREAKS_A_LINE.search(test):
            raise BadReport(f"The test id {test!r:.200} is too long or spans lines.")
        return self._is_inside(test.split("::", 1)[0])

    def _is_inside(self, path: str) -> bool:
        """Whether no link on the way leads out of the workspace. The path itself must not try to."""
        if path not in self._known:
            if not is_workspace_path(path):
                raise BadReport(f"It names {path!r:.200}, which is no plain path inside the workspace.")
            self._known[path] = self._stays(path)
        return self._known[path]

    def _stays(self, path: str) -> bool:
        try:
            real = os.path.realpath(os.path.join(self._real, path))
            return os.path.commonpath([self._real, real]) == self._real
        except (OSError, ValueError):
            return False


def is_workspace_path(path: str) -> bool:
    """Whether a text is a plain relative POSIX path that stays in its folder and looks like no option."""
    if not path or len(path) > MAX_NAME or path[0] in "-@/" or _BREAKS_A_LINE.search(path):
        return False
    return "\\" not in path and not _is_absolute(path) and not {"", ".", ".."} & set(path.split("/"))


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or _DRIVE.match(path) is not None


def shorten_frames(frames: Collection[Frame]) -> tuple[Frame, ...]:
    """At most :data:`MAX_FRAMES` frames: the outermost and the innermost, which tell the most."""
    kept = tuple(frames)
    half = MAX_FRAMES // 2
    return kept if len(kept) <= MAX_FRAMES else kept[:half] + kept[-half:]


def _check_lines(lines: Iterable[int]) -> None:
    if not all(0 <= line <= MAX_LINE for line in lines):
        raise BadReport("It has a line number that no file has.")


def _text(text: str, limit: int) -> str:
    """A text that can be shown anywhere: no terminal controls, no halves of characters, of bounded length."""
    plain = _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _obstacle(obstacle: Obstacle) -> Obstacle:
    return attrs.evolve(
        obstacle,
        message=_text(obstacle.message, MAX_MESSAGE),
        hint=_text(obstacle.hint, MAX_MESSAGE),
        detail=_text(obstacle.detail, MAX_MESSAGE),
    )
