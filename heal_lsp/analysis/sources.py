"""The texts of one workspace as a snapshot shows them, parsed, and what their paths say about them."""

from __future__ import annotations

import ast
import os
import posixpath
import stat
import threading
from collections import OrderedDict
from pathlib import Path

import attrs

from heal_lsp.analysis import spans
from heal_lsp.core.model import Snapshot, Target
from heal_lsp.core.rails import is_test_file
from heal_lsp.core.syntax import parse, statements
from heal_lsp.core.text import decode, line_starts

MAX_BYTES = 5_000_000
"""Larger files are not read."""

_FOREIGN = frozenset(
    [".venv", "venv", ".tox", ".nox", "site-packages", "dist-packages", "node_modules", "__pypackages__"]
)
_TEST_FOLDERS = frozenset(["tests", "test"])
_TEST_NAMES = frozenset(["tests.py", "test.py"])


@attrs.frozen(eq=False)
class Module:
    """A parsed file. ``tree`` is None when it does not parse; then ``error`` says why."""

    path: str
    text: str
    tree: ast.Module | None
    error: SyntaxError | None
    functions: tuple[Target, ...]
    starts: tuple[int, ...]
    """Byte offsets of the lines."""
    imports: tuple[ast.Import | ast.ImportFrom, ...] = ()
    """The import statements, those in functions too, the last first."""

    def function_at(self, line: int) -> Target | None:
        """The innermost function whose lines hold the line."""
        return spans.innermost(self.functions, line, self.starts)

    def target_of(self, node: ast.AST) -> Target | None:
        """The target of a function node of this module's tree."""
        line = getattr(node, "lineno", 0)
        name = getattr(node, "name", "")
        return next((each for each in self.functions if each.line == line and each.name == name), None)


class Parsed:
    """Parsed files by their text, the least recently used forgotten first. May be used by several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[str, str], Module] = OrderedDict()
        self._lock = threading.Lock()

    def module(self, path: str, text: str) -> Module:
        """The parsed text."""
        key = (path, text)
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        made = _module(path, text)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made


def _module(path: str, text: str) -> Module:
    starts = tuple(line_starts(text))
    try:
        tree = parse(text)
    except SyntaxError as error:
        return Module(path, text, None, error, spans.recovered(text, path), starts)
    return Module(path, text, tree, None, spans.of_tree(text, path, tree), starts, _imports(tree))


def _imports(tree: ast.Module) -> tuple[ast.Import | ast.ImportFrom, ...]:
    found = [each for each in statements(tree) if isinstance(each, (ast.Import, ast.ImportFrom))]
    return tuple(reversed(found))


class Sources:
    """Reads a workspace for one question: what was read once is not read again.

    Paths are relative to the workspace folder; others are answered with None.
    """

    def __init__(self, snapshot: Snapshot, parsed: Parsed) -> None:
        self.root = snapshot.root
        self._texts = snapshot.texts
        self._parsed = parsed
        self._read: dict[str, str | None] = {}
        self._files: dict[str, bool] = {}
        self._folders: dict[str, bool] = {}

    def relative(self, path: str) -> str | None:
        """A path as the records write it, or None for one outside the workspace."""
        if not posixpath.isabs(path):
            plain = posixpath.normpath(path)
            return None if plain.startswith("../") or plain in ("..", ".") else plain
        try:
            for root, absolute in ((self.root, path), (os.path.realpath(self.root), os.path.realpath(path))):
                inside = os.path.relpath(absolute, root)
                if not inside.startswith("..") and inside != ".":
                    return Path(inside).as_posix()
        except ValueError:  # a NUL byte, or another drive
            pass
        return None

    def text(self, path: str) -> str | None:
        """The text of a file: the editor's if it has one, else the disk's."""
        if path in self._texts:
            return self._texts[path]
        if path not in self._read:
            self._read[path] = self._from_disk(path)
        return self._read[path]

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        if path not in self._files:
            self._files[path] = path in self._texts or os.path.isfile(os.path.join(self.root, path))
        return self._files[path]

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder, on disk or around one of the editor's texts."""
        if path not in self._folders:
            below = path.rstrip("/") + "/"
            self._folders[path] = os.path.isdir(os.path.join(self.root, path)) or any(
                each.startswith(below) for each in self._texts
            )
        return self._folders[path]

    def module(self, path: str) -> Module | None:
        """The parsed file, or None when it cannot be read."""
        text = self.text(path)
        return None if text is None else self._parsed.module(path, text)

    def reading(self, path: str, text: str) -> Module:
        """A text parsed as if it stood in the file."""
        return self._parsed.module(path, text)

    def _from_disk(self, path: str) -> str | None:
        place = os.path.join(self.root, path)
        try:
            found = os.stat(place)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                return None
            return decode(Path(place).read_bytes())[0]
        except (OSError, ValueError, SyntaxError):
            return None

    def is_foreign(self, path: str) -> bool:
        """Whether a file of the workspace belongs to an installed package or an environment."""
        folders = path.split("/")[:-1]
        if _FOREIGN & set(folders):
            return True
        parents = ["/".join(folders[: count + 1]) for count in range(len(folders))]
        return any(self.exists(f"{each}/pyvenv.cfg") for each in parents)


def is_test_code(path: str, test: str | None = None) -> bool:
    """Whether a file is there for tests: by its name, its folder, or because it defines the failing test."""
    if is_test_file(path, () if test is None or is_doctest(test) else (test,)):
        return True
    *folders, name = path.split("/")
    return name in _TEST_NAMES or bool(_TEST_FOLDERS & set(folders))


def is_doctest(test: str) -> bool:
    """Whether a test id names a docstring's or text file's examples: ``mod.py::mod.f``, ``a.md::a.md``."""
    path, _, rest = test.partition("::")
    if not path.endswith(".py"):
        return bool(rest)
    module = posixpath.splitext(posixpath.basename(path))[0]
    if module == "__init__":
        module = posixpath.basename(posixpath.dirname(path))
    if "::" in rest or "[" in rest or module not in rest.split("."):
        return False
    return "." in rest or not is_test_file(path)  # a test may be called like its file
