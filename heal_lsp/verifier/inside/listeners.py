"""What listens to pytest in a child. Standard library only, Python 3.9 up.

Made and registered before the fork where pytest is configured there, so that no child pays for it; it
begins to listen in the child.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from . import linetrace, plain, signs
from .screen import Screen

LEAST_LIMIT = 1.0
"""Seconds that a test may take at the least, when tests before it used up theirs."""


class Listeners:
    """The recorder of what happens, the selection of the tests that are wanted, and who may run them instead."""

    def __init__(self, config: dict[str, Any], report: Any) -> None:
        self.recorder = _make_recorder(config, report)
        self._selection = Selection(self.recorder, report.line_of)
        self._screen = Screen(self.recorder, report)

    @property
    def plugins(self) -> list[Any]:
        """What pytest has to know of."""
        return [self.recorder, self._selection, self._screen]

    def begin(self, child: Any) -> None:
        """Tell what happens in this child."""
        self.recorder.begin(child)
        self._selection.begin(child)
        self._screen.begin(child)


class TooLong(BaseException):
    """A test's time was over. Not an Exception, so that the code under test does not swallow it."""


TooLong.__name__ = TooLong.__qualname__ = "Timeout"
TooLong.__module__ = "builtins"


class Selection:
    """Keeps the wanted tests of those that pytest collected. Ids never go to pytest's command line."""

    def __init__(self, recorder: Any, line_of: Callable[[Any], int]) -> None:
        self._recorder = recorder
        self._line_of = line_of

    def begin(self, child: Any) -> None:
        """Take what a request wants."""
        self._child = child
        self._wanted: dict[str, None] = dict.fromkeys(child.request["select"])
        self._skip = frozenset(child.request["skip"])
        self._first: list[str] = child.request["first"]

    def pytest_collection_modifyitems(self, session: Any, config: Any, items: list[Any]) -> None:
        found = self._each_once([(self._recorder.test_id(item.nodeid), item) for item in items])
        kept = [(name, item) for name, item in found if name is not None and self._is_wanted(name)]
        if self._first:
            kept.sort(key=lambda each: not self._comes_first(each[0]))
        names = [name for name, _ in kept]
        there = self._skip.union(names)
        missing = [
            each
            for each in self._wanted
            if each not in there and not any(_covers(each, name) for name in there)
        ]
        lines = [self._line_of(item) for _, item in kept]
        self._child.tell({"event": "collected", "ids": names, "lines": lines, "missing": missing})
        items[:] = [item for _, item in kept]
        if len(kept) < len(found):
            staying = {id(item) for item in items}
            config.hook.pytest_deselected(items=[item for _, item in found if id(item) not in staying])

    def _each_once(self, found: list[tuple[str | None, Any]]) -> list[tuple[str | None, Any]]:
        """Without ids for the tests of a file that was collected under its own path too: a link leads to it twice."""
        files = {name.partition("::")[0] for name, _ in found if name is not None}
        again = {path for path in files if self._own_path(path) in files - {path}}
        return [
            (None if name is not None and name.partition("::")[0] in again else name, item)
            for name, item in found
        ]

    def _own_path(self, path: str) -> str | None:
        workspace = self._recorder.workspace
        found: str | None = workspace.relative(os.path.realpath(os.path.join(workspace.root, path)))
        return found

    def _is_wanted(self, name: str) -> bool:
        if name in self._skip:
            return False
        return not self._wanted or name in self._wanted or any(_covers(each, name) for each in self._wanted)

    def _comes_first(self, name: str) -> bool:
        return any(_covers(each, name) for each in self._first)


def _covers(wanted: str, test: str) -> bool:
    return test == wanted or (
        test.startswith(wanted) and test[len(wanted) : len(wanted) + 1] in ("/", ":", "[")
    )


def _make_recorder(config: dict[str, Any], report: Any) -> Any:
    """A recorder that tells each test as it ends, on top of the report plugin's own."""

    class Recorder(report.Recorder):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(config["root"], "server")
            self._signs: list[dict[str, Any]] = []
            self._told: set[str] = set()
            self._hurried = False

        def begin(self, child: Any) -> None:
            self._child, self.started = child, time.time()
            request = child.request
            self._limits, self._limit = request["limits"], request["limit"]
            self._stop = request["stop"]
            self._watch = signs.Watch(tuple(os.path.join(config["root"], each) for each in config["masked"]))
            self._trace = linetrace.LineTrace(self.workspace.relative) if request["coverage"] else None

        def take_session(self, session: Any) -> None:
            self.set_rootdir(session.config)

        def pytest_sessionstart(self, session: Any) -> None:
            self._child.restore_errors()
            self.take_session(session)

        @report.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator, unused-ignore]
        def pytest_load_initial_conftests(self) -> Any:
            outcome = yield
            error = outcome.excinfo[1] if outcome.excinfo else None
            if type(error).__name__ == "ConftestImportFailure":
                self.add_exception(error, "collect")

        def pytest_collectstart(self, collector: Any) -> None:
            if self._stop and not self._hurried:
                self._hurried = True
                plain.fail_fast()
            path = self.test_id(collector.nodeid) if "::" not in collector.nodeid else None
            if path and path.endswith(".py"):
                self._child.tell({"event": "collecting", "path": path})

        def saw_exception(self, error: BaseException, test: str | None) -> None:
            self._signs += signs.in_exception(error)

        def saw_start(self, test: str) -> None:
            self._watch.taken()
            self._signs = []
            self._child.tell({"event": "start", "id": test})
            if self._trace is not None:
                self._trace.start()
            signal.signal(signal.SIGALRM, _ring)
            signal.setitimer(signal.ITIMER_REAL, float(self._limits.get(test, self._limit)))

        def saw_end(self, result: dict[str, Any]) -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            lines = self._trace.stop() if self._trace is not None else None
            event: dict[str, Any] = {
                "event": "test",
                "result": result,
                "digests": self._new_digests(),
                "signs": [],
            }
            if result["outcome"] == "failed":
                event["signs"] = self._signs + self._watch.taken()
                if (result["failure"] or {}).get("exception") == TooLong.__name__:
                    # where one test hangs, its neighbours often do, and the whole run's time is to do for all
                    self._limit = max(LEAST_LIMIT, self._limit / 2)
            if lines is not None:
                event["lines"] = lines
            self._child.tell(event)
            if self._stop and result["outcome"] == "failed":
                # pytest's own way to stop formats a traceback of itself, which takes longer than the test
                self._child.finish(exit=1, whole=False)

        def saw_error(self, failure: dict[str, Any]) -> None:
            event: dict[str, Any] = {"event": "error", "failure": failure, "digests": self._new_digests()}
            event["signs"] = self._signs + self._watch.taken()
            self._child.tell(event)
            self._signs = []
            if self._stop:
                self._child.finish(exit=2, whole=False)

        def _new_digests(self) -> dict[str, str]:
            fresh = {path: name for path, name in self.digests.items() if path not in self._told}
            self._told |= set(fresh)
            return fresh

        @report.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
        def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
            super().pytest_sessionfinish(session, exitstatus)
            if self._child.request["modules"]:
                self._child.tell({"event": "modules", "names": outside_modules(self.workspace)})
            self._child.finish(exit=int(exitstatus), whole=self.finished)

    return Recorder()


def _ring(_number: int, _frame: Any) -> None:
    raise TooLong("the test was still running when its time was over")


def outside_modules(workspace: Any) -> list[str]:
    """Names of loaded modules that do not belong to the workspace, in the order in which they were loaded."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and not name.startswith(("_heal_", "__"))
            and workspace.relative(file) is None
        ):
            found.append(name)
    return found
