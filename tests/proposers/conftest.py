"""Tasks made from a source text, and what the search proposes for them."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import (
    Baseline,
    Candidate,
    Failure,
    FailureKind,
    Frame,
    Snapshot,
    Target,
    TargetKind,
    Task,
    TestOutcome,
    TestResult,
)
from heal_lsp.core.text import line_starts
from heal_lsp.proposers.search import SearchProposer

TEST = "test_m.py::test_it"


def _task(source: str, name: str = "f", **given: Any) -> Task:
    """A task for the last function called ``name``; ``given`` are fields of the task or the failure."""
    starts = line_starts(source)
    tree = ast.parse(source.removeprefix("\ufeff"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    node = [each for each in ast.walk(tree) if isinstance(each, kinds) and each.name == name][-1]
    first = min([node, *node.decorator_list], key=lambda each: each.lineno)
    start = starts[first.lineno - 1] + first.col_offset - (0 if first is node else 1)
    if source.startswith("\ufeff") and first.lineno == 1:
        start += 3
    target = Target(
        "m.py",
        name,
        name,
        TargetKind.FUNCTION,
        start,
        starts[node.end_lineno - 1] + node.end_col_offset,
        node.lineno,
        node.end_lineno,
    )
    exception, message = given.pop("raised", ("AssertionError", "assert 1 == 2"))
    line = given.pop("at", None)
    frames = (Frame("test_m.py", 3, "test_it"), *((Frame("m.py", line, name),) if line else ()))
    path, where = ("m.py", line) if line else ("test_m.py", 3)
    failure = Failure(FailureKind.ASSERTION, exception, message, path, where, frames, TEST)
    return Task(Snapshot("/w"), failure, target, source, (TEST,), **given)


def _search(task: Task, baseline: Baseline | None = None, most: int = 100_000) -> list[Candidate]:
    result = TestResult(TEST, TestOutcome.FAILED, failure=task.failure)

    async def collect() -> list[Candidate]:
        stream = SearchProposer(Budget(attempts=most)).propose(
            task, baseline or Baseline((result,)), Memory(task)
        )
        return [each async for each in stream]

    return asyncio.run(collect())


@pytest.fixture
def make_task() -> Callable[..., Task]:
    return _task


@pytest.fixture
def search() -> Callable[..., list[Candidate]]:
    return _search


@pytest.fixture
def proposed() -> Callable[..., dict[str, Candidate]]:
    """Candidates for a source by the whole text that they lead to."""

    def run(source: str, name: str = "f", **given: Any) -> dict[str, Candidate]:
        task = _task(source, name, **given)
        return {each.text("m.py", source): each for each in _search(task)}

    return run


@pytest.fixture
def expect(proposed: Callable[..., dict[str, Candidate]]) -> Callable[..., Candidate]:
    """Asserts that replacing ``old`` by ``new`` in a source is among the candidates, and returns that one."""

    def run(source: str, old: str, new: str, **given: Any) -> Candidate:
        assert source.count(old) == 1, f"{old!r} must be in the source once"
        found = proposed(source, **given)
        wanted = source.replace(old, new)
        assert wanted in found, f"no candidate turns {old!r} into {new!r}"
        return found[wanted]

    return run
