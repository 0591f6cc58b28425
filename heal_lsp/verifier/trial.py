"""The processes in which a call is tried: a fork of the running program, and a keeper between the two.

The *keeper*, forked from the program, enters name spaces of its own where the system allows that. The
*trial*, forked from the keeper, confines itself, does the work, and answers one line of JSON over a pipe;
then the keeper ends everything that is left. Nothing is ever unpickled, and what is printed goes nowhere.

The trial sees all of the program's memory, and what the program itself shares with other processes
(``mmap``) is shared with the trial too. Files that were open lead nowhere in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from heal_lsp.verifier.inside import calls, channel, confine
from heal_lsp.verifier.sandbox import SandboxPolicy

_PROCESSES = 64
_GLANCE = 0.05
_NETWORK, _IPC = 0x40000000, 0x08000000
_MOUNT_SETATTR = 442
Reply = dict[str, Any]


class Keeper:
    """The process between: everything that the trial starts ends with it."""

    def __init__(self, policy: SandboxPolicy, writer: int) -> None:
        self._policy = policy
        self._sender = channel.Sender(writer)
        self._first = 0

    def keep(self, trial: Callable[[], Reply], seconds: float) -> NoReturn:
        """Run a trial, tell how it ended, and end."""
        reply: Reply = {"how": "failed", "reason": "the fork failed"}
        try:
            reply = self._kept(trial, seconds)
        except BaseException as error:
            reply = {"how": "failed", "reason": f"{type(error).__name__}: {error}"}
        finally:
            with contextlib.suppress(BaseException):
                self._sender.send(reply)
            os._exit(0)

    def _kept(self, trial: Callable[[], Reply], seconds: float) -> Reply:
        os.setsid()
        confine.die_with_parent()
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGCHLD, signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        reason = self._separate()
        if reason and not self._policy.allow_unisolated:
            return {"how": "no sandbox", "reason": reason}
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _Trial(self._policy, writer, confined=not reason).run(trial)
        os.close(writer)
        try:
            line = _answer(channel.Receiver(reader), child, seconds)
            reply = json.loads(line) if line is not None else {"how": "slow"}
            if not isinstance(reply, dict):
                raise ValueError
        except (channel.Closed, ValueError):
            reply = {"how": "died"}
        finally:
            for process in filter(None, (child, self._first)):
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        confine.kill_descendants()
        return {**reply, "signal": status & 0x7F, "confined": not reason}

    def _separate(self) -> str:
        """Enter name spaces of our own; the reason when that is not possible."""
        confine.adopt_orphans()
        try:
            confine.unshare(confine.NEWUSER | confine.NEWNS | confine.NEWPID | _NETWORK | _IPC)
            _make_read_only()
        except OSError as error:
            return f"{error.strerror or error}"
        self._first = os.fork()
        if self._first == 0:  # process 1 of the new number space: with it, all of them end
            confine.die_with_parent()
            while True:
                signal.pause()
        return ""


class _Trial:
    """The process in which the function is called."""

    def __init__(self, policy: SandboxPolicy, writer: int, *, confined: bool) -> None:
        self._policy = policy
        # standard descriptors that the program had closed are taken like others
        self._writer = fcntl.fcntl(writer, fcntl.F_DUPFD_CLOEXEC, 3)
        self._confined = confined

    def run(self, trial: Callable[[], Reply]) -> NoReturn:
        """Shut this process in, do the trial, answer, and end."""
        try:
            self._enter()
            reply = trial()
        except BaseException as error:
            reply = {"how": "failed", "reason": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(BaseException):
            channel.Sender(self._writer).send(reply)
        os._exit(0)

    def _enter(self) -> None:
        confine.die_with_parent()
        self._forget_files()
        size = _pages() * resource.getpagesize() >> 20
        confine.limit(size + self._policy.memory_mb, 0, _PROCESSES if self._confined else 0)
        if not self._confined:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            return
        confine.drop_privileges()
        calls.filter_calls()

    def _forget_files(self) -> None:
        """Let every descriptor lead nowhere, its number still taken: objects of the program hold on to them."""
        null, nowhere = os.open(os.devnull, os.O_RDWR), os.open("/", os.O_PATH)
        listed = [int(each) for each in os.listdir("/proc/self/fd")]
        for each in listed:
            if each <= 2:
                os.dup2(null, each)
            elif each not in (self._writer, null, nowhere):
                with contextlib.suppress(OSError):
                    os.fstat(each)  # the one that listed them is closed by now
                    os.dup2(nowhere, each, inheritable=False)
        # the program's own may lead to a file of its own
        sys.stdin, sys.stdout = open(os.devnull), open(os.devnull, "w")  # noqa: SIM115
        sys.stderr = sys.stdout
        for spare in (null, nowhere):
            if spare > 2:
                os.close(spare)


def _answer(receiver: channel.Receiver, child: int, seconds: float) -> bytes | None:
    """The line that a child answers; None when its time is over.

    Raises:
        channel.Closed: it ended without an answer, though what it left behind may hold on to the pipe.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if (line := receiver.line(min(left, _GLANCE))) is not None:
            return line
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            if (line := receiver.line(0)) is None:
                raise channel.Closed
            return line
    return None


def _make_read_only() -> None:
    """Let nothing be written to any file system, in this process's own view of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = ctypes.c_char_p(struct.pack("<QQQQ", 1, 0, 0, 0))
    everywhere = ctypes.c_uint(0x8000)  # AT_RECURSIVE
    number, here = ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(-100)
    if libc.syscall(number, here, b"/", everywhere, attributes, ctypes.c_size_t(32)):
        code = ctypes.get_errno()
        raise OSError(code, f"mount_setattr: {os.strerror(code)}")


def _pages() -> int:
    """How much address space this process has, in pages."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[0])
