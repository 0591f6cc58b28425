"""Signs that the sandbox, not the code, made a test fail. Standard library only, Python 3.9 up.

A sign is what was seen: an error of the operating system in the chain of exceptions, a connection that was
tried, a socket that was made, a hidden file that was opened. What they mean is decided outside, where the
settings and the host are known.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

_CHAIN = 20
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def in_exception(error: BaseException) -> list[dict[str, Any]]:
    """The signs in an exception and in those that led to it."""
    return [sign for each in _chain(error) for sign in _signs(each)]


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _CHAIN:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())]


def _signs(error: BaseException) -> Iterator[dict[str, Any]]:
    if isinstance(error, MemoryError):
        yield {"kind": "memory"}
    elif isinstance(error, OSError):
        path = error.filename if isinstance(error.filename, (str, bytes)) else ""
        yield {
            "kind": "system",
            "type": type(error).__name__,
            "errno": error.errno or 0,
            "path": _full(os.fsdecode(path)),
            "text": str(error)[:200],
        }
    elif isinstance(error, KeyError) and (name := _variable(error)):
        yield {"kind": "variable", "name": name}


def _full(path: str) -> str:
    """The absolute path; the bare name of a program stays as it is."""
    return os.path.abspath(path) if os.sep in path or os.path.exists(path) else path


def _variable(error: KeyError) -> str:
    """The environment variable whose absence raised this, if that is what happened."""
    tb: Any = error.__traceback__
    last: Any = None
    while tb is not None:
        last, tb = tb.tb_frame, tb.tb_next
    if last is None or last.f_code is not type(os.environ).__getitem__.__code__ or not error.args:
        return ""
    name = error.args[0]
    return name if type(name) is str else ""


class Watch:
    """Notes what is reached for while tests run: the network, and files that are hidden from them."""

    def __init__(self, masked: tuple[str, ...]) -> None:
        self._masked = frozenset(masked)
        self._seen: list[dict[str, Any]] = []
        sys.addaudithook(self._hear)

    def taken(self) -> list[dict[str, Any]]:
        """What was noted since the last call."""
        seen, self._seen = self._seen, []
        return seen

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if self._masked and type(args[0]) is str and os.path.abspath(args[0]) in self._masked:
                self._note({"kind": "masked", "path": os.path.abspath(args[0])})
        elif event == "socket.connect":
            self._note(_connection(args[1]))
        elif event == "socket.__new__" and args[1] in _INTERNET:
            self._note({"kind": "internet"})
        elif event == "socket.getaddrinfo" and args[0] is not None:
            self._note({"kind": "network", "host": _word(args[0]), "port": 0})

    def _note(self, sign: dict[str, Any]) -> None:
        if len(self._seen) < _CHAIN and sign not in self._seen:
            self._seen.append(sign)


def _connection(address: Any) -> dict[str, Any]:
    if isinstance(address, tuple) and len(address) >= 2:
        port = address[1] if isinstance(address[1], int) else 0
        return {"kind": "network", "host": _word(address[0]), "port": port}
    return {"kind": "socket", "path": _word(address)}


def _word(value: Any) -> str:
    return os.fsdecode(value)[:200] if isinstance(value, (str, bytes)) else ""
