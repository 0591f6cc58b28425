"""Which files of a workspace an import reaches, without knowing ``sys.path``."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator

from heal_lsp.watch.imports import Import


class ModuleMap:
    """The Python files of a workspace by module name.

    A name is taken for every file whose path ends like it. Files that start at a likely place of ``sys.path``
    (the importer's own, the workspace, ``src``, and the ``bases``) go before all others.
    """

    def __init__(self, files: Collection[str], bases: Collection[str] = ()) -> None:
        self._files = files if isinstance(files, (set, frozenset, dict)) else set(files)
        self._bases = {"", "src", *bases}
        self._by_name: dict[tuple[str, ...], list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for path in files:
            parts = _parts(path)
            for size in {1, min(2, len(parts))}:
                self._by_name[parts[-size:]].append((parts, path))
        self._found: dict[tuple[str, str], set[str]] = {}

    def reached(self, importer: str, what: Import) -> set[str]:
        """The files that an import in ``importer`` runs, without what :meth:`packages` gives for them."""
        if what.level:
            return self._relative(importer, what)
        wanted = [what.module, *(f"{what.module}.{name}" for name in what.names)]
        found = {path for each in wanted for path in self._absolute(importer, each)}
        if what.guess and not found and "." in what.module:
            return self.reached(importer, Import(what.module.rpartition(".")[0], guess=True))
        return found or self._package(importer, what.module)

    def packages(self, path: str) -> Iterator[str]:
        """The ``__init__.py`` files that are run before the file itself, the innermost first."""
        folder = posixpath.dirname(path)
        while folder:
            init = f"{folder}/__init__.py"
            if init not in self._files:
                return
            if init != path:
                yield init
            folder = posixpath.dirname(folder)

    def _relative(self, importer: str, what: Import) -> set[str]:
        folder = posixpath.dirname(importer)
        for _ in range(what.level - 1):
            folder = posixpath.dirname(folder)
        start = posixpath.join(folder, *filter(None, what.module.split(".")))
        wanted = [start, *(posixpath.join(start, name) for name in what.names)]
        if what.guess and not any(map(self._at, wanted)):
            wanted.append(posixpath.dirname(start))
        return {path for each in wanted for path in self._at(each)}

    def _at(self, start: str) -> list[str]:
        return [path for path in (f"{start}.py", posixpath.join(start, "__init__.py")) if path in self._files]

    def _absolute(self, importer: str, module: str) -> set[str]:
        key = posixpath.dirname(importer), module
        if key not in self._found:
            self._found[key] = self._search(importer, tuple(module.split(".")))
        return self._found[key]

    def _search(self, importer: str, parts: tuple[str, ...]) -> set[str]:
        named = self._by_name.get(parts[-2:], ())
        bases = {path: "/".join(own[: -len(parts)]) for own, path in named if own[-len(parts) :] == parts}
        if not bases:
            return set()
        usual = {*self._bases, posixpath.dirname(importer), self._base(importer)}
        likely = {path for path, base in bases.items() if base in usual}
        if likely or parts[0] in sys.stdlib_module_names:
            return likely
        return {path for path, base in bases.items() if f"{base}/__init__.py" not in self._files}

    def _package(self, importer: str, module: str) -> set[str]:
        """An import of something that is no file here still runs the packages on the way to it."""
        parent = module.rpartition(".")[0]
        return (self._absolute(importer, parent) or self._package(importer, parent)) if parent else set()

    def _base(self, path: str) -> str:
        """The folder that pytest puts on ``sys.path`` to import the file."""
        folder = posixpath.dirname(path)
        while folder and f"{folder}/__init__.py" in self._files:
            folder = posixpath.dirname(folder)
        return folder


def _parts(path: str) -> tuple[str, ...]:
    parts = path.removesuffix(".py").split("/")
    return tuple(parts[:-1]) if parts[-1] == "__init__" and len(parts) > 1 else tuple(parts)
