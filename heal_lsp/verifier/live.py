"""Tries a function's other text in a process forked from the running program: closures and live arguments."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import inspect
import json
import os
import reprlib
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

from heal_lsp.core.model import LiveResult, Verdict, VerdictKind
from heal_lsp.verifier.inside import channel
from heal_lsp.verifier.rebuild import Unfit, check, plain, put_in_place, rebuilt
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.trial import Keeper, Reply

CONFINED = "a fork of the program: no network, all files read-only"
UNCONFINED = "a fork of the program: resource limits only; files and network are within reach"
_GRACE = 1.0
_MOST = 4000
_DENIED = {errno.EROFS, errno.ENETUNREACH, errno.EFBIG}


class ForkVerifier:
    """Satisfies :class:`heal_lsp.core.ports.LiveVerifier`, on Linux."""

    def __init__(self, policy: SandboxPolicy) -> None:
        self._policy = policy

    def unfit(self) -> str:
        """Why the program cannot be forked now, in one sentence; empty when it can."""
        if sys.platform != "linux":
            return "Trying a function in a fork of the running program works on Linux only."
        try:
            threads = len(os.listdir("/proc/self/task"))
        except OSError:
            threads = threading.active_count()
        if threads > 1:
            return f"The program has {threads} threads: a fork would leave their locks held for ever."
        return ""

    def call(
        self,
        function: Callable[..., Any],
        source: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        expect: Callable[[Any], object] | None = None,
        seconds: float,
    ) -> LiveResult:
        """Call the function that ``source`` defines, in a fork. See the port."""
        began = time.monotonic()
        if reason := self.unfit():
            return LiveResult(Verdict(VerdictKind.INFRASTRUCTURE, reason))
        try:
            written = plain(function)
            check(written, source)
        except Unfit as unfit:
            return LiveResult(Verdict(VerdictKind.REFUSED, str(unfit)))
        if written is not function:
            args = (function.__self__, *args)  # type: ignore[attr-defined]

        def trial() -> Reply:
            return _tried(written, source, args, kwargs, expect)

        reply = self._forked(trial, seconds)
        return _result(reply, seconds, time.monotonic() - began)

    def _forked(self, trial: Callable[[], Reply], seconds: float) -> Reply:
        """Run a trial under a keeper, and wait for its answer."""
        reader, writer = os.pipe()
        keeper = os.fork()
        if keeper == 0:
            os.close(reader)
            Keeper(self._policy, writer).keep(trial, seconds)
        os.close(writer)
        try:
            line = channel.Receiver(reader).line(seconds + _GRACE)
        except channel.Closed:
            line = b'{"how": "died"}'
        finally:
            os.close(reader)
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(keeper, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(keeper, 0)
        try:
            found = json.loads(line) if line is not None else {"how": "slow"}
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"how": "died"}


# -- the call and what is told of it -------------------------------------------------------------------------


def _tried(
    function: types.FunctionType,
    source: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    expect: Callable[[Any], object] | None,
) -> Reply:
    """Make the function, call it, and put into words what came of it."""
    try:
        new = rebuilt(function, source)
        put_in_place(function, new)
    except Unfit as unfit:
        return {"how": "unfit", "reason": str(unfit)}
    except BaseException as error:
        return {"how": "raised", **_told(error)}
    try:
        value = new(*args, **kwargs)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    except BaseException as error:
        return {"how": "raised", **_told(error)}
    try:
        holds = expect is None or bool(expect(value))
    except BaseException as error:
        return {"how": "refused", "value": _bounded(value), **_told(error)}
    return {"how": "returned" if holds else "refused", "value": _bounded(value)}


def _told(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        message = str(error)
    except BaseException:  # the program's own __str__ may raise what it likes
        message = "<the exception's text cannot be had>"
    code = getattr(error, "errno", None) if isinstance(error, OSError) else None
    return {"exception": name, "message": message[:_MOST], "errno": code}


def _bounded(value: Any) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = 300
    try:
        return short.repr(value)[:_MOST]
    except BaseException:
        return f"<{type(value).__name__}>"


def _result(reply: Reply, seconds: float, took: float) -> LiveResult:
    """The result from what a trial answered; a candidate may have written any answer."""
    exception, message, value = (
        str(reply.get(key) or "")[:_MOST] for key in ("exception", "message", "value")
    )
    kind, reason = _judged(reply, seconds, exception, message, value)
    isolation = CONFINED if reply.get("confined") is True else UNCONFINED if "confined" in reply else ""
    return LiveResult(Verdict(kind, reason[:_MOST], (), took), value, exception, message, isolation)


def _judged(
    reply: Reply, seconds: float, exception: str, message: str, value: str
) -> tuple[VerdictKind, str]:
    how, why = reply.get("how"), str(reply.get("reason") or "")
    if how == "returned":
        return VerdictKind.PASSED, ""
    if how == "unfit":
        return VerdictKind.REFUSED, why
    if how == "slow":
        return VerdictKind.TIMED_OUT, f"The call was still running after {seconds:g} s."
    if how == "raised" and reply.get("errno") in _DENIED:
        return VerdictKind.DENIED, f"The call needs what a trial is kept from: {exception}: {message}"
    if how == "raised":
        return VerdictKind.FAILED, f"{exception}: {message}"
    if how == "refused":
        why = f"{exception}: {message}" if exception else "it is not what is expected"
        return VerdictKind.FAILED, f"The call returned {value}: {why}."
    if how == "no sandbox":
        return (
            VerdictKind.INFRASTRUCTURE,
            f"Nothing is run, because no sandbox is to be had here ({why}): set heal.sandbox.allowUnisolated.",
        )
    if how == "failed":
        return VerdictKind.INFRASTRUCTURE, f"The trial could not begin: {why}."
    number = reply.get("signal")
    name = signal.Signals(number).name if number in set(signal.Signals) else ""
    return VerdictKind.CRASHED, f"The call ended its process{f' by {name}' if name else ''}."
