"""From saved files to the test files that reach them."""

from __future__ import annotations

import posixpath
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from heal_lsp.core.pytest_config import CONFIG_FILES, Projects
from heal_lsp.watch.facts_file import FactsFile
from heal_lsp.watch.imports import Facts, Import
from heal_lsp.watch.modules import ModuleMap
from heal_lsp.watch.source_tree import SourceTree

_NO_RECORD: Mapping[str, Collection[str]] = {}
_MANY = 200
"""So many files that had to be read are worth remembering for the next session."""


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
    """Knows which test files reach which files of a workspace. What it read of unchanged files it keeps.

    ``cache`` is a file that remembers it from one session to the next; None means none.
    """

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self._cache = FactsFile(cache) if cache is not None else None
        self._tree = SourceTree(root)
        self._begun = False
        self._lock = threading.Lock()
        self._files: set[str] = set()
        self._modules = ModuleMap(())
        self._projects = Projects({})
        self._reached: dict[str, frozenset[str]] = {}
        self._importers: dict[str, set[str]] = defaultdict(set)
        self._known_tests: dict[tuple[str, ...], frozenset[str]] = {}

    def warm(self) -> int:
        """Look at every file now, so that a question that comes soon is answered at once. Returns their number."""
        with self._lock:
            self._refresh((), {}, recent=False)
            return len(self._tree.known)

    def affected(
        self,
        saved: Sequence[str],
        texts: Mapping[str, str],
        *,
        test_paths: Sequence[str] = (),
        recorded: Mapping[str, Collection[str]] = _NO_RECORD,
        recent: bool = False,
    ) -> tuple[str, ...]:
        """The test files to run after ``saved`` files changed, the nearest first; in doubt, one more.

        All paths are relative to the workspace. ``texts`` holds unsaved buffers. ``test_paths`` are the files
        and folders that hold tests; none means what pytest is configured to collect. ``recorded`` adds what
        coverage saw: the paths that a test id or test file ran. ``recent`` makes do with what :meth:`warm` saw of
        other files, if that was a moment ago.
        """
        with self._lock:
            self._refresh(saved, texts, recent=recent)
            tests = self._tests(tuple(test_paths))
            mine = [each for each in saved if each in self._files and self._is_test(each)]
            distances = self._distances(saved, tests, texts)
            distances.update(dict.fromkeys(mine, 0))
            for test, paths in recorded.items():
                file = test.partition("::")[0]
                if file in self._tree.known and not set(saved).isdisjoint(paths):
                    distances.setdefault(file, 1)
            return tuple(sorted(distances, key=lambda path: (distances[path], path)))

    # -- what is known --

    def _refresh(self, saved: Sequence[str], texts: Mapping[str, str], *, recent: bool) -> None:
        if not self._begun and self._cache is not None:
            self._tree.remember(self._cache.load())
        self._begun = True
        root = self._projects_of(("",), texts).root
        changed = self._tree.refresh(texts, root.norecursedirs, saved if recent else None)
        projects = self._projects_of(self._tree.configured, texts)
        # what imports a file that was removed is affected by that
        gone = {each for each in saved if each.endswith(".py")} - self._tree.known.keys()
        files = self._tree.known.keys()
        others = (changed & files) - self._files or (self._files - files) ^ gone
        if others or projects != self._projects:
            self._projects, self._files = projects, {*files, *gone}
            self._modules = ModuleMap(self._files, projects.bases())
            self._reached, self._importers = {}, defaultdict(set)
            changed = self._files
        for path in changed:
            self._connect(path)
        if changed:
            self._known_tests = {}
        if self._cache is not None and self._tree.read >= _MANY:
            self._tree.read = 0
            self._cache.save(self._tree.known)

    def _projects_of(self, folders: Iterable[str], texts: Mapping[str, str]) -> Projects:
        return Projects.read(folders, lambda path: self._tree.text(path, texts))

    def _connect(self, path: str) -> None:
        for each in self._reached.pop(path, ()):
            self._importers[each].discard(path)
        reached = self._reached[path] = self._imports(path)
        for each in reached:
            self._importers[each].add(path)

    def _facts(self, path: str) -> Facts:
        known = self._tree.known.get(path)
        return known.facts if known is not None else Facts()

    def _imports(self, path: str) -> frozenset[str]:
        found = set(self._modules.packages(path))
        for each in self._facts(path).imports:
            found |= self._modules.reached(path, each)
        return frozenset(found - {path})

    def _tests(self, test_paths: tuple[str, ...]) -> frozenset[str]:
        if test_paths not in self._known_tests:
            wanted = [posixpath.normpath(each.partition("::")[0]) for each in test_paths]
            found = (each for each in self._files if self._may_run(each, wanted))
            self._known_tests[test_paths] = frozenset(found)
        return self._known_tests[test_paths]

    def _may_run(self, path: str, wanted: Sequence[str]) -> bool:
        places = wanted or self._projects.testpaths(path, self._files)
        if path in places:
            return True
        return self._is_test(path) and (not places or any(_is_below(path, base) for base in places))

    def _is_test(self, path: str) -> bool:
        config = self._projects.of(path)
        return config.names_test(path) or (config.doctest_modules and self._facts(path).doctests)

    # -- what reaches what --

    def _distances(
        self, saved: Sequence[str], tests: frozenset[str], texts: Mapping[str, str]
    ) -> dict[str, int]:
        """The tests that reach the saved files, by the number of imports between."""
        plugins = self._plugins()

        def importers(path: str) -> Iterator[str]:
            yield from self._importers.get(path, ())
            folder, name = posixpath.split(path)
            if name == "conftest.py":
                yield from (each for each in tests if not folder or _is_below(each, folder))
            if path in plugins:
                yield from (each for each in tests if not plugins[path] or _is_below(each, plugins[path]))

        found: dict[str, int] = {}
        for path in saved:
            folder, name = posixpath.split(path)
            if name in CONFIG_FILES and (not folder or folder in self._projects.folders):
                reach: Mapping[str, int] = {
                    each: 1 for each in tests if not folder or _is_below(each, folder)
                }
            elif path.endswith(".py"):
                reach = _closure([path], importers)
                if not reach.keys() & tests:
                    reach = _closure([path, *self._mentioning(_names_of(path), tests, texts)], importers)
            else:
                reach = self._reach_of_data(path, tests, importers, texts)
            for test in reach.keys() & tests:
                found[test] = min(reach[test], found.get(test, reach[test]))
        return found

    def _plugins(self) -> dict[str, str]:
        """The files that pytest is told to load as plugins, each with the folder whose tests it serves."""
        return {
            path: folder
            for folder, config in self._projects.folders.items()
            for name in config.plugins
            for path in self._modules.reached(posixpath.join(folder, ""), Import(name, guess=True))
        }

    def _reach_of_data(
        self,
        path: str,
        tests: frozenset[str],
        importers: Callable[[str], Iterable[str]],
        texts: Mapping[str, str],
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


def _closure(starts: Iterable[str], importers: Callable[[str], Iterable[str]]) -> dict[str, int]:
    """Everything that reaches the starts, with its distance."""
    distances = dict.fromkeys(starts, 0)
    queue = list(distances)
    for path in queue:
        for importer in importers(path):
            if importer not in distances:
                distances[importer] = distances[path] + 1
                queue.append(importer)
    return distances


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")
