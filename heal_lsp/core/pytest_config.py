"""What pytest is configured to collect in a workspace."""

from __future__ import annotations

import configparser
import posixpath
import re
import shlex
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from itertools import pairwise
from typing import Any

import attrs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG_FILES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""In pytest's order: the first that speaks of pytest counts."""


@attrs.frozen
class PytestConfig:
    """The options of pytest that say which files hold tests."""

    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    testpaths: tuple[str, ...] = ()
    norecursedirs: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    """Modules that ``addopts`` loads with ``-p``."""
    doctest_modules: bool = False

    def names_test(self, path: str) -> bool:
        """Whether pytest takes the file at a workspace-relative path for a test file by its name."""
        by_path, by_name = _patterns(self.python_files)
        name = path.rpartition("/")[2]
        return name.endswith(".py") and bool(by_name.match(name) or by_path.match("/" + path))


@attrs.frozen
class Projects:
    """The folders of a workspace that configure pytest, each with its configuration; an empty path is the workspace."""

    folders: Mapping[str, PytestConfig]

    @classmethod
    def read(cls, folders: Iterable[str], read: Callable[[str], str | None]) -> Projects:
        """Look into folders for a configuration. ``read`` gives the text of a file of the workspace, or None."""
        found = {folder: _configured(folder, read) for folder in folders}
        return cls({folder: each for folder, each in sorted(found.items()) if each is not None})

    @property
    def root(self) -> PytestConfig:
        """The configuration of the workspace folder; pytest's defaults where it has none."""
        return self.folders.get("", PytestConfig())

    def of(self, path: str) -> PytestConfig:
        """The configuration that counts for a file: that of the nearest folder above it that has one."""
        return self.folders.get(self._folder(path), PytestConfig())

    def testpaths(self, path: str, files: Collection[str]) -> tuple[str, ...]:
        """Where the project of a file has its tests, as far as that exists; nothing means everywhere."""
        folder = self._folder(path)
        if folder not in self._places:
            named = self.folders.get(folder, PytestConfig()).testpaths
            places = [posixpath.normpath(posixpath.join(folder, each)) for each in named]
            self._places[folder] = tuple(
                each
                for each in places
                if each in files or each == "." or any(path.startswith(f"{each}/") for path in files)
            )
        return self._places[folder]

    def pythonpath(self, folder: str) -> list[str]:
        """The folders that pytest puts on the import path of tests in a folder, relative to the workspace."""
        project = self._folder(posixpath.join(folder, "test.py"))
        return [_inside(project, each) for each in self.folders.get(project, PytestConfig()).pythonpath]

    def bases(self) -> set[str]:
        """Folders that pytest puts on the import path of any test, and the usual ones of each project."""
        return {
            _inside(folder, each)
            for folder, config in self.folders.items()
            for each in ("", "src", *config.pythonpath)
        }

    _known: dict[str, str] = attrs.field(factory=dict, init=False, eq=False, repr=False)
    _places: dict[str, tuple[str, ...]] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def _folder(self, path: str) -> str:
        above = posixpath.dirname(path)
        if above not in self._known:
            folder = above
            while folder and folder not in self.folders:
                folder = posixpath.dirname(folder)
            self._known[above] = folder
        return self._known[above]


def _inside(folder: str, path: str) -> str:
    found = posixpath.normpath(posixpath.join(folder, path))
    return "" if found == "." else found


def _configured(folder: str, read: Callable[[str], str | None]) -> PytestConfig | None:
    """What the first file of a folder that speaks of pytest says."""
    for name in CONFIG_FILES:
        text = read(posixpath.join(folder, name))
        section = None if text is None else _section(name, text)
        if section is not None:
            return _config(section)
    return None


@lru_cache(maxsize=512)
def _section(name: str, text: str) -> Mapping[str, Any] | None:
    try:
        if name.endswith(".toml"):
            return _toml_section(name, tomllib.loads(text))
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
    except (ValueError, configparser.Error, RecursionError):
        return None
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if name in ("pytest.ini", ".pytest.ini") else None


def _toml_section(name: str, tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if name == "pyproject.toml":
        tool = tree.get("tool")
        pytest = tool.get("pytest") if isinstance(tool, dict) else None
        if not isinstance(pytest, dict):
            return None
        section = pytest.get("ini_options", pytest)
    else:
        section = tree.get("pytest", {})
    return section if isinstance(section, dict) else None


def _config(section: Mapping[str, Any]) -> PytestConfig:
    addopts = _words(section.get("addopts"))
    plugins = [value for option, value in pairwise(addopts) if option == "-p"]
    plugins += [each[2:] for each in addopts if each.startswith("-p") and len(each) > 2]
    return PytestConfig(
        python_files=_words(section.get("python_files")) or PytestConfig().python_files,
        testpaths=_words(section.get("testpaths")),
        norecursedirs=_words(section.get("norecursedirs")),
        pythonpath=_words(section.get("pythonpath")),
        plugins=tuple(each for each in plugins if not each.startswith("no:")),
        doctest_modules="--doctest-modules" in addopts,
    )


@lru_cache(maxsize=64)
def _patterns(globs: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Globs with a slash, for paths, and those without, for names."""
    paths = [translate(f"*/{each}") for each in globs if "/" in each]
    names = [translate(each) for each in globs if "/" not in each]
    return re.compile("|".join(paths) or r"(?!)"), re.compile("|".join(names) or r"(?!)")


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    return ()
