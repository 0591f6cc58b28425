"""What pytest is configured to collect in a workspace."""

from __future__ import annotations

import configparser
import shlex
import sys
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
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
        name = path.rpartition("/")[2]
        return name.endswith(".py") and any(
            fnmatch("/" + path, f"*/{glob}") if "/" in glob else fnmatch(name, glob)
            for glob in self.python_files
        )


def read_config(read: Callable[[str], str | None]) -> PytestConfig:
    """The configuration that the files of a workspace's root give; defaults where they cannot be read.

    ``read`` gives the text of a file in the root, or None.
    """
    for name in CONFIG_FILES:
        text = read(name)
        section = None if text is None else _section(name, text)
        if section is not None:
            return _config(section)
    return PytestConfig()


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


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    return ()
