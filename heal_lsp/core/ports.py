"""The Protocols that adapters satisfy. Each has one contract test that runs on every adapter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import (
    Baseline,
    Candidate,
    Evidence,
    Failure,
    Fix,
    LiveResult,
    Located,
    Report,
    Snapshot,
    Target,
    Task,
    Verdict,
)


class Proposer(Protocol):
    """Suggests candidates for a task, the likeliest first."""

    @property
    def name(self) -> str:
        """``recall``, ``search`` or ``llm``."""

    @property
    def budget(self) -> Budget:
        """What this proposer may use in one repair."""

    def propose(self, task: Task, baseline: Baseline, memory: Memory) -> AsyncGenerator[Candidate, None]:
        """Yield candidates until there are no more. The caller closes the generator early when it has enough."""


class Verifier(Protocol):
    """Runs candidates of one task in a sandbox. Made for one repair; :meth:`close` leaves no process behind."""

    async def baseline(self, task: Task) -> Baseline:
        """Run the task's tests with the original text. Called first, once."""

    async def verify(self, candidate: Candidate) -> Verdict:
        """Run the failing tests, then the guards, with the candidate's text."""

    async def screen(self, candidates: Sequence[Candidate], seconds: float) -> Sequence[Verdict | None]:
        """Judge many candidates quickly, in order, for at most ``seconds``.

        None means that one cannot be judged so. It, and one that passes, are for :meth:`verify`; one that fails
        would fail there. The answer is shorter than ``candidates`` when the time was over, and empty at once
        when nothing of this task can be judged so.
        """

    async def confirm(self, candidate: Candidate) -> Evidence | Verdict:
        """Run the whole test files cold, in a process of their own, with a twin of the failing test that must fail.

        Returns the evidence, or the verdict that refuses the candidate after all.
        """

    async def close(self) -> None:
        """End every process. May be called at any moment, also twice."""


class LiveVerifier(Protocol):
    """Tries another text of a function of the running program, in a process forked from it."""

    def unfit(self) -> str:
        """Why the program cannot be forked now, in one sentence; empty when it can."""

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
        """Call the function that ``source`` defines with the live arguments, closure, globals and defaults.

        It passes when the call returns within ``seconds`` of wall time and ``expect`` holds for what it returns
        (anything, without ``expect``). A coroutine is run to its end. Whatever the call changes stays in the forked
        process. Blocks until the end and leaves no process behind; never raises for what the call does.
        """


class Runner(Protocol):
    """Runs a workspace's own tests and scripts in the sandbox and reports what failed."""

    async def run_tests(
        self, snapshot: Snapshot, tests: tuple[str, ...], *, seconds: float, coverage: bool = False
    ) -> Report:
        """Run tests, named by test id or by file; an empty tuple means the whole workspace.

        ``seconds`` of wall time bound the run. A problem that is not a failure of the code comes as the report's
        ``obstacle``. Cancelling the awaiting task ends every process.
        """

    async def run_script(
        self, snapshot: Snapshot, path: str, arguments: tuple[str, ...], *, seconds: float
    ) -> Report:
        """Run a script of the workspace as ``__main__``; an uncaught exception is the report's error."""


class Analysis(Protocol):
    """Reads source: from a failure to its target, from a position to a function. Synchronous: call it in a thread."""

    def locate(
        self,
        failure: Failure,
        snapshot: Snapshot,
        coverage: Mapping[str, Mapping[str, tuple[int, ...]]],
        *,
        failing: Collection[str] = (),
    ) -> Located:
        """Find the function at fault. ``coverage`` (by test id, then path) may be empty.

        ``failing`` names the other tests that are known to fail: they count neither as failing nor as passing.
        A test of the coverage that is not named is taken to pass.
        """

    def target_at(self, snapshot: Snapshot, path: str, line: int) -> Target | None:
        """The function whose definition holds the line; a module target outside any; None without such a file."""

    def test_source(self, snapshot: Snapshot, test: str) -> str:
        """The source of a test's function; the empty string when it cannot be found."""

    def normalised(self, text: str, target: Target) -> str:
        """The target's source without comments, formatting and docstring, for use in a key."""


class FixStore(Protocol):
    """Remembers fixes by failure. Values that cannot be read are treated as absent."""

    def get(self, key: str) -> Fix | None:
        """The stored fix, or None."""

    def put(self, key: str, fix: Fix) -> None:
        """Store a fix. A failure later on never overwrites it."""

    def evict(self, key: str) -> None:
        """Forget a fix that was seen to fail."""

    def __len__(self) -> int:
        """How many fixes are stored."""


class Clock(Protocol):
    """The time, so that the core can be tested without waiting."""

    def now(self) -> float:
        """Seconds from an arbitrary, fixed moment; never goes back."""
