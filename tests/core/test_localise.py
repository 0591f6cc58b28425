"""Ochiai scores, and the functions that hold them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.core.localise import holding, ochiai, suspicious_function, suspicious_functions
from heal_lsp.core.model import Frame, Suspect, Target, TargetKind


def target(name: str, line: int, end: int, path: str = "a.py") -> Target:
    return Target(path, name, name, TargetKind.FUNCTION, line * 100, end * 100 + 99, line, end)


COVERAGE = {
    "red": {"a.py": (2, 3, 5)},
    "green": {"a.py": (2, 5)},
    "blue": {"a.py": (2,), "b.py": (1,)},
}


def test_the_formula() -> None:
    found = ochiai(COVERAGE, ["red"], ["green", "blue"])
    assert [(each.line, each.score) for each in found] == [
        (3, 1.0),
        (5, pytest.approx(1 / math.sqrt(2))),
        (2, pytest.approx(1 / math.sqrt(3))),
    ]


def test_lines_that_no_failing_test_executes_are_no_suspects() -> None:
    assert not [each for each in ochiai(COVERAGE, ["red"], ["blue"]) if each.path == "b.py"]


def test_within_keeps_one_target() -> None:
    assert [each.line for each in ochiai(COVERAGE, ["red"], ["green"], within=target("f", 3, 9))] == [3, 5]
    assert ochiai(COVERAGE, ["red"], ["green"], within=target("f", 1, 9, "b.py")) == ()


def test_unknown_tests_do_not_count() -> None:
    assert ochiai(COVERAGE, ["red", "unknown"], ["other"]) == ochiai(COVERAGE, ["red", "red"], [])
    assert ochiai(COVERAGE, ["unknown"], ["green"]) == ()
    assert ochiai({}, ["red"], ["green"]) == ()


LINES = st.dictionaries(
    st.sampled_from(["a.py", "b.py"]), st.lists(st.integers(1, 9), max_size=6), max_size=2
)


@given(st.dictionaries(st.sampled_from("pqrstu"), LINES), st.sets(st.sampled_from("pqrstu")))
def test_scores_are_bounded_and_sorted(coverage: dict[str, dict[str, list[int]]], failing: set[str]) -> None:
    passing = set(coverage) - failing
    found = ochiai(coverage, failing, passing)
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert len({(each.path, each.line) for each in found}) == len(found)
    for each in found:
        red = [test for test in failing & set(coverage) if each.line in coverage[test].get(each.path, ())]
        green = [test for test in passing if each.line in coverage[test].get(each.path, ())]
        known = len(failing & set(coverage))
        assert each.score == pytest.approx(len(red) / math.sqrt(known * (len(red) + len(green))))


class TestFunctions:
    OUTER, INNER, LATER = target("outer", 1, 9), target("inner", 3, 5), target("later", 11, 14)
    ALL = (OUTER, INNER, LATER)

    def test_the_highest_statement_counts(self) -> None:
        suspects = [Suspect("a.py", 12, 0.9), Suspect("a.py", 2, 0.5), Suspect("a.py", 13, 0.1)]
        found = suspicious_functions(suspects, self.ALL)
        assert [(each.target.name, each.score) for each in found] == [("later", 0.9), ("outer", 0.5)]

    def test_a_statement_belongs_to_the_innermost_function(self) -> None:
        assert suspicious_function([Suspect("a.py", 4, 1.0)], self.ALL) == self.INNER

    def test_the_line_of_a_def_belongs_to_the_function_around_it(self) -> None:
        assert suspicious_function([Suspect("a.py", 3, 1.0)], self.ALL) == self.OUTER
        assert suspicious_function([Suspect("a.py", 11, 1.0)], self.ALL) is None

    def test_a_function_of_one_line_holds_it(self) -> None:
        assert holding([target("f", 2, 2)], 2) == target("f", 2, 2)

    def test_ties_go_to_the_deepest_frame(self) -> None:
        suspects = [Suspect("a.py", 2, 1.0), Suspect("a.py", 12, 1.0)]
        assert suspicious_function(suspects, self.ALL) == self.OUTER
        frames = [Frame("a.py", 2, "outer"), Frame("a.py", 12, "later"), Frame("t.py", 1, "t")]
        assert suspicious_function(suspects, self.ALL, frames=frames) == self.LATER

    def test_then_to_the_function_that_fewest_passing_tests_reach(self) -> None:
        suspects = [Suspect("a.py", 2, 1.0), Suspect("a.py", 12, 1.0)]
        coverage = {"green": {"a.py": (6,)}, "red": {"a.py": (2, 12)}}
        found = suspicious_functions(suspects, self.ALL, coverage=coverage, passing=["green", "gone"])
        assert [(each.target.name, each.passing) for each in found] == [("later", 0), ("outer", 1)]

    def test_modules_and_other_files_hold_nothing(self) -> None:
        module = Target("a.py", "a.py", "a.py", TargetKind.MODULE, 0, 999, 1, 99)
        assert suspicious_function([Suspect("a.py", 40, 1.0)], [module]) is None
        assert suspicious_function([Suspect("b.py", 4, 1.0)], self.ALL) is None
        assert suspicious_function([], self.ALL) is None
