"""A session of the sandbox: one interpreter that forks a child for each run of tests.

Started by ``worker.py`` as process 1 of a process number space of its own, with the workspace mounted under
a private overlay. Standard library only, Python 3.9 up. The first record that arrives says how to begin:

``cold``   import nothing; the child configures pytest itself.
``early``  import pytest and the named modules; the child configures it.
``lazy``   configure pytest here, conftest files included; the child goes on with the collection. The
           fastest, and right only where no module that a candidate changes has been imported by then, which
           ``ready`` tells.
``standby``  import pytest and its plugins, and nothing of the workspace; the child configures it.
``probe``  say which Python and pytest this is, and end.

Each ``run`` forks; the child takes namespaces, an overlay with the candidate's texts, limits and a system
call filter of its own, then runs, and tells what happens as events over a pipe. This process passes them
on, keeps the time, and kills everything that the child leaves behind. A pipe that closes before ``done`` is
a crash.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import inspect
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import channel, confine, preload, rewriting
from .child import Child, texts_of
from .enclosure import Enclosure, enclosure_of
from .listeners import Listeners
from .plain import make_plain_plugin, pytest_arguments

_TOLD = frozenset(
    {"collecting", "collected", "start", "test", "error", "modules", "done"}
    | {"screening", "screened", "unscreened"}
)
_MAX_EVENT = 8 << 20
_MANY = 1 << 16
"""Bytes of events that are passed on together at the most."""
_GLANCE = 0.1


class Server:
    """The parent's side: forks children and watches over them."""

    def __init__(
        self, config: dict[str, Any], receiver: channel.Receiver, sender: channel.Sender, report: Any
    ) -> None:
        self.config = config
        self.report = report
        self._receiver = receiver
        self._sender = sender
        self.request: dict[str, Any] = {}
        self.child: Child | None = None
        self.enclosure = enclosure_of(config)

    def serve(self) -> None:
        """Answer requests. Returns in a child, which :attr:`child` then stands for; the parent ends here."""
        self._settle()
        self._sender.send({"event": "ready", "mode": self.config["mode"], **self._state()})
        while True:
            try:
                request = self._receiver.record()
            except channel.Closed:
                os._exit(0)
            if request["op"] == "preload":
                self._preload(request["modules"])
            elif self._run(request):
                return

    def _state(self) -> dict[str, Any]:
        workspace = self.report.Workspace(self.config["root"])
        files = (getattr(each, "__file__", None) for each in list(sys.modules.values()))
        loaded = {workspace.relative(each) for each in files if isinstance(each, str)} - {None}
        found = {"loaded": sorted(loaded), "busy": threading.active_count() > 1 or _has_children()}
        return {**found, "files": preload.loaded_files()} if self.config["mode"] == "standby" else found

    def _preload(self, modules: list[str]) -> None:
        for name in modules:
            try:
                importlib.import_module(name)
            except BaseException:  # whatever it is, a test that needs the module meets it again
                continue
        self._settle()
        self._sender.send({"event": "end", "how": "finished", **self._state()})

    def _settle(self) -> None:
        """Do once what every child would do again, and leave the garbage collector nothing to look at."""
        if self.config["mode"] != "cold":
            inspect.getmodule(compile("", "<warm>", "exec"))  # resolves every loaded module's path
        gc.collect()
        gc.freeze()

    def _run(self, request: dict[str, Any]) -> bool:
        """Fork. True in the child."""
        began = time.monotonic()
        reader, writer = os.pipe()
        self.enclosure.prepare()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os.close(self._receiver.descriptor)
            os.close(self._sender.descriptor)
            self.request = request
            self.child = Child(self.config, request, channel.Sender(writer).send, self.report)
            self.child.enter(self.enclosure)
            return True
        os.close(writer)
        watcher = Watcher(pid, reader, request, self._sender, began, self.enclosure)
        how, test = watcher.watch()
        os.close(reader)
        self._end_everything(pid)
        reply = {"event": "end", "how": how, "test": test, "seconds": time.monotonic() - began}
        if how == "died":
            reply.update(_status(pid))
        if os.getpid() != 1:
            confine.kill_descendants()
        self.enclosure.leave(texts_of(request["restore"]))
        self._sender.send(reply)
        _reap(wait=how == "crowd")
        self.enclosure.tidy()
        return False

    def _end_everything(self, pid: int) -> None:
        kills: list[Callable[[], None]] = [
            lambda: os.killpg(pid, signal.SIGKILL),
            lambda: os.kill(pid, signal.SIGKILL),
        ]
        if os.getpid() == 1:  # of our own process number space: all of it is the child's
            kills.append(lambda: os.kill(-1, signal.SIGKILL))
        for kill in kills:
            with contextlib.suppress(OSError):
                kill()


class Watcher:
    """Follows one child: passes its events on and ends its time."""

    def __init__(
        self,
        pid: int,
        reader: int,
        request: dict[str, Any],
        sender: Any,
        began: float,
        enclosure: Enclosure,
    ) -> None:
        self._enclosure = enclosure
        self._pid = pid
        self._reader = channel.Receiver(reader)
        self._request = request
        self._sender = sender
        self._end = began + request["seconds"]
        self._began = began
        self._test: str | None = None
        self._test_end = self._end
        self._kept: list[bytes] = []
        self._size = 0

    def watch(self) -> tuple[str, str | None]:
        """How the child ended (finished, died, slow, killed, crowd, disk), and in which test."""
        found = self._watched()
        self._pass_on()
        return found

    def _watched(self) -> tuple[str, str | None]:
        while True:
            now = time.monotonic()
            if now >= self._end:
                return "killed", self._test
            if now >= self._test_end:
                return "slow", self._test
            if now - self._began > _GLANCE and (excess := self._enclosure.excess()):
                return excess, self._test
            try:
                line = self._reader.line(min(_GLANCE, max(0.0, min(self._end, self._test_end) - now)))
            except channel.Closed:
                return "died", self._test
            if line is None:
                self._pass_on()
            elif self._is_last(line):
                return "finished", None

    def _pass_on(self) -> None:
        """Many events at once: each one alone would wake two processes while the child needs the processor."""
        kept, self._kept, self._size = self._kept, [], 0
        if kept:
            self._sender.send_line(b"\n".join(kept))

    def _is_last(self, line: bytes) -> bool:
        """Take an event, to be passed on; True when it was the last."""
        try:
            event = json.loads(line)
            name = event["event"]
        except (ValueError, TypeError, KeyError):
            return False
        if name not in _TOLD or len(line) > _MAX_EVENT:
            return False
        if name == "start":
            allowed = float(self._request["limits"].get(event["id"], self._request["limit"]))
            self._test, self._test_end = event["id"], time.monotonic() + 1.25 * allowed + 0.25
        elif name == "test":
            self._test, self._test_end = None, self._end
        self._kept.append(line)
        self._size += len(line)
        if self._size > _MANY:
            self._pass_on()
        return bool(name == "done")


def make_lazy_plugin(server: Server) -> Any:
    """What makes a configured pytest session the server: its collection goes on in the children only."""

    class Plugin:
        @server.report.hookimpl(tryfirst=True)  # type: ignore[untyped-decorator,unused-ignore]
        def pytest_collection(self, session: Any) -> None:
            listeners = Listeners(server.config, server.report)
            listeners.recorder.take_session(session)
            for each in listeners.plugins:
                session.config.pluginmanager.register(each)
            rewriting.remember(session.config, server.config["files"])
            server.serve()
            assert server.child is not None
            listeners.begin(server.child)
            session.config.args[:] = server.child.request["files"]

    return Plugin()


# -- processes -----------------------------------------------------------------------------------------------


def _has_children() -> bool:
    try:
        with open("/proc/thread-self/children") as stream:
            return bool(stream.read().strip())
    except OSError:
        return False


def _status(pid: int) -> dict[str, Any]:
    """The signal or the exit code that a child ended with."""
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return {"signal": 0, "code": 0}
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status), "code": 0}
    return {"signal": 0, "code": os.WEXITSTATUS(status)}


def _reap(wait: bool) -> None:
    """Collect ended processes. Not waiting for all is faster: the end of a namespace takes a while."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0 if wait else os.WNOHANG)[0]:
            pass


# -- beginning -----------------------------------------------------------------------------------------------


def probe(look_for_pytest: bool) -> dict[str, Any]:
    """What this interpreter is."""
    found: dict[str, Any] = {
        "event": "ready",
        "mode": "probe",
        "python": ".".join(map(str, sys.version_info[:3])),
        "executable": sys.executable,
        "pytest": "",
        "problem": "",
    }
    found["interfaces"] = _interfaces()
    found["breaches"] = list(_breaches())
    if not look_for_pytest:
        return found
    try:
        import pytest

        found["pytest"] = str(pytest.__version__)
    except ModuleNotFoundError as error:
        found["problem"] = "" if error.name == "pytest" else str(error)
    except BaseException as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    return found


def _breaches() -> Iterator[str]:
    """What tier 2 must refuse and does not."""
    with contextlib.suppress(OSError):
        socket.socket().close()
        yield "a socket can be had"
    with contextlib.suppress(OSError):
        os.chmod("/proc/self/comm", 0o644)
        yield "a mode can be set"
    for path in ("/", "/dev/shm", "/proc/1"):
        with contextlib.suppress(OSError):
            os.listdir(path)
            yield f"{path} can be read"


def _interfaces() -> list[str]:
    """The network interfaces that can be seen."""
    try:
        with open("/proc/self/net/dev") as stream:
            return [each.partition(":")[0].strip() for each in stream.readlines()[2:]]
    except OSError:
        return ["unknown"]


def begin(config: dict[str, Any], receiver: channel.Receiver, sender: channel.Sender, report: Any) -> None:
    """Get as far as the mode says, then serve."""
    server = Server(config, receiver, sender, report)
    if config["mode"] == "lazy" and not server.enclosure.holds_code:
        reason = "without scoped signals no code of the project's may run in a session"
        sender.send({"event": "ready", "mode": "failed", "reason": reason})
        return
    if config["mode"] == "lazy":
        import pytest

        arguments = [*config["arguments"], *pytest_arguments(), *config["files"]]
        sys.argv = ["pytest", *arguments]
        code = pytest.main(arguments, plugins=[make_plain_plugin(report), make_lazy_plugin(server)])
        if server.child is not None:
            server.child.finish(exit=int(code))
        sender.send(
            {
                "event": "ready",
                "mode": "failed",
                "reason": f"pytest ended with {int(code)} before it collected",
            }
        )
        return
    if config["mode"] == "standby":
        preload.preload(config["root"], config["modules"])
    if config["mode"] == "early":
        import pytest
        from _pytest.config import default_plugins

        for name in (*("_pytest." + each for each in default_plugins), *config["modules"]):
            try:
                importlib.import_module(name)
            except BaseException:
                continue
    server.serve()
    assert server.child is not None
    if server.request.get("script"):
        server.child.run_script()
    else:
        server.child.run_pytest()


def main(requests: int, replies: int) -> None:
    """Serve on two descriptors, given by number."""
    receiver, sender = channel.Receiver(requests), channel.Sender(replies)
    for each in (requests, replies):
        os.set_inheritable(each, False)
    config = receiver.record()
    report = _load_report(config["report"])
    if os.getpid() != 1:  # no process number space of our own
        with contextlib.suppress(OSError):
            confine.adopt_orphans()
    enclosure_of(config).settle(texts_of(config["texts"]))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    sys.path[0] = config["cwd"]
    if config["mode"] == "probe":
        sender.send(probe(config["look_for_pytest"]))
    else:
        begin(config, receiver, sender, report)


def _load_report(path: str) -> Any:
    """The report plugin, under a name that no module of a project has."""
    spec = importlib.util.spec_from_file_location("heal_inside.report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    folder = os.path.dirname(os.path.abspath(__file__))
    module.hidden.update(os.path.join(folder, each) for each in os.listdir(folder))
    return module
