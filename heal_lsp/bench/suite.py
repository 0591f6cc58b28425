"""A suite: one JSON object a line, each a small project with a bug, its tests, and more tests to judge by."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import attrs


class SuiteError(Exception):
    """A suite or an option is no good. The message is one sentence: what is wrong, where, and what to do."""


@attrs.frozen
class Record:
    """One bug. Paths are relative to the project's folder."""

    id: str
    path: str
    """File of the function with the bug."""
    function: str
    """Its qualified name."""
    files: Mapping[str, str]
    """The project with the bug and its visible tests."""
    held_out: Mapping[str, str]
    """Further tests, which no proposer sees."""

    @property
    def visible_tests(self) -> tuple[str, ...]:
        """The test files among the project's files."""
        return tuple(each for each in self.files if is_test(each))

    @property
    def held_out_tests(self) -> tuple[str, ...]:
        """The test files among the held-out files."""
        return tuple(each for each in self.held_out if is_test(each))

    @property
    def line(self) -> int:
        """The line of the function's ``def``."""
        return _line(self.files[self.path], self.function) or 0


def is_test(path: str) -> bool:
    """Whether pytest collects a file of this name."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def read_suite(path: Path, limit: int | None = None) -> tuple[Record, ...]:
    """The records of a suite, the first ``limit`` of them.

    Raises:
        SuiteError: the file is missing or empty, or a line is no record.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SuiteError(
            f"The suite {path} cannot be read ({reason}); give the path of a .jsonl file."
        ) from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"The suite {path} is no UTF-8 text; give the path of a .jsonl file.") from error
    records: list[Record] = []
    for number, line in enumerate(text.splitlines(), 1):
        if limit is not None and len(records) >= limit:
            break
        if line.strip():
            records.append(_record(line, f"{path}, line {number}"))
    if not records:
        raise SuiteError(f"The suite {path} holds no record; each line must be one JSON object.")
    return tuple(records)


def _record(line: str, place: str) -> Record:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise SuiteError(f"{place} is no JSON ({error}); each line must be one JSON object.") from error
    if not isinstance(data, dict):
        raise SuiteError(f"{place} is no JSON object; each line must be one.")
    name = data.get("id")
    if not isinstance(name, str) or not name:
        raise SuiteError(f'{place} has no "id"; it must be a string that names the record.')
    path, _, function = str(data.get("target", "")).partition("::")
    record = Record(name, path, function, _files(data, "files", place), _files(data, "held_out", place))
    if path not in record.files or _line(record.files[path], function) is None:
        raise SuiteError(f'{place}: "target" must be "file::function" of one of the record\'s files.')
    if not record.visible_tests:
        raise SuiteError(f'{place}: "files" must hold at least one test file (test_*.py).')
    return record


def _files(data: Mapping[str, Any], field: str, place: str) -> dict[str, str]:
    found = data.get(field, {} if field == "held_out" else None)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise SuiteError(f'{place}: "{field}" must map paths to texts.')
    for path in found:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
            raise SuiteError(f'{place}: "{field}" has the path {path!r}, which leaves the project\'s folder.')
    return dict(found)


def _line(text: str, qualname: str) -> int | None:
    """The line of a function by its qualified name, or by its bare name where that is the only one."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found: dict[str, int] = {}

    def look(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{prefix}{child.name}"
                if not isinstance(child, ast.ClassDef):
                    found.setdefault(name, child.lineno)
                look(child, f"{name}.")
            else:
                look(child, prefix)

    look(tree, "")
    if qualname in found:
        return found[qualname]
    same = [line for name, line in found.items() if name.rpartition(".")[2] == qualname]
    return same[0] if len(same) == 1 else None
