"""Which file of the workspace an import means."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from heal_lsp.analysis.sources import Module, Sources
from heal_lsp.core.pytest_config import Projects

_REACHED = 80
"""How many modules are looked at from one file on."""


class Modules:
    """Finds modules of one workspace, each named by its path without ``.py``, a package by its folder."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._found: dict[tuple[str, str, int], str | None] = {}
        self._places: dict[str, list[str]] = {}

    def find(self, dotted: str, importer: str, level: int) -> str | None:
        """The module of an import statement in the file ``importer``; None when it is not of the workspace.

        ``level`` counts the dots of a relative import.
        """
        key = (dotted, posixpath.dirname(importer), level)
        if key not in self._found:
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, dotted: str, folder: str, level: int) -> str | None:
        below = dotted.replace(".", "/")
        if level:
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            path = posixpath.join(folder, below) if below else folder
            return path if not below or self.exists(path) else None
        places = (posixpath.join(base, below) for base in self._bases(folder))
        return next((each for each in places if self.exists(each)), None)

    def exists(self, path: str) -> bool:
        """Whether there is such a module, package or plain folder."""
        is_file = self._sources.exists(f"{path}.py") or self._sources.exists(f"{path}/__init__.py")
        return is_file or self._sources.is_folder(path)

    def texts(self, path: str) -> Iterator[Module]:
        """The parsed file of a module or package; nothing for a plain folder."""
        for each in (f"{path}.py", posixpath.join(path, "__init__.py")):
            module = self._sources.module(each) if self._sources.exists(each) else None
            if module is not None:
                yield module

    def reached(self, module: Module) -> Iterator[Module]:
        """The workspace's modules that a file imports, and those that they import; the nearest first.

        The conftest.py files that pytest loads for it count as imported.
        """
        seen = {module.path}
        waiting = [*self._conftests(module.path), module]
        while waiting and len(seen) < _REACHED:
            importer = waiting.pop(0)
            for path in self._imported(importer):
                for found in self.texts(path):
                    if found.path not in seen:
                        seen.add(found.path)
                        waiting.append(found)
                        yield found

    def _imported(self, module: Module) -> Iterator[str]:
        for statement in module.imports:
            if isinstance(statement, ast.Import):
                wanted = [(each.name, 0) for each in statement.names]
            else:
                name = statement.module or ""
                inner = [f"{name}.{each.name}".lstrip(".") for each in statement.names]
                wanted = [(each, statement.level) for each in (name, *inner)]
            for dotted, level in wanted:
                if (path := self.find(dotted, module.path, level)) is not None:
                    yield path

    def _conftests(self, path: str) -> Iterator[Module]:
        folder = path
        while folder:
            folder = posixpath.dirname(folder)
            yield from self.texts(posixpath.join(folder, "conftest"))

    def _bases(self, folder: str) -> list[str]:
        """Folders that an absolute import may start from: pytest's own first, then the usual layouts."""
        if folder not in self._places:
            self._places[folder] = self._bases_of(folder)
        return self._places[folder]

    def _bases_of(self, folder: str) -> list[str]:
        above = [folder]
        while above[-1]:
            above.append(posixpath.dirname(above[-1]))
        plain = [each for each in above if not self._sources.exists(posixpath.join(each, "__init__.py"))]
        sources = [posixpath.join(each, "src") for each in reversed(above)]
        named = pythonpath(self._sources, folder)
        return list(dict.fromkeys([*plain[:1], *named, "", *sources, *plain[1:], *above]))


def pythonpath(sources: Sources, folder: str) -> list[str]:
    """The folders that pytest is configured to put on the import path of tests in a folder."""
    above = [folder]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    return Projects.read(above, sources.text).pythonpath(folder)
