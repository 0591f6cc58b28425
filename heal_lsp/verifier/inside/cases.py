"""Tests that can be called without pytest: plain and parametrized functions. Standard library only, Python 3.9 up.

What pytest adds to any other test (fixtures, marks, set-up, event loops) is left to pytest.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .fresh import Fresh

_HARMLESS = {"event_loop_policy"}
"""Fixtures that plugins give to every test and that a plain function does not notice: pytest-asyncio's."""
_CHANGES_EXECUTION = ("pytest_runtest_", "pytest_pyfunc_call")


class Case:
    """One test: where it is defined, and where its arguments come from."""

    def __init__(
        self, test: str, module: str, names: Sequence[str], picks: Sequence[tuple[int, int, int]]
    ) -> None:
        self.test = test
        self.module = module
        self._names = names
        """Names from the module inwards: the classes around it, its own."""
        self._picks = picks
        """For each argument set: the definition that is marked (0: the module), which mark, which set."""

    def call(self, fresh: Fresh) -> None:
        """Run it in fresh modules. Raises what it raises."""
        levels: list[Any] = [fresh.module(self.module)]
        for name in self._names:
            levels.append(getattr(levels[-1], name))
        function = levels[-1]
        if len(levels) > 2:
            function = getattr(levels[-2](), self._names[-1])
        arguments: dict[str, Any] = {}
        for level, number, index in self._picks:
            mark = _marks(levels[level])[number]
            arguments.update(_arguments(mark, index))
        function(**arguments)


def case_of(item: Any, test: str) -> Case | None:
    """The test of a pytest item; None when it is more than a function to be called."""
    import pytest

    if type(item) is not pytest.Function or (item.cls is not None and _is_unittest(item.cls)):
        return None
    if inspect.iscoroutinefunction(item.obj) or inspect.isasyncgenfunction(item.obj):
        return None
    if any(each.name != "parametrize" for each in item.iter_markers()) or _has_setup(item):
        return None
    classes = [each for each in item.listchain() if isinstance(each, pytest.Class)]
    levels = [item.module, *(each.obj for each in classes), item.obj]
    names = [*(each.name for each in classes), item.originalname or item.name]
    callspec = getattr(item, "callspec", None)
    # before pytest 8 only what goes through fixtures is among the params
    given = {**getattr(callspec, "funcargs", {}), **callspec.params} if callspec is not None else {}
    picks = _picks(levels, given, item.fixturenames)
    return None if picks is None else Case(test, item.module.__name__, names, picks)


def is_steered(config: Any, workspace: Any) -> bool:
    """Whether a plugin of the workspace's own has a say in how tests are run."""
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        is_own = isinstance(plugin, ModuleType) and isinstance(file, str) and workspace.relative(file)
        if is_own and any(name.startswith(_CHANGES_EXECUTION) for name in vars(plugin)):
            return True
    return False


def _is_unittest(kind: type) -> bool:
    unittest: Any = sys.modules.get("unittest")
    return unittest is not None and issubclass(kind, unittest.TestCase)


def _has_setup(item: Any) -> bool:
    """Whether nose's names for set-up are there, which older versions of pytest call."""
    holder = getattr(item.parent, "obj", None)
    return any(hasattr(holder, name) for name in ("setup", "teardown"))


def _picks(
    levels: list[Any], given: dict[str, Any], needed: Sequence[str]
) -> list[tuple[int, int, int]] | None:
    """Where the arguments come from. None when one comes from a fixture, a hook or an iterator."""
    found, named = [], set()
    for level, holder in enumerate(levels):
        for number, mark in enumerate(_marks(holder)):
            if mark.name != "parametrize":
                continue
            index = None if mark.kwargs.get("indirect") else _index(mark, given)
            if index is None:
                return None
            found.append((level, number, index))
            named.update(_names(mark))
    return found if set(needed) <= named | _HARMLESS else None


def _index(mark: Any, given: dict[str, Any]) -> int | None:
    """Which of a mark's sets holds the very values that a test was given."""
    sets = _part(mark, 1, "argvalues")
    if isinstance(sets, (list, tuple)):
        for index in range(len(sets)):
            values = _arguments(mark, index)
            if all(name in given and given[name] is value for name, value in values.items()):
                return index
    return None


def _marks(holder: Any) -> list[Any]:
    marks = getattr(holder, "pytestmark", [])
    return [getattr(each, "mark", each) for each in (marks if isinstance(marks, (list, tuple)) else [marks])]


def _names(mark: Any) -> list[str]:
    """The arguments that a mark gives."""
    names = _part(mark, 0, "argnames")
    return (
        [each.strip() for each in names.split(",") if each.strip()] if isinstance(names, str) else list(names)
    )


def _part(mark: Any, number: int, name: str) -> Any:
    return mark.args[number] if len(mark.args) > number else mark.kwargs[name]


def _arguments(mark: Any, index: int) -> dict[str, Any]:
    """The arguments of one of a mark's sets, by name."""
    from _pytest.mark.structures import ParameterSet

    names, values = _names(mark), _part(mark, 1, "argvalues")[index]
    if isinstance(values, ParameterSet):
        values = values.values
    elif len(names) == 1 and isinstance(_part(mark, 0, "argnames"), str):
        values = (values,)
    return {name: values[number] for number, name in enumerate(names)}
