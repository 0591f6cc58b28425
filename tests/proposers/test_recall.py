"""Stored fixes, carried over to the text as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Baseline, Candidate, Evidence, FileChange, Fix, Task
from heal_lsp.core.text import Edit, digest
from heal_lsp.proposers.recall import RecallProposer

MakeTask = Callable[..., Task]

OLD = "import os\n\ndef f(a):\n    b = a\n    return b - 1\n"


class Store:
    def __init__(self, fix: Fix | None) -> None:
        self.fix = fix

    def get(self, key: str) -> Fix | None:
        return self.fix if key == "k" else None

    def put(self, key: str, fix: Fix) -> None:
        raise AssertionError("recall only reads")

    def evict(self, key: str) -> None:
        raise AssertionError("recall only reads")


def stored(old: str, edits: tuple[Edit, ...], path: str = "m.py") -> Fix:
    candidate = Candidate(digest(old), {path: edits}, "search", "binary", 1.2, "`b - 1` → `b + 1`")
    return Fix(candidate, (FileChange(path, old, candidate.text(path, old)),), Evidence((), ()))


def replacing(old: str, part: str, new: str) -> tuple[Edit, ...]:
    start = len(old[: old.index(part)].encode())
    return (Edit(start, start + len(part.encode()), new),)


def recall(task: Task, fix: Fix | None, key: str = "k") -> list[Candidate]:
    async def collect() -> list[Candidate]:
        stream = RecallProposer(Store(fix), key).propose(task, Baseline(()), Memory(task))
        return [each async for each in stream]

    return asyncio.run(collect())


def test_the_same_text(make_task: MakeTask) -> None:
    (found,) = recall(make_task(OLD), stored(OLD, replacing(OLD, "-", "+")))
    assert found.text("m.py", OLD) == OLD.replace("-", "+")
    assert (found.proposer, found.operator, found.note) == ("recall", "binary", "`b - 1` → `b + 1`")
    assert found.base == digest(OLD)


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param(f"# é😀\nX = 1\n{OLD}", f"# é😀\nX = 1\n{OLD.replace('-', '+')}", id="lines before"),
        pytest.param(OLD + "Y = 2\n", OLD.replace("-", "+") + "Y = 2\n", id="lines after"),
        pytest.param(
            OLD.replace("\n", "\r\n"), OLD.replace("-", "+").replace("\n", "\r\n"), id="line endings"
        ),
        pytest.param(
            OLD.replace("b = a", "b = a  # so"),
            OLD.replace("b = a", "b = a  # so").replace("-", "+"),
            id="a comment",
        ),
    ],
)
def test_the_function_at_another_place(make_task: MakeTask, now: str, wanted: str) -> None:
    (found,) = recall(make_task(now), stored(OLD, replacing(OLD, "-", "+")))
    assert found.text("m.py", now) == wanted
    assert found.base == digest(now)


def test_lines_that_the_fix_inserts_get_the_line_endings_of_the_file(make_task: MakeTask) -> None:
    fix = stored(OLD, replacing(OLD, "    return", "    b += 1\n    return"))
    now = ("\n" + OLD).replace("\n", "\r\n")
    (found,) = recall(make_task(now), fix)
    assert found.text("m.py", now) == now.replace("    return", "    b += 1\r\n    return")


def test_an_import_moves_to_its_line(make_task: MakeTask) -> None:
    fix = stored(OLD, (Edit(0, 0, "import math\n"), *replacing(OLD, "b - 1", "math.pi")))
    now = '"""Text."""\n' + OLD
    (found,) = recall(make_task(now), fix)
    assert found.text("m.py", now) == '"""Text."""\nimport math\n' + OLD.replace("b - 1", "math.pi")


def test_a_moved_file(make_task: MakeTask) -> None:
    (found,) = recall(make_task(OLD), stored(OLD, replacing(OLD, "-", "+"), "old/place.py"))
    assert found.text("m.py", OLD) == OLD.replace("-", "+")


@pytest.mark.parametrize(
    "now", [OLD.replace("b - 1", "b - 2"), OLD.replace("return b - 1", "return 0 + b - 1")]
)
def test_a_line_that_changed_is_not_forced(make_task: MakeTask, now: str) -> None:
    assert recall(make_task(now), stored(OLD, replacing(OLD, "-", "+"))) == []


def test_nothing_stored(make_task: MakeTask) -> None:
    assert recall(make_task(OLD), None) == []
    assert recall(make_task(OLD), stored(OLD, replacing(OLD, "-", "+")), key="other") == []


def test_a_stored_fix_of_several_files_is_left_alone(make_task: MakeTask) -> None:
    fix = stored(OLD, replacing(OLD, "-", "+"))
    two = Fix(fix.candidate, (*fix.changes, FileChange("n.py", "", "x = 1\n")), fix.evidence)
    assert recall(make_task(OLD), two) == []


def test_the_key_is_at_hand_for_the_one_who_evicts() -> None:
    proposer = RecallProposer(Store(None), "k")
    assert proposer.key == "k"
    assert proposer.name == "recall"
    assert proposer.budget.attempts == 1
