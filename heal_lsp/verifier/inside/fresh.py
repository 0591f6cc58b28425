"""The workspace's modules, made afresh for each candidate. Standard library only, Python 3.9 up.

Every module of the workspace that the tests' collection imported is forgotten and imported again, from code
that was compiled once: whatever binds the changed function (``from module import f``, a table, a partial, a
class) binds the candidate's, and nothing that a candidate left in a module of the workspace meets the next.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from . import asserts, graft


class Unsuited(Exception):
    """The modules cannot be made afresh; the message says why."""


class Fresh:
    """A finder and loader of the workspace's modules that keeps their code. ``relative`` names its files."""

    def __init__(self, before: set[str], relative: Callable[[str], str | None], target: str) -> None:
        self._before = before
        self._relative = relative
        self._specs: dict[str, Any] = {}
        self._codes: dict[str, CodeType] = {}
        self._names: set[str] = set()
        self._targets: list[str] = []
        self.tests: set[str] = set()
        """Names of the test modules, whose assertions are to tell the values."""
        self.random = False
        """Whether a module of the workspace may draw random numbers."""
        for name, module in list(sys.modules.items()):
            path = self._path(module)
            if path is not None and name not in before:
                self._names.add(name)
            if path is not None and relative(path) == target:
                if name in before:
                    raise Unsuited("the module of the function is imported before the tests are collected")
                self._targets.append(name)
        if not self._targets:
            raise Unsuited("no test imports the module of the function")
        self._outside = len(sys.modules) - len(self._names)

    @property
    def filename(self) -> str:
        """The target's file, as its module names it."""
        return str(sys.modules[self._targets[0]].__file__)

    def install(self, code: CodeType) -> None:
        """Come before every other finder from now on. ``code`` is the target's, unchanged."""
        for name in self._targets:
            self._codes[name] = code
        for name in self._names:
            self._learn(name)
        if not set(self._targets) <= set(self._specs):
            raise Unsuited("the module of the function is not imported as modules are")
        sys.meta_path.insert(0, self)

    def renew(self, code: CodeType) -> None:
        """Forget the modules; the target's next import runs ``code``."""
        for name in self._targets:
            self._codes[name] = code
        self._forget()
        if len(sys.modules) != self._outside:
            for name, module in list(sys.modules.items()):
                if name not in self._before and self._path(module) is not None:
                    self._names.add(name)  # imported by what ran last, within a function
                    self._learn(name)
            self._forget()
            self._outside = len(sys.modules)

    def module(self, name: str) -> ModuleType:
        """A module, imported afresh if it was not since :meth:`renew`."""
        return sys.modules.get(name) or importlib.import_module(name)

    def referred(self) -> list[ModuleType]:
        """The modules of others that those of the workspace have among their names."""
        found = {}
        for name in self._names:
            for each in list(getattr(sys.modules.get(name), "__dict__", {}).values()):
                if isinstance(each, ModuleType) and each.__name__ not in self._names:
                    found[id(each)] = each
        return list(found.values())

    # -- the import system's side --

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        return self._specs.get(name)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._codes[module.__name__], module.__dict__)

    # --

    def _forget(self) -> None:
        for name in self._names:
            if sys.modules.pop(name, None) is not None:
                parent, _, last = name.rpartition(".")
                if parent and parent not in self._names:
                    # an import finds a submodule among its parent's names before it looks for it
                    getattr(sys.modules.get(parent), "__dict__", {}).pop(last, None)

    def _learn(self, name: str) -> None:
        """Keep a module's code. One that is no plain source file is imported as it always is."""
        module = sys.modules[name]
        path, spec = self._path(module), getattr(module, "__spec__", None)
        if path is None or not path.endswith(".py") or spec is None or spec.name != name:
            return
        if name not in self._codes:
            self._codes[name] = self._compiled(path, name in self.tests)
        loader: Any = self
        self._specs[name] = importlib.util.spec_from_file_location(
            name, path, loader=loader, submodule_search_locations=spec.submodule_search_locations
        )

    def _path(self, module: Any) -> str | None:
        """The file of a module of the workspace."""
        path = getattr(module, "__file__", None)
        return path if isinstance(path, str) and self._relative(path) is not None else None

    def _compiled(self, path: str, is_test: bool) -> CodeType:
        with open(path, "rb") as stream:
            text = importlib.util.decode_source(stream.read())
        self.random = self.random or "random" in text
        return asserts.compiled(text, path) if is_test else graft.compiled(text, path)
