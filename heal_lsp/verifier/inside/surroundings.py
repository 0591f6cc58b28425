"""What a candidate does to things that outlive its run. Standard library only, Python 3.9 up.

Whatever would reach beyond the process's own memory is refused while candidates are screened, and noted: the
candidate is then for another lane to judge. What they change in memory is found by comparing.
"""

from __future__ import annotations

import _thread
import builtins
import functools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS = frozenset(
    ["os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.getxattr", "os.listxattr", "socket.__new__"]
)
_REACHING = ("os.", "shutil.", "socket.", "subprocess.", "ctypes.", "tempfile.", "sqlite3.", "pty.", "fcntl.")
_ALSO = frozenset(
    [
        "_thread.start_new_thread",
        "_thread.start_joinable_thread",
        "signal.pthread_kill",
        "sys.settrace",
        "sys.setprofile",
        "sys.addaudithook",
        "syslog.openlog",
    ]
)


_STARTERS = ("start_new_thread", "_start_new_thread", "start_joinable_thread", "_start_joinable_thread")


class Refused(BaseException):
    """Something was tried that would outlive the candidate's run."""


class Effects:
    """Refuses what reaches beyond this process's memory while :attr:`watching`."""

    def __init__(self) -> None:
        self.watching = False
        self.seen = ""
        """The first that was refused since it was last set; empty for none."""
        self._known: dict[str, bool] = {}

    def install(self) -> None:
        """Hear of everything from now on. It cannot be undone."""
        sys.addaudithook(self._hear)
        for module in (threading, _thread):
            for name in _STARTERS:
                if hasattr(module, name):  # what starts a thread is not told before Python 3.12
                    setattr(module, name, self._guarded(getattr(module, name)))

    def _guarded(self, start: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(start)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self._hear("_thread.start_new_thread", ())
            return start(*args, **kwargs)

        return guarded

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.watching:
            return
        if event == "open":
            reaches = isinstance(args[2], int) and bool(args[2] & _WRITES)
        else:
            known = self._known.get(event)
            reaches = self._learnt(event) if known is None else known
        if reaches:
            self.seen = self.seen or event
            raise Refused(event)

    def _learnt(self, event: str) -> bool:
        reaches = event in _ALSO or (event.startswith(_REACHING) and event not in _HARMLESS)
        self._known[event] = reaches
        return reaches


class Memory:
    """Names of modules that candidates share, as they were."""

    def __init__(self, modules: Sequence[ModuleType], random: bool) -> None:
        self._kept = [(each.__dict__, dict(each.__dict__)) for each in (builtins, *modules)]
        self._lists = [(each, list(each)) for each in (sys.path, sys.meta_path, sys.path_hooks)]
        self._streams = (sys.stdin, sys.stdout, sys.stderr)
        self._random = _random_state() if random else None

    def settle(self) -> None:
        """Leave out what has changed by itself since."""
        self._kept = [each for each in self._kept if _same(*each)]

    @property
    def changed(self) -> bool:
        """Whether anything is not as it was."""
        return not (
            all(_same(*each) for each in self._kept)
            and all(now == then for now, then in self._lists)
            and (sys.stdin, sys.stdout, sys.stderr) == self._streams
        )

    def rewind(self) -> None:
        """Let the next candidate draw the same random numbers as the last."""
        if self._random is not None:
            sys.modules["random"].setstate(self._random)


def _random_state() -> Any:
    module = sys.modules.get("random")
    return None if module is None else module.getstate()


def _same(now: dict[str, Any], then: dict[str, Any]) -> bool:
    try:
        return now == then
    except Exception:  # values that cannot be compared are the same only if they are one
        return len(now) == len(then) and all(now.get(name, now) is then[name] for name in then)
