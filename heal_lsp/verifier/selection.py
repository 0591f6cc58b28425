"""Which tests to run, and from which folder pytest runs them."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import attrs

_MAX_DEPTH = 4
CONFIG_FILES = (
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""The files that pytest may take its settings from."""
_ALWAYS = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")


@attrs.frozen
class Group:
    """Tests that share the folder from which pytest runs them."""

    folder: str
    """Workspace-relative; empty for the workspace folder itself."""
    tests: tuple[str, ...]
    """Test ids, files or folders; empty means whatever pytest is configured to collect."""
    files: tuple[str, ...]
    """What pytest is told to collect, relative to ``folder``."""
    ignored: tuple[str, ...] = ()
    """What pytest is told to leave out, relative to ``folder``: it belongs to another group."""


@attrs.frozen
class Selected:
    """The tests that can be asked for, and those that cannot."""

    groups: tuple[Group, ...]
    missing: tuple[str, ...] = ()
    """Ids whose file does not exist, or that are no ids at all."""


def select(
    root: Path, tests: Iterable[str], texts: Mapping[str, str], test_paths: tuple[str, ...] = ()
) -> Selected:
    """Sort tests by the folder from which they run. No test at all means the whole workspace."""
    wanted = tuple(dict.fromkeys(tests))
    if not wanted:
        kept = tuple(each for each in test_paths if is_inside(each) and (root / each).exists())
        nested = () if kept or configures_pytest(root) else nested_projects(root)
        return Selected((Group("", kept, kept, nested), *(Group(each, (), ()) for each in nested)))
    missing = []
    known: dict[str, bool] = {}
    groups: dict[str, list[str]] = {}
    for each in wanted:
        path = each.partition("::")[0]
        if not is_inside(path) or not (path in texts or (root / path).exists()):
            missing.append(each)
            continue
        groups.setdefault(rootdir(root, path, known), []).append(each)
    return Selected(tuple(_group(folder, ids) for folder, ids in groups.items()), tuple(missing))


def _group(folder: str, ids: list[str]) -> Group:
    files = dict.fromkeys(each.partition("::")[0] for each in ids)
    inner = tuple(str(PurePosixPath(each).relative_to(folder)) if folder else each for each in files)
    return Group(folder, tuple(ids), inner)


def is_inside(path: str) -> bool:
    """Whether a path names something in the workspace and cannot be taken for an option."""
    parts = PurePosixPath(path).parts
    return bool(path) and not path.startswith(("-", "/")) and ".." not in parts and "\0" not in path


def rootdir(root: Path, path: str, known: dict[str, bool] | None = None) -> str:
    """The nearest folder above a test file that configures pytest, workspace-relative; else the workspace.

    ``known`` takes up what was found out about folders, for the next file.
    """
    known = {} if known is None else known
    for each in PurePosixPath(path).parents:
        folder = "" if str(each) == "." else str(each)
        if folder not in known:
            known[folder] = configures_pytest(root / folder)
        if known[folder]:
            return folder
    return ""


def configures_pytest(folder: Path) -> bool:
    """Whether pytest would take its settings from a file in this folder."""
    if any((folder / name).is_file() for name in _ALWAYS):
        return True
    pyproject = _text(folder / "pyproject.toml")
    if re.search(r"^\s*\[\s*tool\s*\.\s*pytest\b", pyproject, re.MULTILINE):
        return True
    return _has_section(folder / "tox.ini", "pytest") or _has_section(folder / "setup.cfg", "tool:pytest")


def nested_projects(root: Path) -> tuple[str, ...]:
    """The topmost folders of a workspace that configure pytest for themselves, workspace-relative."""
    found = []
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        if depth and configures_pytest(folder):
            found.append(folder.relative_to(root).as_posix())
        elif depth < _MAX_DEPTH and not (folder / "pyvenv.cfg").exists():
            waiting += [(each, depth + 1) for each in _subfolders(folder)]
    return tuple(sorted(found))


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder / each for each in names if not each.startswith((".", "__")) and each != "node_modules"]


def _has_section(path: Path, section: str) -> bool:
    text = _text(path)
    if not text:
        return False
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return False
    return parser.has_section(section)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if os.path.isfile(path) else ""
    except OSError:
        return ""
