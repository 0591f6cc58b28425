"""Judges candidates one after the other in its own process. Standard library only, Python 3.9 up."""

from __future__ import annotations

import builtins
import gc
import time
from collections.abc import Sequence
from types import CodeType
from typing import Any

from . import asserts, ticks
from .cases import Case
from .fresh import Fresh
from .graft import Graft
from .surroundings import Effects, Memory
from .ticks import Allowance, Meter, Spent

GROUP = 32
"""Candidates between two looks at whether the original text still behaves as it did."""
_LEVELS = (Allowance(5_000, 150, 0.05), Allowance(50_000, 400, 0.2), Allowance(1_000_000, 100_000, 2.0))
"""What a run may use; the first under which the original behaves as in its own pytest run is in force."""
_CHANCES, _CHANCE = 4.0, 0.02
"""Second runs with more allowed: at the start, and for each candidate."""
_MAX_MESSAGE = 300
_SLACK = 10.0
Found = list[Any]
"""How a run ended, how many tests had passed by then, and the exception's name, message and line in the test."""
PASSED, FAILED, SPENT, UNSURE = "passed", "failed", "spent", "unsure"


class State:
    """What a runner shows to the process that watches it, in memory that both see."""

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def begin(self) -> None:
        """A new runner begins after the last candidate whose result was sent."""
        self.current = -1
        self._cells[2] = 0

    @property
    def done(self) -> int:
        """How many candidates' results were sent."""
        return self._cells[0]

    @done.setter
    def done(self, count: int) -> None:
        self._cells[0] = count

    @property
    def current(self) -> int:
        """The candidate that runs; -1 for the original text."""
        return self._cells[1]

    @current.setter
    def current(self, index: int) -> None:
        self._cells[1] = index

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self._cells[3] == 1

    @property
    def tainted(self) -> bool:
        """Whether the runner gave up because the original text no longer behaves as it did."""
        return self._cells[2] == 1

    def finish(self) -> None:
        self._cells[3] = 1

    def taint(self) -> None:
        self._cells[2] = 1


class Runner:
    """Made by the watching process, which keeps what one runner leaves to the next; run in a fork of it."""

    board: State

    def __init__(
        self, child: Any, report: Any, fresh: Fresh, graft: Graft, cases: Sequence[Case], wish: dict[str, Any]
    ) -> None:
        self._child = child
        self._report = report
        self._fresh = fresh
        self._graft = graft
        self._expected: dict[str, str] = wish["failing"]
        self._candidates: list[Any] = wish["candidates"]
        self._cases = cases
        self._kept = [each for each in cases if each.test not in self._expected]
        self._end = time.monotonic() + wish["seconds"]
        self.alone_until = 0
        """Up to this candidate, the original is looked at after each one."""
        self.lost: dict[int, str] = {}
        """How the runner ended, by the candidate it ran then."""
        self._chances = _CHANCES
        self._passed = 0

    def run(self) -> None:
        """Judge the candidates that are left, until the time is over."""
        self._meter, self._effects = Meter(), Effects()
        vars(builtins).update({ticks.TICK: self._meter.tick, asserts.SAY: self._say})
        self._effects.install()
        gc.freeze()
        problem = self._calibrated()
        if problem:
            self._child.tell({"event": "unscreened", "reason": problem})
            self.board.finish()
            return
        self._child.tell({"event": "screening", "tests": [each.test for each in self._cases]})
        board, total = self.board, len(self._candidates)
        while board.done < total and time.monotonic() < self._end:
            size = 1 if board.done < self.alone_until else GROUP
            group = range(board.done, min(total, board.done + size))
            found = [[index, *self._judged(index)] for index in group]
            steady = self._is_steady()
            if steady or size == 1:
                self._child.tell({"event": "screened", "results": found})
                board.done = group.stop
            if not steady:
                board.taint()
                return
        board.finish()

    # -- the original text --

    def _calibrated(self) -> str:
        """Find what to allow, so that the original behaves as it does with pytest. Returns what is wrong."""
        self._memory = Memory([], False)
        wrong = ""
        for level, more in zip(_LEVELS, (*_LEVELS[1:], _LEVELS[-1])):  # noqa: B905 - Python 3.9 has no strict
            began = time.process_time()
            wrong = self._differing(level)
            if not wrong:
                seconds = max(level.seconds, _SLACK * (time.process_time() - began))
                self._tight, self._loose = Allowance(level.turns, level.depth, seconds), more
                return self._settled()
        return wrong

    def _settled(self) -> str:
        """Remember how the original behaves. Returns what is wrong if it does not do so again."""
        self._memory = Memory(self._fresh.referred(), self._fresh.random)
        self._first = self._attempt(self._graft.code, self._cases, self._tight)
        self._memory.settle()
        return "" if self._is_steady() else "the tests do not end the same when they are called twice"

    def _differing(self, level: Allowance) -> str:
        """How the original ends otherwise than when pytest runs it; empty when it does not."""
        for case in self._cases:
            kind, _, name, text, _ = self._attempt(self._graft.code, [case], level)
            if kind == UNSURE:
                return f"{case.test} reaches beyond its own process"
            found = "Timeout" if kind == SPENT else name
            expected = self._expected.get(case.test, "")
            if found != expected:
                return f"{case.test} ends with {found or 'a pass'} instead of {expected or 'a pass'}: {text}"
        return ""

    def _is_steady(self) -> bool:
        """Whether the original still fails as it did and passes where it passed, and nothing else changed."""
        code = self._graft.code
        return (
            self._attempt(code, self._cases, self._tight)[:3] == self._first[:3]
            and self._attempt(code, self._kept, self._tight)[0] == PASSED
            and not self._memory.changed
        )

    # -- candidates --

    def _judged(self, index: int) -> Found:
        if index in self.lost:
            return [self.lost[index], 0, "", "", 0]
        edits = self._candidates[index]
        if edits is None:
            return [UNSURE, 0, "", "", 0]
        self.board.current = index
        try:
            code = self._graft.changed(edits)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            return [FAILED, 0, type(error).__name__, str(error)[:_MAX_MESSAGE], 0]
        found = self._attempt(code, self._cases, self._tight)
        self._chances += _CHANCE
        narrow = not self._meter.rang and (found[0] == SPENT or found[2] == "RecursionError")
        if narrow and self._chances >= 1:
            self._chances -= 1
            found = self._attempt(code, self._cases, self._loose)
        return found

    def _attempt(self, code: CodeType, cases: Sequence[Case], allowance: Allowance) -> Found:
        """Call tests in fresh modules up to the first that fails."""
        effects = self._effects
        effects.seen, self._passed = "", 0
        self._memory.rewind()
        words = ["", "", 0]
        kind = FAILED
        try:
            self._meter.start(allowance)
            effects.watching = True
            self._called(code, cases, allowance)
            kind = PASSED
        except BaseException as error:
            words = self._words(error)
        while not self._stopped():
            pass
        if effects.seen:
            return [UNSURE, self._passed, "", effects.seen, 0]
        if self._meter.spent:
            return [SPENT, self._passed, "", "", 0]
        return [kind, self._passed, *words]

    def _stopped(self) -> bool:
        """End what one attempt began. False when the time was over at that very moment."""
        try:
            self._meter.stop()
            self._effects.watching = False
            return True
        except Spent:
            return False

    def _called(self, code: CodeType, cases: Sequence[Case], allowance: Allowance) -> None:
        self._fresh.renew(code)
        for case in cases:
            case.call(self._fresh)
            if self._meter.spent or self._effects.seen:
                return
            self._passed += 1
            self._meter.allow(allowance.turns)

    def _words(self, error: BaseException) -> list[Any]:
        """The exception's name and text, and the line that the test was at."""
        line, tb, tests = 0, error.__traceback__, self._fresh.tests
        for _ in range(6):
            if tb is None:
                break
            if tb.tb_frame.f_globals.get("__name__") in tests:
                line = tb.tb_lineno
                break
            tb = tb.tb_next
        name = self._report.exception_name(error)
        try:
            text = str(error)
        except BaseException:  # the project's own __str__ may raise what it likes, or take too long
            text = ""
        return [name, text[:_MAX_MESSAGE], line]

    def _say(self, operator: str, left: Any, right: Any = None) -> str:
        return asserts.words_of(operator, left, right, self._report.bounded)
