"""The order of the candidates, and what the search learns from the attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import (
    Attempt,
    Baseline,
    Candidate,
    Suspect,
    Task,
    TestOutcome,
    TestResult,
    Verdict,
    VerdictKind,
)
from heal_lsp.proposers.search import SearchProposer

MakeTask = Callable[..., Task]
Search = Callable[..., list[Candidate]]

TWO_LINES = "def f(a, b):\n    c = a < b\n    d = b < a\n    return c, d\n"


def line_of(candidate: Candidate, source: str) -> int:
    return source.encode()[: candidate.edits["m.py"][0].start].count(b"\n") + 1


def test_cheapest_first_but_for_what_is_learnt(make_task: MakeTask, search: Search) -> None:
    costs = [each.cost for each in search(make_task(TWO_LINES))]
    assert costs == sorted(costs)
    assert len(costs) > 50


def test_candidates_say_what_they_are(make_task: MakeTask, search: Search) -> None:
    task = make_task("def f(a, b):\n    return a % b\n")
    found = [each for each in search(task) if each.operator == "operands"]
    assert [each.note for each in found] == ["`return a % b` → `return b % a`"]
    assert {each.proposer for each in found} == {"search"}


def test_suspicious_lines_come_first(make_task: MakeTask, search: Search) -> None:
    for line in (2, 3):
        other = 5 - line
        suspects = (Suspect("m.py", line, 1.0), Suspect("m.py", other, 0.1), Suspect("x.py", other, 1.0))
        found = search(make_task(TWO_LINES, suspects=suspects), most=5)
        assert {line_of(each, TWO_LINES) for each in found} == {line}


def test_the_raising_line_comes_first(make_task: MakeTask, search: Search) -> None:
    found = search(make_task(TWO_LINES, raised=("TypeError", "no"), at=3), most=3)
    assert {line_of(each, TWO_LINES) for each in found} == {3}


def test_lines_that_no_failing_test_runs_are_left_alone(make_task: MakeTask, search: Search) -> None:
    source = "def f(a):\n    if a:\n        x = a - 1\n        return x\n    return a + 1\n"
    task = make_task(source)
    coverage = {task.failing[0]: {"m.py": (1, 2, 5)}, "test_m.py::test_other": {"m.py": (1, 2, 3, 4)}}
    baseline = Baseline((TestResult(task.failing[0], TestOutcome.FAILED),), coverage=coverage)
    texts = {each.text("m.py", source) for each in search(task, baseline)}
    assert source.replace("a + 1", "a - 1") in texts
    assert source.replace("a - 1", "a + 1") not in texts


def test_the_budget_bounds_the_candidates(make_task: MakeTask, search: Search) -> None:
    assert len(search(make_task(TWO_LINES), most=7)) == 7


def test_names_of_known_other_types_come_later(make_task: MakeTask, search: Search) -> None:
    source = "def f(text: str, count: int, other: str):\n    return text.upper()\n"
    notes = [each.note for each in search(make_task(source)) if each.operator == "name"]
    assert notes.index("`return text.upper()` → `return other.upper()`") == 0


def test_types_are_read_from_the_tests(make_task: MakeTask, search: Search) -> None:
    source = "def f(a, b):\n    return a\n"
    tests = {"test_m.py::test_it": "def test_it():\n    assert f([1, 2], 3) == 3\n"}
    texts = [each.text("m.py", source) for each in search(make_task(source, test_sources=tests))]
    assert source.replace("return a", "return a[:b]") in texts
    assert source.replace("return a", "return b // 2") not in [*texts]
    assert source.replace("return a", "return a // 2") not in texts


async def test_pairs_build_on_what_helped(make_task: MakeTask) -> None:
    source = "def f(a, b):\n    c = a - 1\n    return c, b * 2\n"
    task = attrs.evolve(make_task(source), failing=("test_m.py::test_it", "test_m.py::test_two"))
    right = source.replace("a - 1", "a + 1").replace("b * 2", "b + 2")
    half = source.replace("a - 1", "a + 1")
    red = TestResult("test_m.py::test_two", TestOutcome.FAILED)
    baseline = Baseline((TestResult(task.failing[0], TestOutcome.FAILED), red))
    memory, place = Memory(task), 0
    async for candidate in SearchProposer(Budget()).propose(task, baseline, memory):
        place += 1
        text = candidate.text("m.py", source)
        if text == right:
            break
        helped = TestResult(task.failing[0], TestOutcome.PASSED if text == half else TestOutcome.FAILED)
        memory.record(Attempt(candidate, Verdict(VerdictKind.FAILED, "no", (helped, red))))
    assert text == right
    assert candidate.operator == "binary + binary"
    assert candidate.note == "`c = a - 1` → `c = a + 1` and `return c, b * 2` → `return c, b + 2`"
    assert place < 150


async def test_other_tasks_get_their_turn(make_task: MakeTask) -> None:
    body = "".join(f"    v{number} = a + b * {number}\n" for number in range(60))
    task = make_task(f"def f(a, b):\n{body}    return v1\n")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    async for _ in SearchProposer(Budget()).propose(task, Baseline(()), Memory(task)):
        break
    other.cancel()
    assert turns > 60
