"""A pytest plugin that writes one JSON report a run, for heal-lsp to show in the editor.

It needs nothing but the standard library, so that it can be used without being installed in a project's
environment: copy it as ``heal_lsp_report.py`` into a folder on ``PYTHONPATH`` and run pytest with ``-p
heal_lsp_report``. It writes into the folder ``HEAL_REPORT_DIR`` when the run belongs to the workspace
folder ``HEAL_ROOT``, and otherwise does nothing. It never prints and never makes a run fail. The format is
the record ``Report`` of ``heal_lsp.core.model``.

The sandbox's worker loads this same file, so that failures are read from exceptions in one place only.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import json
import linecache
import os
import secrets
import sys
import time
import tokenize
import traceback
from collections.abc import Callable, Iterator
from typing import Any


def hookimpl(**options: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a hook as ``pytest.hookimpl`` does, without pytest: a script may run where there is none."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.pytest_impl = options  # type: ignore[attr-defined]
        return function

    return mark


MAX_MESSAGE = 4000
MAX_VALUE = 300
MAX_VALUES = 20
MAX_ITEMS = 20
MAX_FRAMES = 60
MAX_DETAILED = 500
"""Failures of one run that carry frames and values; those after it are told briefly."""
MAX_FILE = 4_000_000
MAX_DECORATORS = 40
_LATE_EXITS = sys.hexversion < 0x030A0000
"""Whether this Python shows what a context manager raises at the end on the last line of the body."""
_INTERNALS = ("_pytest", "pytest", "pluggy", "unittest", "pytest_asyncio", "anyio.pytest_plugin", "xdist")
_UNTOLD = (type, type(sys), type(lambda: None), type(len))
_PLAIN = (str, bytes, int, float, complex, bool, type(None))


# -- texts ---------------------------------------------------------------------------------------------------


def digest(text: str) -> str:
    """Name a text: the SHA-256 of its UTF-8 form, line endings as ``\\n``, no byte order mark."""
    if text.startswith("\ufeff"):
        text = text[1:]
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_file(path: str) -> str:
    """The digest of a Python file's text, decoded as PEP 263 says.

    Raises:
        OSError, ValueError, SyntaxError: the file cannot be read, is too large, or is no text.
    """
    if os.path.getsize(path) > MAX_FILE:
        raise ValueError("too large")
    with open(path, "rb") as stream:
        data = stream.read()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return digest(data.decode(encoding))


def bounded(value: Any, depth: int = 3) -> str:
    """A short ``repr`` of builtin values; other objects show their class. Calls no code of the project's."""
    kind = type(value)
    if kind in _PLAIN:
        return _plain(value)
    if depth and kind in (list, tuple, set, frozenset):
        items = [bounded(each, depth - 1) for each in _first(value)]
        items += ["..."] * (len(value) > MAX_ITEMS)
        return _cut(_bracketed(kind, items))
    if depth and kind is dict:
        pairs = [
            f"{bounded(key, depth - 1)}: {bounded(value[key], depth - 1)}"
            for key in _first(value)
            if type(key) in _PLAIN
        ]
        return _cut("{" + ", ".join(pairs + ["..."] * (len(pairs) < len(value))) + "}")
    return f"<{kind.__name__}>"


def _plain(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        short = value[:MAX_VALUE]
        return repr(short) + ("..." if len(value) > MAX_VALUE else "")
    if isinstance(value, int) and value.bit_length() > 3 * MAX_VALUE:
        return f"<int of {value.bit_length()} bits>"
    return repr(value)


def _first(values: Any) -> list[Any]:
    found: list[Any] = []
    for each in values:
        if len(found) == MAX_ITEMS:
            break
        found.append(each)
    return found


def _bracketed(kind: type, items: list[str]) -> str:
    inside = ", ".join(items)
    if kind is list:
        return f"[{inside}]"
    if kind is tuple:
        return f"({inside},)" if len(items) == 1 else f"({inside})"
    if not items:
        return f"{kind.__name__}()"
    return "{" + inside + "}" if kind is set else "frozenset({" + inside + "})"


def _cut(text: str, limit: int = MAX_VALUE) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


# -- paths ---------------------------------------------------------------------------------------------------


class Workspace:
    """A workspace folder; names its files relative to it, whichever of its names a path uses."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        real = os.path.realpath(root)
        self._roots = (self.root,) if real == self.root else (self.root, real)
        self._known: dict[str, str | None] = {}
        self._outside = tuple(
            prefix + os.sep
            for prefix in {sys.prefix, sys.exec_prefix, os.path.realpath(sys.prefix)}
            if not self.root.startswith(prefix + os.sep) and prefix not in self._roots
        )

    def relative(self, path: str) -> str | None:
        """The workspace-relative POSIX path; None for a file outside, an installed package's, or no file."""
        if path not in self._known:
            self._known[path] = self._find(path)
        return self._known[path]

    def _find(self, path: str) -> str | None:
        if not path or path.startswith("<"):
            return None
        full = os.path.abspath(path)
        for each in (full, os.path.realpath(full)):
            for root in self._roots:
                if each.startswith(root.rstrip(os.sep) + os.sep):
                    if each.startswith(self._outside) or f"{os.sep}site-packages{os.sep}" in each:
                        return None
                    return os.path.relpath(each, root).replace(os.sep, "/")
        return None

    def shown(self, path: str) -> str:
        """The workspace-relative path, or the absolute one of a file outside."""
        if path.startswith("<"):
            return path
        return self.relative(path) or os.path.abspath(path).replace(os.sep, "/")

    def absolute(self, path: str) -> str:
        return os.path.join(self.root, path)


# -- failures ------------------------------------------------------------------------------------------------


class Place:
    """Where a test stands: its id, its file (workspace-relative), its function's name and line."""

    def __init__(self, test: str | None, path: str, function: str, line: int) -> None:
        self.test = test
        self.path = path
        self.function = function
        self.line = line


class Entry:
    """One entry of a traceback."""

    def __init__(self, tb: Any, workspace: Workspace) -> None:
        self.frame = tb.tb_frame
        self.code = tb.tb_frame.f_code
        self.line: int = tb.tb_lineno or self.code.co_firstlineno
        self.path = workspace.relative(self.code.co_filename)

    def record(self, workspace: Workspace) -> dict[str, Any]:
        path = self.path or workspace.shown(self.code.co_filename)
        return {"path": path, "line": self.line, "function": self.code.co_name}


def failure_of(
    error: BaseException,
    workspace: Workspace,
    phase: str,
    place: Place | None = None,
    command: tuple[str, ...] = (),
    compared: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """The record ``Failure`` of an exception that was raised."""
    error, tb = _unwrapped(error)
    everything = list(_entries(tb, workspace))
    entries = [each for each in everything if not _is_internal(each.code.co_filename)]
    entries = entries[next((at for at, each in enumerate(entries) if each.path is not None), 0) :]
    path, line = _position(error, entries, workspace, place)
    deepest = next((each for each in reversed(entries) if each.path is not None), None)
    return {
        "kind": _kind(error),
        "exception": exception_name(error),
        "message": _message(error, entries),
        "path": path,
        "line": line,
        "frames": [each.record(workspace) for each in _ends(entries)],
        "test": place.test if place is not None else None,
        "command": list(command),
        "values": _values(deepest, everything, compared),
        "phase": phase,
    }


def brief(kind: str, exception: str, message: str, place: Place, phase: str) -> dict[str, Any]:
    """The record ``Failure`` of something that raised no exception of its own."""
    return {
        "kind": kind,
        "exception": exception,
        "message": _cut(message, MAX_MESSAGE),
        "path": place.path,
        "line": place.line,
        "frames": [],
        "test": place.test,
        "command": [],
        "values": [],
        "phase": phase,
    }


def _unwrapped(error: BaseException) -> tuple[BaseException, Any]:
    """The exception behind pytest's and doctest's own wrappers, and its traceback."""
    name = type(error).__name__
    if name == "CollectError" and error.__cause__ is not None:
        return _unwrapped(error.__cause__)
    if name == "ConftestImportFailure":
        cause = getattr(error, "cause", None) or getattr(error, "excinfo", (None, None))[1]
        if isinstance(cause, BaseException):
            return _unwrapped(cause)
    if name == "MultipleDoctestFailures":
        return _unwrapped(error.failures[0])  # type: ignore[attr-defined]
    if name == "UnexpectedException" and isinstance(getattr(error, "exc_info", None), tuple):
        return error.exc_info[1], error.exc_info[2]  # type: ignore[attr-defined]
    return error, error.__traceback__


def _entries(tb: Any, workspace: Workspace) -> Iterator[Entry]:
    while tb is not None:
        entry = Entry(tb, workspace)
        tb = tb.tb_next
        if _LATE_EXITS and tb is not None and tb.tb_frame.f_code.co_name in ("__exit__", "__aexit__"):
            entry.line = _line_of_with(entry)
        yield entry


def _line_of_with(entry: Entry) -> int:
    """The line of the ``with`` around an entry's line, which is the last of its body."""
    if entry.path is None:
        return entry.line
    try:
        tree = ast.parse("".join(linecache.getlines(entry.code.co_filename)))
    except (SyntaxError, ValueError):
        return entry.line
    around = [
        each.lineno
        for each in ast.walk(tree)
        if isinstance(each, (ast.With, ast.AsyncWith)) and each.lineno <= entry.line <= (each.end_lineno or 0)
    ]
    return max(around, default=entry.line)


@functools.cache
def _internal_folders(_count: int) -> tuple[str, ...]:
    found = []
    for name in _INTERNALS:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file:
            found.append(os.path.dirname(file) + os.sep if file.endswith("__init__.py") else file)
    return tuple(found)


hidden: set[str] = {__file__}
"""Further files whose frames belong to the machinery that runs tests."""


def _is_internal(filename: str) -> bool:
    if filename in hidden or filename.startswith(("<frozen ", "<doctest ")):
        return True
    known = sum(name in sys.modules for name in _INTERNALS)
    return filename.startswith(_internal_folders(known)) or os.path.basename(filename) == "runpy.py"


def _ends(entries: list[Entry]) -> list[Entry]:
    """Both ends of a very deep traceback."""
    half = MAX_FRAMES // 2
    return entries if len(entries) <= MAX_FRAMES else entries[:half] + entries[-half:]


def _position(
    error: BaseException, entries: list[Entry], workspace: Workspace, place: Place | None
) -> tuple[str, int]:
    if isinstance(error, SyntaxError) and error.filename:
        path = workspace.relative(error.filename)
        if path is not None and (place is None or path == place.path):
            return path, error.lineno or 1
    if place is not None:
        if type(error).__name__ == "DocTestFailure":
            return place.path, _doctest_line(error) or place.line
        own = [each for each in entries if each.path == place.path]
        for each in own:
            if each.code.co_name == place.function:
                return place.path, each.line
        if own:
            return place.path, own[-1].line
    for each in reversed(entries):
        if each.path is not None:
            return each.path, each.line
    if place is not None:
        return place.path, place.line
    return "", 1


def _doctest_line(error: Any) -> int:
    try:
        return int(error.test.lineno) + int(error.example.lineno) + 1
    except (AttributeError, TypeError):
        return 0


def _kind(error: BaseException) -> str:
    if isinstance(error, AssertionError) or type(error).__name__ in ("Failed", "DocTestFailure"):
        return "assertion"
    return "test" if type(error).__name__ in ("FixtureLookupError", "CollectError") else "exception"


def exception_name(error: BaseException) -> str:
    kind = type(error)
    module = getattr(kind, "__module__", "builtins")
    name = str(getattr(kind, "__qualname__", kind.__name__))
    if module in ("builtins", "__main__", "doctest") or str(module).startswith(("_pytest.", "pytest")):
        return name
    return f"{module}.{name}"


def _message(error: BaseException, entries: list[Entry]) -> str:
    if type(error).__name__ == "DocTestFailure":
        return _doctest_message(error)
    try:
        if isinstance(error, SyntaxError):
            text = str(error.msg)
        elif type(error).__name__ == "FixtureLookupError":
            text = f"fixture '{error.argname}' not found"  # type: ignore[attr-defined]
        else:
            text = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the project's own __str__ may raise what it likes
        text = "<the exception's text cannot be had>"
    if not text and isinstance(error, AssertionError) and entries:
        text = linecache.getline(entries[-1].code.co_filename, entries[-1].line).strip()
    return _cut(text, MAX_MESSAGE)


def _doctest_message(error: Any) -> str:
    try:
        want, got = str(error.example.want).rstrip("\n"), str(error.got).rstrip("\n")
        source = str(error.example.source).rstrip("\n")
        return _cut(f"{source}\nExpected: {want}\nGot: {got}", MAX_MESSAGE)
    except Exception:
        return "the example's output differs"


def _values(
    deepest: Entry | None, everything: list[Entry], compared: tuple[str, str] | None
) -> list[dict[str, str]]:
    values = []
    if compared is None:
        compared = _unittest_operands(everything)
    if compared is not None:
        values = [{"name": "assert.left", "text": compared[0]}, {"name": "assert.right", "text": compared[1]}]
    if deepest is None:
        return values
    for name, value in list(deepest.frame.f_locals.items()):
        if len(values) >= MAX_VALUES:
            break
        if name.startswith(("@", "__")) or issubclass(type(value), _UNTOLD):
            continue
        values.append({"name": str(name), "text": bounded(value)})
    return values


def _unittest_operands(everything: list[Entry]) -> tuple[str, str] | None:
    for each in everything:
        names = each.frame.f_locals
        if (
            each.code.co_name.startswith("assert")
            and "unittest" in each.code.co_filename
            and "first" in names
        ):
            return bounded(names["first"]), bounded(names.get("second"))
    return None


def line_of(item: Any) -> int:
    """The line of a test's ``def``, below its decorators; its first line when it is no function."""
    location = getattr(item, "location", None) or ("", 0, "")
    first = int(location[1] or 0) + 1
    path = str(getattr(item, "path", None) or getattr(item, "fspath", ""))
    for line in range(first, first + MAX_DECORATORS):
        if linecache.getline(path, line).lstrip().startswith(("def ", "async def ")):
            return line
    return first


# -- recording a run -----------------------------------------------------------------------------------------


def quiet(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a hook's own mistakes from the user's run."""

    @functools.wraps(hook)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return hook(*args, **kwargs)
        except Exception:
            if os.environ.get("HEAL_REPORT_DEBUG"):
                traceback.print_exc()
            return None

    return guarded


class Recorder:
    """Collects what pytest reports into test results, errors and digests. A subclass may watch it happen."""

    def __init__(self, root: str, source: str = "pytest") -> None:
        self.workspace = Workspace(root)
        self.source = source
        self.started = time.time()
        self.finished = True
        self.tests: dict[str, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []
        self.digests: dict[str, str] = {}
        self._rootdir = self.workspace.root
        self._compared: tuple[str, str] | None = None
        self._detailed = 0
        self._ended: set[str] = set()

    # what a subclass may watch

    def saw_start(self, test: str) -> None:
        """A test is about to run."""

    def saw_end(self, result: dict[str, Any]) -> None:
        """A test ended."""

    def saw_error(self, failure: dict[str, Any]) -> None:
        """A failure that belongs to no test."""

    def saw_exception(self, error: BaseException, test: str | None) -> None:
        """An exception that became a failure."""

    # pytest's hooks

    @quiet
    def pytest_sessionstart(self, session: Any) -> None:
        self.set_rootdir(session.config)

    @quiet
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        test = self.test_id(nodeid)
        if test is not None:
            self.saw_start(test)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        outcome = yield
        self._attach(item, call, outcome)

    @quiet
    def pytest_runtest_logreport(self, report: Any) -> None:
        test = self.test_id(report.nodeid)
        if test is None or report.outcome == "rerun":
            return
        fresh: dict[str, Any] = {"id": test, "outcome": "passed", "seconds": 0.0, "failure": None}
        result = self.tests.setdefault(test, fresh)
        if report.when == "setup" and result["seconds"]:  # another attempt at the same test
            result.update(fresh)
        if report.when == "teardown":
            self._ended.add(test)
        result["seconds"] += float(getattr(report, "duration", 0.0))
        if report.outcome == "failed":
            result["outcome"] = "failed"
            if result["failure"] is None:
                failure = getattr(report, "heal_failure", None) or self._unknown(report, test)
                result["failure"] = failure
                self._name_texts(failure)
        elif report.outcome == "skipped" and result["outcome"] == "passed":
            result["outcome"] = "skipped"

    @quiet
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        test = self.test_id(nodeid)
        if test in self.tests:
            self.saw_end(self.tests[str(test)])

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Any:
        outcome = yield
        self._attach_collected(collector, outcome)

    @quiet
    def pytest_collectreport(self, report: Any) -> None:
        if report.outcome == "failed":
            failure = getattr(report, "heal_failure", None)
            self.add_error(failure or self._unknown(report, None))

    @quiet
    def pytest_internalerror(self, excinfo: Any) -> None:
        self.add_exception(excinfo.value, "collect")

    @quiet
    def pytest_assertrepr_compare(self, config: Any, op: str, left: Any, right: Any) -> None:
        self._compared = (bounded(left), bounded(right))

    @quiet
    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        cut_short = bool(getattr(session, "shouldstop", False) or getattr(session, "shouldfail", False))
        self.finished = not cut_short and int(exitstatus) in (0, 1, 5)

    # what is made of them

    def set_rootdir(self, config: Any) -> None:
        """Take the folder that pytest's node ids are relative to."""
        self._rootdir = str(getattr(config, "rootpath", None) or config.rootdir)

    def test_id(self, nodeid: str) -> str | None:
        """The test's id, or None for a file outside the workspace."""
        path, separator, rest = nodeid.partition("::")
        relative = self.workspace.relative(os.path.normpath(os.path.join(self._rootdir, path)))
        return None if relative is None else relative + separator + rest

    def add_exception(self, error: BaseException, phase: str, command: tuple[str, ...] = ()) -> None:
        """Add an exception that belongs to no test."""
        self.saw_exception(error, None)
        self.add_error(failure_of(error, self.workspace, phase, command=command))

    def add_error(self, failure: dict[str, Any]) -> None:
        """Add a failure that belongs to no test."""
        self._name_texts(failure)
        self.errors.append(failure)
        self.saw_error(failure)

    def report(self) -> dict[str, Any]:
        """The record ``Report`` of the run so far."""
        return {
            "root": self.workspace.root,
            "source": self.source,
            "python": ".".join(map(str, sys.version_info[:3])),
            "started": self.started,
            "seconds": max(0.0, time.time() - self.started),
            "finished": self.finished,
            "tests": [each for test, each in self.tests.items() if test in self._ended or each["failure"]],
            "errors": self.errors,
            "digests": self.digests,
            "obstacle": None,
            "isolation": "",
            "coverage": {},
        }

    @quiet
    def _attach(self, item: Any, call: Any, outcome: Any) -> None:
        report = outcome.get_result()
        test = self.test_id(item.nodeid)
        compared, self._compared = self._compared, None
        if report.outcome != "failed" or test is None:
            return
        place = self._place(item, test)
        words = getattr(report, "longrepr", None)
        if call.excinfo is None or (isinstance(words, str) and words.startswith("[XPASS")):
            report.heal_failure = brief(
                "test", "XPASS(strict)", _unexpected_pass(report), place, str(report.when)
            )
            return
        error = call.excinfo.value
        self.saw_exception(error, test)
        self._detailed += 1
        if self._detailed > MAX_DETAILED:
            report.heal_failure = brief(
                _kind(error), exception_name(error), _message(error, []), place, str(report.when)
            )
            return
        if not isinstance(error, AssertionError):
            compared = None
        report.heal_failure = failure_of(error, self.workspace, str(report.when), place, compared=compared)

    @quiet
    def _attach_collected(self, collector: Any, outcome: Any) -> None:
        report = outcome.get_result()
        call = getattr(report, "call", None)
        if report.outcome != "failed" or call is None or call.excinfo is None:
            return
        self.saw_exception(call.excinfo.value, None)
        failure = failure_of(call.excinfo.value, self.workspace, "collect")
        if not failure["path"] or self.workspace.relative(self.workspace.absolute(failure["path"])) is None:
            failure["path"], failure["line"] = self.test_id(collector.nodeid) or failure["path"], 1
        report.heal_failure = failure

    def _place(self, item: Any, test: str) -> Place:
        function = getattr(item, "originalname", None) or item.name
        return Place(test, test.partition("::")[0], str(function), line_of(item))

    def _unknown(self, report: Any, test: str | None) -> dict[str, Any]:
        """A failure of which only pytest's own words are known, as when a process of xdist died."""
        location = getattr(report, "location", None) or ("", 0, "")
        path = (test or self.test_id(report.nodeid) or "").partition("::")[0]
        words = str(getattr(report, "longreprtext", "") or getattr(report, "longrepr", ""))
        place = Place(test, path, "", int(location[1] or 0) + 1)
        return brief("test", "Error", words, place, str(getattr(report, "when", None) or "collect"))

    def _name_texts(self, failure: dict[str, Any]) -> None:
        paths = {failure["path"]} | {frame["path"] for frame in failure["frames"]}
        for path in sorted(paths - set(self.digests)):
            full = self.workspace.absolute(path)
            if os.path.isabs(path) or path.startswith("<") or self.workspace.relative(full) is None:
                continue
            try:
                # which text of a file ran that changed since is not known, and no digest is the empty one
                changed = os.path.getmtime(full) > self.started
                self.digests[path] = "" if changed else digest_of_file(full)
            except (OSError, ValueError, SyntaxError, LookupError):
                continue


def _unexpected_pass(report: Any) -> str:
    words = str(getattr(report, "longrepr", "") or "").replace("[XPASS(strict)]", "").strip()
    return "the test passed, but it is expected to fail" + (f": {words}" if words else "")


# -- the plugin ----------------------------------------------------------------------------------------------


class Writer(Recorder):
    """Writes the report of a run in a terminal when it ends."""

    def __init__(self, root: str, folder: str) -> None:
        super().__init__(root)
        self._folder = folder
        self._written = False

    @quiet
    def pytest_unconfigure(self) -> None:
        self.write()

    @quiet
    def write(self) -> None:
        if not self._written and (self.tests or self.errors):
            self._written = True
            write_report(self._folder, self.report())


def write_report(folder: str, report: dict[str, Any]) -> str:
    """Write a report into a folder of the user's own, all at once, and return the file's name.

    Raises:
        OSError: the folder is a link, is somebody else's, or cannot be written.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if os.path.islink(folder) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(folder + " is a link or belongs to another user")
    name = f"{time.time_ns()}-{os.getpid()}.json"
    partial = os.path.join(folder, f".{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(partial, flags, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(report, stream)
        os.replace(partial, os.path.join(folder, name))
    except BaseException:
        os.unlink(partial)
        raise
    return name


_writer: Writer | None = None


def _make_writer(config: Any) -> Writer | None:
    """The writer of this run, or None where none is wanted: for another folder, or a mere listing."""
    global _writer
    folder, root = os.environ.get("HEAL_REPORT_DIR"), os.environ.get("HEAL_ROOT")
    if _writer is None and folder and root and os.path.isdir(root):
        inside = Workspace(root)
        here = os.path.join(os.getcwd(), "x")
        if inside.relative(here) is not None:
            _writer = Writer(root, folder)
    return None if _writer is None or getattr(config.option, "collectonly", False) else _writer


@hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: Any) -> Any:
    """A conftest that cannot be imported ends the run before it begins."""
    outcome = yield
    _report_broken_conftest(early_config, outcome)


@quiet
def _report_broken_conftest(config: Any, outcome: Any) -> None:
    error = outcome.excinfo[1] if outcome.excinfo else None
    writer = _make_writer(config) if error is not None else None
    if writer is not None and error is not None and type(error).__name__ == "ConftestImportFailure":
        writer.add_exception(error, "collect")
        writer.finished = False
        writer.write()


@quiet
def pytest_configure(config: Any) -> None:
    """Start to record."""
    writer = _make_writer(config)
    if writer is None:
        return
    if hasattr(
        config, "workerinput"
    ):  # an xdist worker: its failures travel to the controller with the reports
        config.pluginmanager.register(Recorder(writer.workspace.root), "heal-lsp-recorder")
    else:
        config.pluginmanager.register(writer, "heal-lsp-writer")
