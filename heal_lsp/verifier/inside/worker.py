"""The sandbox's first process: opens sessions, each a fresh interpreter with a private view of the workspace.

Run inside bubblewrap by the project's interpreter, with ``-I -S``. Standard library only, Python 3.9 up. It
runs no code of the project's itself: that happens in sessions (``session.py``), which hold no capability
and have a process number space of their own, so that nothing in them can reach this process.

Requests and replies are JSON lines on standard input and output. The first line is the configuration.
Requests: ``open`` (starts a session, answered by what ``session.py`` says when it is ready), ``run`` and
``preload`` (passed on to a session; its events are passed back until ``end``), ``shut``. Every request
names its ``seconds``.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from . import channel, confine, relay
from .enclosure import Enclosure, discard, enclosure_of

_GRACE = 2.0


class Session:
    """One interpreter that runs the project's tests: its process, and the way to talk to it."""

    def __init__(self, process: int, requests: int, replies: int, enclosure: Enclosure) -> None:
        self.process = process
        self.enclosure = enclosure
        self._requests = requests
        self._replies = replies
        self.sender = channel.Sender(requests)
        self.receiver = channel.Receiver(replies)

    def kill(self) -> None:
        """End it and every process in it."""
        with contextlib.suppress(OSError):
            os.killpg(self.process, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(self.process, signal.SIGKILL)
        os.close(self._requests)
        os.close(self._replies)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)


class Worker:
    """Answers requests one after the other."""

    def __init__(self, requests: int, replies: int) -> None:
        self._receiver = channel.Receiver(requests)
        self._sender = channel.Sender(replies)
        self._config: dict[str, Any] = self._receiver.record()
        self._sessions: dict[str, Session] = {}
        self._enclosure = enclosure_of(self._config)
        self._masks: dict[str, bytes] | None = None

    def serve(self) -> None:
        """Until the other side closes."""
        self._enclosure.begin()
        relay.start(self._config["ports"])
        try:
            confine.hide_memory()
            confine.adopt_orphans()
        except OSError:
            pass
        self._sender.send({"event": "hello"})
        try:
            while True:
                self._answer(self._receiver.record())
        except channel.Closed:
            for each in self._sessions.values():
                each.kill()
            confine.kill_descendants()
            if self._config["temporary"]:  # whoever is to remove it may have been killed
                discard(self._config["temporary"])

    def _answer(self, request: dict[str, Any]) -> None:
        # what a session leaves behind ends some time after it was killed
        confine.reap_orphans({each.process for each in self._sessions.values()})
        name = request["session"]
        if request["op"] == "shut":
            self._end(name)
            self._sender.send({"event": "shut"})
            return
        if request["op"] == "open":
            masks = self._masked(request)
            request = {**self._config, **request, "masked": sorted(masks)}
            request |= self._enclosure.allot(request)
            self._sessions[name] = self._open(request, masks)
            request, last = {**request, "texts": self._enclosure.told(request["texts"])}, "ready"
        else:
            last = "end"
        session = self._sessions.get(name)
        if session is None:
            self._sender.send(
                {"event": last, "how": "lost", "mode": "failed", "reason": "there is no such session"}
            )
            return
        if not self._relay(session, request, last):
            self._end(name)

    def _end(self, name: str) -> None:
        session = self._sessions.pop(name, None)
        if session is not None:
            session.kill()
            if self._config["tier"] != 1:  # no process number space took its orphans along
                confine.kill_descendants(keep=[each.process for each in self._sessions.values()])
            session.enclosure.discard()

    def _relay(self, session: Session, request: dict[str, Any], last: str) -> bool:
        """Pass a request on and what it leads to back. False when the session is of no more use."""
        end = time.monotonic() + request["seconds"] + _GRACE
        how = "died"
        try:
            session.sender.send(request)
            while True:
                line = self._line(session, end)
                if line is None:
                    how = "killed"
                    break
                self._sender.send_line(line)
                event = _event(line)
                if event == last:
                    return b'"mode": "failed"' not in line
        except EndOfSession:
            pass
        self._sender.send(
            {
                "event": last,
                "how": how,
                "mode": "failed",
                "session_lost": True,
                "reason": "its process " + how,
            }
        )
        return False

    def _line(self, session: Session, end: float) -> bytes | None:
        """The session's next line, or None when its time is over."""
        while not session.receiver.waiting:
            left = end - time.monotonic()
            if left <= 0:
                return None
            ours, theirs = self._receiver.descriptor, session.receiver.descriptor
            ready = select.select([ours, theirs], [], [], left)[0]
            if ours in ready:
                # nothing is asked while an answer is due: whoever asked is gone
                raise channel.Closed
            if theirs in ready:
                break
        try:
            line: bytes | None = session.receiver.line(max(0.0, end - time.monotonic()))
        except channel.Closed as closed:
            raise EndOfSession from closed
        return line

    # -- starting a session --

    def _open(self, request: dict[str, Any], masks: dict[str, bytes]) -> Session:
        requests_read, requests_write = os.pipe()
        replies_read, replies_write = os.pipe()
        enclosure = enclosure_of(request)
        process = os.fork()
        if process == 0:
            try:
                os.close(requests_write)
                os.close(replies_read)
                self._become_session(request, enclosure, masks, requests_read, replies_write)
            except BaseException as error:
                reason = {
                    "event": "ready",
                    "mode": "failed",
                    "reason": str(error),
                    "no_overlay": _no_overlay(error),
                }
                channel.Sender(replies_write).send(reason)
            finally:
                os._exit(1)
        os.close(requests_read)
        os.close(replies_write)
        return Session(process, requests_write, replies_read, enclosure)

    def _become_session(
        self,
        request: dict[str, Any],
        enclosure: Enclosure,
        masks: dict[str, bytes],
        requests: int,
        replies: int,
    ) -> None:
        """In a new process: build the view of the workspace, then start the interpreter, shut in."""
        os.setsid()
        texts = {path: base64.b64decode(data) for path, data in request["texts"].items()}
        confine.die_with_parent()
        enclosure.open(texts, masks)
        inner = os.fork()
        if inner == 0:
            confine.die_with_parent()
            for descriptor in (requests, replies):
                os.set_inheritable(descriptor, True)
            os.chdir(request["cwd"])
            code = bootstrap(os.path.dirname(os.path.abspath(__file__)), "session", f"{requests}, {replies}")
            enclosure.shut()
            executable = request["executable"] or sys.executable
            os.execve(executable, [executable, "-B", "-c", code], dict(os.environ))
        os.close(requests)
        os.close(replies)
        _, status = os.waitpid(inner, 0)
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)

    def _masked(self, request: dict[str, Any]) -> dict[str, bytes]:
        """The files to hide, each with the empty text that stands in its place.

        Whoever asks names them, or they are looked for here, once.
        """
        root = self._config["root"]
        if request.get("masked") is not None:
            return _masks(root, request["masked"])
        if self._masks is None:
            self._masks = _masks(root, hidden_files(root, self._config["exclude"]))
        return self._masks


def bootstrap(folder: str, module: str, arguments: str = "") -> str:
    """Source that loads the package from its folder, wherever that is, and calls the module's ``main``."""
    return (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('heal_inside', {folder + '/__init__.py'!r},"
        f" submodule_search_locations=[{folder!r}])\n"
        "package = sys.modules['heal_inside'] = importlib.util.module_from_spec(spec)\n"
        f"from heal_inside.{module} import main\n"
        "del package, spec, importlib\n"
        f"main({arguments})\n"
    )


class EndOfSession(Exception):
    """A session's process ended."""


class Hiding:
    """Which files are hidden: by name, or by path for a glob with a slash; all of a folder that matches.

    Whether letters are small or capital makes no difference.
    """

    def __init__(self, globs: list[str]) -> None:
        names = [each for each in globs if "/" not in each]
        paths = [form for each in globs if "/" in each for form in (each, "*/" + each)]
        self._name = re.compile("|".join(fnmatch.translate(each) for each in names) or r"(?!)", re.IGNORECASE)
        self._path = re.compile("|".join(fnmatch.translate(each) for each in paths) or r"(?!)", re.IGNORECASE)

    def listed(self, root: str, folder: str, whole: bool) -> tuple[list[str], list[tuple[str, bool]]]:
        """The hidden files in a folder, and its folders to look into, each with whether all of it is hidden."""
        hidden: list[str] = []
        folders: list[tuple[str, bool]] = []
        try:
            entries = list(os.scandir(os.path.join(root, folder)))
        except OSError:
            return hidden, folders
        if any(each.name == "pyvenv.cfg" for each in entries):
            return hidden, folders  # an environment's certificates are no secrets
        for each in entries:
            path = f"{folder}/{each.name}" if folder else each.name
            match = whole or self._name.match(each.name) is not None or self._path.match(path) is not None
            if each.is_dir(follow_symlinks=False):
                if each.name not in ("site-packages", "__pycache__") and (
                    match or not path.endswith(".git/objects")
                ):
                    folders.append((path, match))
            elif match:
                hidden.append(path)
        return hidden, folders


def hidden_files(root: str, globs: list[str]) -> Iterator[str]:
    """Workspace-relative paths of the files that are hidden."""
    hiding = Hiding(globs)
    waiting = [("", False)]
    while waiting:
        hidden, folders = hiding.listed(root, *waiting.pop())
        yield from hidden
        waiting += folders


def _masks(root: str, paths: Iterable[str]) -> dict[str, bytes]:
    real = os.path.realpath(root)
    full = ((path, os.path.realpath(os.path.join(root, path))) for path in paths)
    return {path: b"" for path, target in full if target.startswith(real + os.sep)}


def _event(line: bytes) -> str:
    try:
        return str(json.loads(line).get("event"))
    except (ValueError, AttributeError):
        return ""


def _no_overlay(error: BaseException) -> bool:
    return isinstance(error, confine.NoOverlay)


def main() -> None:
    """Take the descriptors away from everything that is started later."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    Worker(requests, replies).serve()
