"""The order of winners, and when a fix is sure."""

from __future__ import annotations

import attrs
import pytest

from heal_lsp.core.marks import marks
from heal_lsp.core.model import (
    Baseline,
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    Fix,
    Snapshot,
    Target,
    TargetKind,
    Task,
    TestOutcome,
    TestResult,
)
from heal_lsp.core.ranking import constraining, is_sure, rank
from heal_lsp.core.text import difference, digest

BASE = """import math

SCALE = 40


def f(a, b, items):
    total = a % b
    for each in items:
        total += each
    return total
"""
SPAN = (BASE.index("def f"), len(BASE) - 1)
TARGET = Target("a.py", "f", "f", TargetKind.FUNCTION, *SPAN, 6, 10)
TEST = "def test_f():\n    assert f(3, 77, []) == 1234\n    assert f(4, 2, [5]) == 'word'\n"
TASK = Task(
    Snapshot("/w"),
    Failure(FailureKind.ASSERTION, "AssertionError", "", "test_a.py", 2, test="test_a.py::test_f"),
    TARGET,
    BASE,
    ("test_a.py::test_f",),
    test_sources={"test_a.py::test_f": TEST},
)
NO_BASELINE = Baseline(())


def candidate(old: str, new: str, cost: float = 0.0) -> Candidate:
    assert old in BASE
    return Candidate(digest(BASE), {"a.py": difference(BASE, BASE.replace(old, new))}, "search", cost=cost)


SWAP = candidate("a % b", "b % a")


def ranked(*candidates: Candidate) -> list[int]:
    return [candidates.index(each) for each in rank(candidates, TASK, NO_BASELINE)]


@pytest.mark.parametrize(
    "worse",
    [
        candidate("a % b", "1234 if b == 77 else a % b"),
        candidate("    total = a % b\n", "    if b == 77:\n        return 1234\n    total = a % b\n"),
        candidate("a % b", "1234"),
        candidate("return total", "return 'word'"),
        candidate("a % b", "a % a"),
        candidate("a % b", "max(a, a)"),
        candidate("a % b", "a if a else a"),
        candidate("a % b", "a % 2"),
        candidate("    for each in items:\n        total += each\n", ""),
        candidate(
            "    total = a % b\n",
            "    try:\n        total = b % a\n    except Exception:\n        total = a\n",
        ),
        candidate("a % b", "b % a + len(items) - len(items)"),
    ],
)
def test_a_plain_small_change_comes_first(worse: Candidate) -> None:
    assert ranked(worse, SWAP) == [1, 0]


def test_marks_of_overfitting_outweigh_any_cost() -> None:
    costly = attrs.evolve(SWAP, cost=50.0)
    assert ranked(candidate("a % b", "1234"), costly) == [1, 0]


def test_cost_and_size_decide_among_equals() -> None:
    small, large = candidate("a % b", "a // b"), candidate("a % b", "a // b + math.pi")
    assert ranked(large, small) == [1, 0]
    assert ranked(attrs.evolve(small, cost=3.0), candidate("a % b", "a * b")) == [1, 0]
    assert ranked(small, candidate("a % b", "a * b")) == [0, 1]


def test_the_same_tree_counts_once() -> None:
    again = attrs.evolve(candidate("a % b", "(b  % a)"), cost=1.0)
    assert ranked(again, SWAP) == [1]


def test_a_literal_that_the_file_has_is_not_copied() -> None:
    assert marks(candidate("a % b", "a % 40"), TASK).copied == 0
    assert marks(candidate("a % b", "a % 77"), TASK).copied == 1
    assert marks(candidate("a % b", "a % 41"), TASK).copied == 0


def test_small_numbers_weigh_little() -> None:
    found = marks(candidate("a % b", "a % b + 3"), TASK)
    assert (found.copied, found.small) == (0, 1)
    assert marks(candidate("a % b", "a % b + 9"), TASK).small == 0


def test_a_negative_literal_of_a_test_is_found() -> None:
    task = attrs.evolve(TASK, test_sources={"t": "    def test_f(self):\n        assert f() == -4321\n"})
    assert marks(candidate("a % b", "-4321"), task).copied == 1


def test_candidates_that_do_not_parse_or_fit_do_not_crash() -> None:
    bad = Candidate("0", {"a.py": difference("", "x" * 10)})
    broken = candidate("a % b", "a %")
    assert set(ranked(bad, broken, SWAP)) == {0, 1, 2}
    assert ranked(SWAP, broken)[0] == 0


def test_nothing_to_rank() -> None:
    assert rank((), TASK, NO_BASELINE) == ()


GREEN = tuple(f"test_a.py::test_{count}" for count in range(4))
BASELINE = Baseline(
    (
        TestResult("test_a.py::test_f", TestOutcome.FAILED),
        *(TestResult(each, TestOutcome.PASSED) for each in GREEN),
    ),
    coverage={each: {"a.py": (7, 8, 10)} for each in ("test_a.py::test_f", *GREEN)},
)
EVIDENCE = Evidence(("test_a.py::test_f",), GREEN)


def fix(made: Candidate, evidence: Evidence = EVIDENCE) -> Fix:
    return Fix(made, (), evidence)


class TestSure:
    def test_a_plain_fix_that_enough_tests_constrain(self) -> None:
        assert is_sure(fix(SWAP), [SWAP], TASK, BASELINE)

    def test_without_coverage_nothing_is_sure(self) -> None:
        assert not is_sure(fix(SWAP), [SWAP], TASK, attrs.evolve(BASELINE, coverage={}))

    def test_too_few_tests_reach_the_body(self) -> None:
        thin = {"test_a.py::test_f": {"a.py": (7,)}, GREEN[0]: {"a.py": (8,)}}
        only_def = {each: {"a.py": (6,)} for each in GREEN}
        for coverage in (thin, only_def | thin):
            assert not is_sure(fix(SWAP), [SWAP], TASK, attrs.evolve(BASELINE, coverage=coverage))
        enough = thin | {GREEN[1]: {"a.py": (10,)}}
        assert is_sure(fix(SWAP), [SWAP], TASK, attrs.evolve(BASELINE, coverage=enough))

    def test_only_tests_that_were_seen_to_pass_constrain(self) -> None:
        assert constraining(fix(SWAP), TARGET, BASELINE) == ("test_a.py::test_f", *GREEN)
        few = Evidence(("test_a.py::test_f",), GREEN[:1])
        assert not is_sure(fix(SWAP, few), [SWAP], TASK, BASELINE)

    def test_a_rival_nearby(self) -> None:
        near, far = candidate("a % b", "b // a"), candidate("a % b", "b // a", cost=2.0)
        assert not is_sure(fix(SWAP), [SWAP, near], TASK, BASELINE)
        assert is_sure(fix(SWAP), [SWAP, far], TASK, BASELINE)
        assert is_sure(
            fix(SWAP), [SWAP, candidate("a % b", "(b % a)"), candidate("a % b", "1234")], TASK, BASELINE
        )

    def test_flaky_or_still_failing_tests(self) -> None:
        assert not is_sure(fix(SWAP), [SWAP], TASK, attrs.evolve(BASELINE, flaky=(GREEN[0],)))
        still = attrs.evolve(EVIDENCE, still_failing=("test_a.py::test_f",))
        assert not is_sure(fix(SWAP, still), [SWAP], TASK, BASELINE)
        unrelated = attrs.evolve(EVIDENCE, still_failing=("test_b.py::test_g",))
        assert is_sure(fix(SWAP, unrelated), [SWAP], TASK, BASELINE)

    @pytest.mark.parametrize(
        "made",
        [
            candidate("a % b", "1234"),
            candidate("a % b", "b % b"),
            candidate("a % b", "a % 2"),
            candidate("a % b", "math.floor(a)"),
            candidate("a % b", "open(a)"),
            candidate("    for each in items:\n        total += each\n", ""),
            candidate("    total", "    import json\n    total"),
            candidate("import math", "import math, json"),
            candidate("SCALE = 40", "SCALE = 41"),
            candidate("a % b", "a %"),
        ],
    )
    def test_changes_that_are_never_sure(self, made: Candidate) -> None:
        assert not is_sure(fix(made), [made], TASK, BASELINE)

    def test_pure_calls_are_fine(self) -> None:
        made = candidate("a % b", "abs(b % a)")
        assert is_sure(fix(made), [made], TASK, BASELINE)
