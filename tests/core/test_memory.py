"""The memory of one repair."""

from __future__ import annotations

import pytest

from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Candidate, Failure, FailureKind, Snapshot, Target, TargetKind, Task
from heal_lsp.core.text import Edit, digest

BASE = "def f(x):\n    return x  # the input\n"


@pytest.fixture
def memory() -> Memory:
    failure = Failure(FailureKind.ASSERTION, "AssertionError", "", "t.py", 1, test="t.py::t")
    target = Target("a.py", "f", "f", TargetKind.FUNCTION, 0, len(BASE), 1, 2)
    return Memory(Task(Snapshot("/w"), failure, target, BASE, ("t.py::t",)))


def candidate(new: str) -> Candidate:
    start = BASE.index("return x")
    return Candidate(digest(BASE), {"a.py": (Edit(start, start + len("return x"), new),)})


def test_layout_does_not_make_a_candidate_new(memory):
    assert memory.is_new(candidate("return x + 1"))
    assert not memory.is_new(candidate("return x+1"))
    assert not memory.is_new(candidate("return (x + 1)"))


def test_the_original_is_not_new(memory):
    assert not memory.is_new(candidate("return  x"))


def test_what_does_not_parse_or_fit_is_left_to_the_rails(memory):
    assert memory.is_new(candidate("return )"))
    outside = Candidate(digest(BASE), {"a.py": (Edit(0, 10_000, ""),)})
    assert memory.is_new(outside)
    assert memory.attempts == ()
