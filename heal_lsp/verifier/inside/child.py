"""One run of tests or of a script, in a process forked for it. Standard library only, Python 3.9 up."""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.util
import io
import os
import signal
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from . import calls, confine, linetrace, signs

MAX_PROCESSES = 256
MAX_OUTPUT = 1 << 18
"""Bytes of a script's output that are kept: its end."""
DRAIN_SECONDS = 1.0
"""How long a script's own children may go on writing after it ended."""
LEAST_LIMIT = 1.0
"""Seconds that a test may take at the least, when tests before it used up theirs."""


def texts_of(encoded: dict[str, str]) -> dict[str, bytes]:
    """Files as they cross a boundary: by path, in base64."""
    return {path: base64.b64decode(data) for path, data in encoded.items()}


class Child:
    """The child's side: one run of tests or of a script."""

    def __init__(
        self,
        config: dict[str, Any],
        request: dict[str, Any],
        tell: Callable[[dict[str, Any]], None],
        report: Any,
    ) -> None:
        self.config = config
        self.request = request
        self.tell = tell
        self._report = report
        self._errors = _Tail()

    def enter(self) -> None:
        """Shut this process into its own view of the workspace."""
        os.setsid()
        config, texts = self.config, texts_of(self.request["texts"])
        try:
            confine.die_with_parent()
            if config["isolated"]:
                confine.unshare(confine.NEWUSER | confine.NEWNS)
                confine.scratch(config["scratch"], config["disk_mb"])
                confine.present(config["root"], config["scratch"], texts, config["copy_mb"])
                confine.fresh_temporary(config["scratch"], config["visible"])
            else:
                confine.write_texts(config["root"], config["root"], texts)
            os.chdir(config["cwd"])
            confine.limit(config["memory_mb"], config["disk_mb"], MAX_PROCESSES if config["isolated"] else 0)
            if config["isolated"]:
                confine.drop_privileges()
                calls.filter_calls()
        except (OSError, ValueError) as error:
            self.finish(exit=-1, reason=str(error))
        importlib.invalidate_caches()

    def finish(self, **what: Any) -> None:
        """Tell that the run is over, and end the process at once."""
        self.tell({"event": "done", **what})
        os._exit(0)

    def listeners(self) -> tuple[Any, Selection]:
        """What listens to pytest in this child: the recorder of what happens, the selection of the tests."""
        recorder = make_recorder(self, self._report)
        return recorder, Selection(self, recorder, self._report.line_of)

    def run_script(self) -> None:
        """Run a file as ``__main__``."""
        path, arguments = self.request["script"], self.request["arguments"]
        recorder = make_recorder(self, self._report)
        full = os.path.join(self.config["root"], path)
        sys.argv = [full, *arguments]
        sys.path[0] = os.path.dirname(full)
        main = types.ModuleType("__main__")
        main.__dict__.update({"__file__": full, "__builtins__": __builtins__})
        sys.modules["__main__"] = main
        self.tell({"event": "start", "id": path})
        output = _Output()
        try:
            with open(full, "rb") as stream:
                code = compile(stream.read(), full, "exec", dont_inherit=True)
            exec(code, main.__dict__)
            for each in threading.enumerate():
                if each is not threading.current_thread() and not each.daemon:
                    each.join()
        except SystemExit:
            pass
        except BaseException as error:
            recorder.add_exception(error, "run", (path, *arguments))
        self.finish(exit=0, output=output.text())

    def run_pytest(self) -> None:
        """Configure pytest and run it to the end."""
        import pytest

        recorder, selection = self.listeners()
        arguments = [*self.config["arguments"], *pytest_arguments(), *self.request["files"]]
        sys.argv = ["pytest", *arguments]
        sys.stderr = self._errors
        code = pytest.main(arguments, plugins=[recorder, selection])
        self.finish(exit=int(code), reason=self._errors.text)

    def restore_errors(self) -> None:
        """From here on pytest's complaints come as reports."""
        sys.stderr = sys.__stderr__


class _Output:
    """Reads what this process and its children write to standard output and error; keeps the end of it."""

    def __init__(self) -> None:
        self._kept = b""
        self._reader, writer = os.pipe()
        for standard in (1, 2):
            os.dup2(writer, standard)
        os.close(writer)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            data = os.read(self._reader, 1 << 16)
            if not data:
                return
            self._kept = (self._kept + data)[-MAX_OUTPUT:]

    def text(self) -> str:
        """What was written, from here on to nowhere."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        null = os.open(os.devnull, os.O_WRONLY)
        for standard in (1, 2):
            os.dup2(null, standard)
        self._thread.join(DRAIN_SECONDS)
        return self._kept.decode("utf-8", "replace")


class _Tail(io.TextIOBase):
    """Keeps the end of what is written: what pytest says when it cannot begin."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = (self.text + text)[-2000:]
        return len(text)


class TooLong(BaseException):
    """A test's time was over. Not an Exception, so that the code under test does not swallow it."""


TooLong.__name__ = TooLong.__qualname__ = "Timeout"
TooLong.__module__ = "builtins"


class Selection:
    """Keeps the wanted tests of those that pytest collected. Ids never go to pytest's command line."""

    def __init__(self, child: Child, recorder: Any, line_of: Callable[[Any], int]) -> None:
        self._wanted: list[str] = child.request["select"]
        self._skip = frozenset(child.request["skip"])
        self._child = child
        self._recorder = recorder
        self._line_of = line_of

    def pytest_collection_modifyitems(self, session: Any, config: Any, items: list[Any]) -> None:
        kept, dropped, names, lines = [], [], [], []
        for item in items:
            name = self._recorder.test_id(item.nodeid)
            wanted = name is not None and (
                not self._wanted or any(_covers(each, name) for each in self._wanted)
            )
            if wanted and name not in self._skip:
                kept.append(item)
                names.append(name)
                lines.append(self._line_of(item))
            else:
                dropped.append(item)
        missing = [
            each for each in self._wanted if not any(_covers(each, name) for name in (*names, *self._skip))
        ]
        self._child.tell({"event": "collected", "ids": names, "lines": lines, "missing": missing})
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)


def _covers(wanted: str, test: str) -> bool:
    return test == wanted or (
        test.startswith(wanted) and test[len(wanted) : len(wanted) + 1] in ("/", ":", "[")
    )


def pytest_arguments() -> list[str]:
    """What every run adds: nothing spreads tests over processes, shuffles them, or leaves files behind."""
    # the recorder reads the exceptions; what pytest would print of them is the dearest part of a failing test
    found = ["-s", "-q", "--tb=native", "--maxfail=0", "-p", "no:randomly"]
    found += ["-o", "cache_dir=/tmp/heal-pytest-cache"]
    if importlib.util.find_spec("xdist") is not None:
        found.append("-n0")
    if importlib.util.find_spec("pytest_cov") is not None:
        found.append("--no-cov")
    return found


def make_recorder(child: Child, report: Any) -> Any:
    """A recorder that tells each test as it ends, on top of the report plugin's own."""

    class Recorder(report.Recorder):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(child.config["root"], "server")
            request = child.request
            self._limits, self._limit = request["limits"], request["limit"]
            self._stop = request["stop"]
            self._signs: list[dict[str, Any]] = []
            self._told: set[str] = set()
            root = child.config["root"]
            self._watch = signs.Watch(tuple(os.path.join(root, each) for each in child.config["masked"]))
            self._trace = linetrace.LineTrace(self.workspace.relative) if request["coverage"] else None

        def take_session(self, session: Any) -> None:
            self.set_rootdir(session.config)

        def pytest_sessionstart(self, session: Any) -> None:
            child.restore_errors()
            self.take_session(session)

        @report.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator, unused-ignore]
        def pytest_load_initial_conftests(self) -> Any:
            outcome = yield
            error = outcome.excinfo[1] if outcome.excinfo else None
            if type(error).__name__ == "ConftestImportFailure":
                self.add_exception(error, "collect")

        def pytest_collectstart(self, collector: Any) -> None:
            path = self.test_id(collector.nodeid) if "::" not in collector.nodeid else None
            if path and path.endswith(".py"):
                child.tell({"event": "collecting", "path": path})

        def saw_exception(self, error: BaseException, test: str | None) -> None:
            self._signs += signs.in_exception(error)

        def saw_start(self, test: str) -> None:
            self._watch.taken()
            self._signs = []
            child.tell({"event": "start", "id": test})
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
            child.tell(event)
            if self._stop and result["outcome"] == "failed":
                # pytest's own way to stop formats a traceback of itself, which takes longer than the test
                child.finish(exit=1, whole=False)

        def saw_error(self, failure: dict[str, Any]) -> None:
            event: dict[str, Any] = {"event": "error", "failure": failure, "digests": self._new_digests()}
            event["signs"] = self._signs + self._watch.taken()
            child.tell(event)
            self._signs = []
            if self._stop:
                child.finish(exit=2, whole=False)

        def _new_digests(self) -> dict[str, str]:
            fresh = {path: name for path, name in self.digests.items() if path not in self._told}
            self._told |= set(fresh)
            return fresh

        @report.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
        def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
            super().pytest_sessionfinish(session, exitstatus)
            if child.request["modules"]:
                child.tell({"event": "modules", "names": outside_modules(self.workspace)})
            child.finish(exit=int(exitstatus), whole=self.finished)

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
