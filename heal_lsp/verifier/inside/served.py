"""Other texts in place of those on the disk, for an interpreter whose files cannot be replaced.

Standard library only, Python 3.9 up. Imports, ``open``, ``linecache`` and ``inspect``, and with them pytest's
rewriting of assertions, get the served text of a file. What reads by descriptor, and other programs, see the disk.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.machinery
import importlib.util
import io
import linecache
import os
import pathlib
import shutil
import sys
import tokenize
from collections.abc import Sequence
from typing import Any

_texts: dict[str, bytes] = {}
_names: set[str] = set()
_root = ""
_open = io.open
_external: Any = sys.modules[importlib.machinery.SourceFileLoader.__module__]
_get_data = _external.FileLoader.get_data
_path_stats = importlib.machinery.SourceFileLoader.path_stats


def install(root: str, texts: dict[str, bytes]) -> None:
    """From now on, serve these texts of the workspace's files."""
    global _root
    _root = root
    add(texts)
    builtins.open = io.open = open_served  # type: ignore[assignment, unused-ignore]
    tokenize._builtin_open = open_served  # type: ignore[attr-defined]
    accessor: Any = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10
    if getattr(accessor, "open", None) is _open:
        accessor.open = staticmethod(open_served)
    _external.FileLoader.get_data = _data
    importlib.machinery.SourceFileLoader.path_stats = _stats  # type: ignore[method-assign, unused-ignore]
    sys.meta_path.insert(0, NewModules())
    _copy_no_modes()


def add(texts: dict[str, bytes]) -> None:
    """Serve these texts, by workspace-relative path, besides those that are served already."""
    real = os.path.realpath(_root)
    for path, data in texts.items():
        full = os.path.realpath(os.path.join(real, path))
        if not full.startswith(real + os.sep):
            raise ValueError(f"{path} is outside the workspace")
        for each in (full, os.path.normpath(os.path.join(_root, path))):
            _texts[each] = data
            linecache.cache.pop(each, None)
        _names.add(os.path.basename(full))
        _names.add(os.path.basename(path))


def find(path: Any) -> bytes | None:
    """The served text of a file, if there is one."""
    try:
        name = os.fsdecode(path)
    except TypeError:
        return None  # a descriptor
    if os.path.basename(name) not in _names:
        return None
    full = os.path.abspath(name)
    found = _texts.get(full)
    return _texts.get(os.path.realpath(full)) if found is None else found


class _Served(io.BytesIO):
    """A served text, as an open file."""

    def __init__(self, data: bytes, name: Any) -> None:
        super().__init__(data)
        self.name = name

    def writable(self) -> bool:
        return False


def open_served(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """``open``, for which a served text is what a file holds."""
    if "r" in mode and "+" not in mode:
        data = find(file)
        if data is not None:
            sys.audit("open", file, mode, os.O_RDONLY)
            served = _Served(data, file)
            return served if "b" in mode else io.TextIOWrapper(served, encoding, errors, newline)
        if _is_stale(file):
            raise FileNotFoundError(2, os.strerror(2), file)
    return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)


def _is_stale(file: Any) -> bool:
    """Whether it is the compiled form of a file whose text is served."""
    try:
        name = os.fsdecode(file)
    except TypeError:
        return False
    folder, compiled = os.path.split(name)
    if not compiled.endswith(".pyc") or os.path.basename(folder) != "__pycache__":
        return False
    source = compiled.partition(".")[0] + ".py"
    return source in _names and find(os.path.join(os.path.dirname(folder), source)) is not None


def _data(self: Any, path: str) -> bytes:
    found = find(path)
    return bytes(_get_data(self, path)) if found is None else found


def _stats(self: Any, path: str) -> Any:
    if find(path) is not None:
        raise OSError("it is served, so that what was compiled of it before does not count")
    return _path_stats(self, path)


class NewModules:
    """Finds modules whose files are served and not on the disk."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        """The module's spec; None when it is not served, or another place comes first."""
        tail = name.rpartition(".")[2]
        if tail + ".py" not in _names and "__init__.py" not in _names:
            return None
        for entry in sys.path if path is None else path:
            folder = os.path.join(os.path.abspath(entry or os.getcwd()), tail)
            package, module = os.path.join(folder, "__init__.py"), folder + ".py"
            for each, inside in ((package, [folder]), (module, None)):
                if find(each) is not None and not os.path.exists(each):
                    return importlib.util.spec_from_file_location(
                        name, each, submodule_search_locations=inside
                    )
            if importlib.machinery.PathFinder.find_spec(name, [entry]) is not None:
                return None
        return None

    @staticmethod
    def invalidate_caches() -> None:
        """Nothing is kept."""


def _copy_no_modes() -> None:
    """Modes and times of files cannot be set here: have ``shutil`` copy files without them rather than fail."""
    for name in ("copymode", "copystat"):
        setattr(shutil, name, _forgiving(getattr(shutil, name)))


def _forgiving(function: Any) -> Any:
    def copied(*arguments: Any, **keywords: Any) -> None:
        with contextlib.suppress(PermissionError):
            function(*arguments, **keywords)

    return copied
