"""From saved files to the test files that reach them."""

from __future__ import annotations

import posixpath
import re
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from heal_lsp.watch.imports import Facts, Import
from heal_lsp.watch.modules import ModuleMap
from heal_lsp.watch.pytest_config import CONFIG_FILES, PytestConfig, read_config
from heal_lsp.watch.source_tree import SourceTree

_NO_RECORD: Mapping[str, Collection[str]] = {}


def affected(
    root: Path,
    saved: Sequence[str],
    texts: Mapping[str, str],
    *,
    test_paths: Sequence[str] = (),
    recorded: Mapping[str, Collection[str]] = _NO_RECORD,
) -> tuple[str, ...]:
    """See :meth:`ImpactIndex.affected`."""
    return ImpactIndex(root).affected(saved, texts, test_paths=test_paths, recorded=recorded)


class ImpactIndex:
    """Knows which test files reach which files of a workspace. What it read of unchanged files it keeps."""

    def __init__(self, root: Path) -> None:
        self._tree = SourceTree(root)
        self._lock = threading.Lock()
        self._files: frozenset[str] = frozenset()
        self._modules = ModuleMap(())
        self._config = PytestConfig()
        self._reached: dict[str, frozenset[str]] = {}

    def affected(
        self,
        saved: Sequence[str],
        texts: Mapping[str, str],
        *,
        test_paths: Sequence[str] = (),
        recorded: Mapping[str, Collection[str]] = _NO_RECORD,
    ) -> tuple[str, ...]:
        """The test files to run after ``saved`` files changed, the nearest first; in doubt, one more.

        All paths are relative to the workspace. ``texts`` holds unsaved buffers. ``test_paths`` are the files
        and folders that hold tests; none means what pytest is configured to collect. ``recorded`` adds what
        coverage saw: the paths that a test id or test file ran.
        """
        with self._lock:
            facts = self._refresh(saved, texts)
            tests = self._tests(facts, test_paths)
            mine = [each for each in saved if each in facts and self._is_test(each, facts[each])]
            distances = self._distances(saved, tests, texts)
            distances.update(dict.fromkeys(mine, 0))
            for test, paths in recorded.items():
                file = test.partition("::")[0]
                if file in facts and not set(saved).isdisjoint(paths):
                    distances.setdefault(file, 1)
            return tuple(sorted(distances, key=lambda path: (distances[path], path)))

    def _refresh(self, saved: Sequence[str], texts: Mapping[str, str]) -> Mapping[str, Facts]:
        config = read_config(lambda name: self._tree.text(name, texts))
        facts, changed = self._tree.refresh(texts, config.norecursedirs)
        gone = {each: Facts() for each in saved if each.endswith(".py") and each not in facts}
        facts = {**facts, **gone}  # what imports a file that was removed is affected by that
        files = frozenset(facts)
        if files != self._files or config != self._config:
            self._files, self._config = files, config
            self._modules = ModuleMap(facts, config.pythonpath)
            self._reached = {}
        for path in changed:
            self._reached.pop(path, None)
        for path in files - self._reached.keys():
            self._reached[path] = self._imports(path, facts[path])
        return facts

    def _imports(self, path: str, facts: Facts) -> frozenset[str]:
        found = set(self._modules.packages(path))
        for each in facts.imports:
            found |= self._modules.reached(path, each)
        return frozenset(found - {path})

    def _tests(self, facts: Mapping[str, Facts], test_paths: Sequence[str]) -> set[str]:
        wanted = [posixpath.normpath(each.partition("::")[0]) for each in test_paths]
        if not wanted:
            named = [posixpath.normpath(each) for each in self._config.testpaths]
            wanted = [each for each in named if each in facts or any(_is_below(path, each) for path in facts)]
        return {
            path
            for path, each in facts.items()
            if path in wanted
            or (self._is_test(path, each) and (not wanted or any(_is_below(path, base) for base in wanted)))
        }

    def _is_test(self, path: str, facts: Facts) -> bool:
        return self._config.names_test(path) or (self._config.doctest_modules and facts.doctests)

    def _distances(self, saved: Sequence[str], tests: set[str], texts: Mapping[str, str]) -> dict[str, int]:
        """The tests that reach the saved files, by the number of imports between."""
        importers = self._importers(tests)
        found: dict[str, int] = {}
        for path in saved:
            if path in CONFIG_FILES:
                reach: Mapping[str, int] = dict.fromkeys(tests, 1)
            elif path.endswith(".py"):
                reach = _closure([path], importers)
                if not reach.keys() & tests:
                    reach = _closure([path, *self._mentioning(_names_of(path), tests, texts)], importers)
            else:
                reach = self._reach_of_data(path, tests, importers, texts)
            for test in reach.keys() & tests:
                found[test] = min(reach[test], found.get(test, reach[test]))
        return found

    def _importers(self, tests: set[str]) -> Mapping[str, Iterable[str]]:
        importers: dict[str, set[str]] = defaultdict(set)
        for path, reached in self._reached.items():
            for each in reached:
                importers[each].add(path)
        plugins = {
            each
            for name in self._config.plugins
            for each in self._modules.reached("", Import(name, guess=True))
        }
        for test in tests:
            for each in (*self._conftests(test), *plugins):
                importers[each].add(test)
        return importers

    def _conftests(self, test: str) -> Iterable[str]:
        folder = posixpath.dirname(test)
        while True:
            path = posixpath.join(folder, "conftest.py")
            if path in self._files:
                yield path
            if not folder:
                return
            folder = posixpath.dirname(folder)

    def _reach_of_data(
        self, path: str, tests: set[str], importers: Mapping[str, Iterable[str]], texts: Mapping[str, str]
    ) -> Mapping[str, int]:
        """What may read a file that is no Python: whatever reaches a source with its name; else one around it
        with the name of its folder or kind; else the tests around it.
        """
        folder, name = posixpath.split(path)
        reach = _closure(self._mentioning([name], self._files, texts), importers)
        if reach.keys() & tests or not folder:
            return reach
        around = {each for each in self._files if _is_below(each, path.partition("/")[0])}
        kinds = [posixpath.basename(folder), f"*{posixpath.splitext(name)[1]}"]
        reach = _closure(self._mentioning(kinds, around, texts), importers)
        while folder and not reach.keys() & tests:
            reach = {test: 1 for test in tests if _is_below(test, folder)}
            folder = posixpath.dirname(folder)
        return reach

    def _mentioning(
        self, names: Collection[str], files: Collection[str], texts: Mapping[str, str]
    ) -> list[str]:
        """The files whose text has one of the names, as a word of its own."""
        wanted = re.compile("|".join(rf"(?<![\w.]){re.escape(name)}(?!\w)" for name in names))
        found = []
        for each in sorted(files):
            text = self._tree.text(each, texts) or ""
            if any(name in text for name in names) and wanted.search(text):
                found.append(each)
        return found


def _names_of(path: str) -> list[str]:
    """How a text may mention a Python file: its name, or the module's as ``python -m`` takes it."""
    parts = path.removesuffix(".py").removesuffix("/__init__").removesuffix("/__main__").split("/")
    dotted = [".".join(parts[start:]) for start in range(len(parts) - 1)]
    return [posixpath.basename(path), *dotted]


def _closure(starts: Iterable[str], importers: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Everything that reaches the starts, with its distance."""
    distances = dict.fromkeys(starts, 0)
    queue = list(distances)
    for path in queue:
        for importer in importers.get(path, ()):
            if importer not in distances:
                distances[importer] = distances[path] + 1
                queue.append(importer)
    return distances


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")
