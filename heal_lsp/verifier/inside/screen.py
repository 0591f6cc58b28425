"""The screen lane: many candidates in one process, each judged by calling the tests. Python 3.9 up.

A child of a session collects the tests as pytest does, then forks a runner that judges candidate after
candidate in fresh modules. A runner that ends, hangs, or no longer finds the original text to behave as it
did is replaced. A candidate that passes here is only worth running properly; one that cannot be judged here
is told as unsure.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import sys
import time
from typing import Any

from . import confine
from .cases import Case, case_of, is_steered
from .fresh import Fresh, Unsuited
from .graft import Graft
from .runner import GROUP, Runner, State

_GLANCE = 0.05
_STALL = 0.5
"""Seconds that one candidate may take where no timer of its own process can end it."""


class Screen:
    """Stands in for pytest's run of the tests that it collected, where candidates are to be screened."""

    def __init__(self, recorder: Any, report: Any) -> None:
        self._recorder = recorder
        self._report = report
        self._wish: dict[str, Any] | None = None
        self._before: set[str] = set()

    def begin(self, child: Any) -> None:
        """Take what a request wants. What is imported until the collection is not the tests' doing."""
        self._child = child
        self._wish = child.request.get("screen")
        self._before = set(sys.modules)

    def pytest_collection(self) -> None:
        """Where pytest is configured in this process, it has imported more since."""
        self._before = set(sys.modules)

    def pytest_runtestloop(self, session: Any) -> None:
        """Judge the candidates, if there are any, and end the process."""
        if self._wish is None:
            return
        try:
            self._judge(session, self._wish)
        except Unsuited as unsuited:
            self._child.tell({"event": "unscreened", "reason": str(unsuited)})
        self._child.finish(exit=0)

    def _judge(self, session: Any, wish: dict[str, Any]) -> None:
        if session.testsfailed or is_steered(session.config, self._recorder.workspace):
            raise Unsuited("a plugin of the project's own has a say in how its tests run")
        fresh = Fresh(self._before, self._recorder.workspace.relative, wish["path"])
        cases = self._cases(session.items, wish)
        fresh.tests.update(each.module for each in cases)
        graft = Graft(wish["base"], fresh.filename, wish["line"])
        fresh.random = "random" in wish["base"]
        fresh.install(graft.code)
        self._host(Runner(self._child, self._report, fresh, graft, cases, wish), wish["longest"])

    def _cases(self, items: list[Any], wish: dict[str, Any]) -> list[Case]:
        """The tests to call, those that must turn green first."""
        failing, kept = wish["failing"], dict.fromkeys(wish["kept"])
        found: dict[str, Case] = {}
        for item in items:
            name = self._recorder.test_id(item.nodeid)
            if name in failing or name in kept:
                case = case_of(item, name)
                if case is not None:
                    found[name] = case
        if not any(name in found for name in failing):
            raise Unsuited("the failing tests are more than functions to be called")
        return [found[name] for name in (*failing, *kept) if name in found]

    # -- the runners --

    def _host(self, runner: Runner, longest: float) -> None:
        """Replace the runner until every candidate is judged or the time is over."""
        board = memoryview(mmap.mmap(-1, 4 * 8)).cast("q")
        runner.board = State(board)
        while not runner.board.finished:
            runner.board.begin()
            reader, writer = os.pipe()
            process = os.fork()
            if process == 0:
                os.close(reader)
                confine.die_with_parent()
                try:
                    runner.run()
                finally:
                    os._exit(0)
            os.close(writer)
            how = self._watched(process, reader, runner.board, longest)
            os.close(reader)
            self._learn(runner, how)

    def _learn(self, runner: Runner, how: str) -> None:
        """What the end of a runner means for the next one."""
        board = runner.board
        if board.finished:
            return
        if board.tainted:
            if board.done >= runner.alone_until:
                runner.alone_until = board.done + GROUP
        elif board.current < 0:
            raise Unsuited(f"the original text {how} when its tests are called")
        else:
            runner.lost[board.current] = how

    def _watched(self, process: int, reader: int, board: State, longest: float) -> str:
        """Wait for the end of a runner, or make one. Returns whether it ``died`` or ``hung``."""
        seen, since = board.current, time.monotonic()
        how = "died"
        while not select.select([reader], [], [], _GLANCE)[0]:
            now = time.monotonic()
            if board.current != seen:
                seen, since = board.current, now
            elif now - since > _STALL + longest:
                how = "hung"
                os.kill(process, signal.SIGKILL)
                break
        os.waitpid(process, 0)
        return how
