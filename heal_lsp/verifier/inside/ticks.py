"""What one candidate may use: turns of loops, depth of calls, processor time. Standard library only, Python 3.9 up.

Loops are counted by a call that is put at the start of each one's body, so that an endless loop ends after
the same number of turns on a fast machine and on a slow one. What counting cannot end, a timer does.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import sys
from typing import Any

TICK = "@tick"
"""Name of the counter among the builtins. No program can have a name like it."""
_LOOP = re.compile(r"(?:^|[:;])[ \t\f]*(?:async[ \t]+)?(?:while|for)\b", re.MULTILINE)
_HANDLE: Any = importlib.import_module("_signal").signal
"""``signal.signal`` makes enumerations of what it is given, which takes longer than a small candidate's run."""
_AGAIN = 0.05
"""Seconds after which a timer rings once more, for whoever caught the first ring."""
_WALL = 4.0
"""How many times the processor time a candidate may take of the clock's: it may wait, and others may run."""


class Spent(BaseException):
    """What a candidate may use is used up. Not an Exception, so that the code under test does not catch it."""


class Allowance:
    """Turns of loops, frames of depth and seconds of processor time that one candidate may use."""

    def __init__(self, turns: int, depth: int, seconds: float) -> None:
        self.turns = turns
        self.depth = depth
        self.seconds = seconds


class Meter:
    """Counts what is used, and raises :class:`Spent` once it is too much."""

    def __init__(self) -> None:
        self._running = False
        self.rang = False
        """Whether it was the time that was used up."""
        self._frames = _depth()
        self._most = sys.getrecursionlimit()
        # a closure is called far more quickly than a method
        left = 0

        def tick() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Spent

        def allow(turns: int) -> None:
            nonlocal left
            left = turns

        def remaining() -> int:
            return left

        self.tick = tick
        self.allow = allow
        self._remaining = remaining

    @property
    def spent(self) -> bool:
        """Whether too much was used, also where the code under test caught what was raised then."""
        return self._remaining() < 0

    def start(self, allowance: Allowance) -> None:
        """Begin to count and to measure."""
        self._running, self.rang = True, False
        self.allow(allowance.turns)
        sys.setrecursionlimit(min(self._most, self._frames + allowance.depth))
        for number in (signal.SIGVTALRM, signal.SIGALRM):
            _HANDLE(number, self._ring)
        signal.setitimer(signal.ITIMER_VIRTUAL, allowance.seconds, _AGAIN)
        signal.setitimer(signal.ITIMER_REAL, _WALL * allowance.seconds, _AGAIN)

    def stop(self) -> None:
        """End what :meth:`start` began."""
        self._running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.setrecursionlimit(self._most)

    def _ring(self, _number: int, _frame: Any) -> None:
        if self._running:  # a signal may be handled a moment after its timer was stopped
            self.rang = True
            self.allow(-1)
            raise Spent


def _depth() -> int:
    """How many frames deep the caller's caller is."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def has_loops(text: str) -> bool:
    """Whether a text may hold a statement that loops. True for some that do not."""
    return _LOOP.search(text) is not None


def add_ticks(tree: ast.AST) -> None:
    """Put a call of the counter at the start of every loop's body."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.While, ast.For, ast.AsyncFor)):
            place: Any = {
                "lineno": node.lineno,
                "col_offset": node.col_offset,
                "end_lineno": node.lineno,
                "end_col_offset": node.col_offset,
            }
            call = ast.Call(ast.Name(TICK, ast.Load(), **place), [], [], **place)
            node.body.insert(0, ast.Expr(call, **place))
