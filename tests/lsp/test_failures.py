"""The board: what reports put on it, and what takes it off."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from heal_lsp.core.model import (
    Failure,
    FailureKind,
    Located,
    Obstacle,
    ObstacleKind,
    Report,
    Target,
    TargetKind,
    TestOutcome,
    TestResult,
)
from heal_lsp.core.text import digest
from heal_lsp.lsp.failures import Board, Known

TEST_FILE = "def test_a(): assert f()\ndef test_b(): assert f()\nclass TestC:\n    def test_c(self): ...\n"


@pytest.fixture
def texts() -> dict[str, str]:
    return {"t.py": TEST_FILE, "m.py": "def f(): return 0\n", "u.py": "def test_u(): ...\n"}


@pytest.fixture
def board(texts: dict[str, str]) -> Board:
    return Board(texts.get)


def result(test: str, outcome: TestOutcome = TestOutcome.FAILED) -> TestResult:
    path = test.partition("::")[0]
    failure = Failure(FailureKind.ASSERTION, "AssertionError", "no", path, 1, test=test)
    return TestResult(test, outcome, failure=failure if outcome is TestOutcome.FAILED else None)


def report(*tests: TestResult, **values: Any) -> Report:
    return Report("/w", source=values.pop("source", "server"), tests=tests, **values)


def collection(path: str) -> Failure:
    return Failure(FailureKind.EXCEPTION, "SyntaxError", "bad", path, 1, phase="collect")


def stale(known: Known, texts: dict[str, str]) -> bool:
    return known.stale(lambda path: digest(texts[path]))


def keys(board: Board) -> list[str]:
    return [each.key for each in board.all()]


def test_failures_come_and_go_with_their_tests(board: Board) -> None:
    board.merge(report(result("t.py::test_a"), result("t.py::test_b")))
    assert keys(board) == ["test:t.py::test_a", "test:t.py::test_b"]
    board.merge(report(result("t.py::test_a", TestOutcome.PASSED)))
    assert keys(board) == ["test:t.py::test_b"]
    board.merge(report(result("t.py::test_b", TestOutcome.SKIPPED)))
    assert keys(board) == []


def test_runs_may_end_in_another_order_than_they_began(board: Board) -> None:
    passed = report(result("t.py::test_a", TestOutcome.PASSED))
    board.merge(report(result("t.py::test_a")), began=2.0)
    board.merge(passed, selected=(), began=1.0)
    board.merge(report(), selected=(), began=1.0)
    assert keys(board) == ["test:t.py::test_a"]
    board.merge(passed, began=3.0)
    board.merge(report(result("t.py::test_a")), began=2.5)
    assert keys(board) == []


def test_an_older_run_says_nothing_of_what_a_newer_one_could_not_collect(board: Board) -> None:
    board.merge(report(errors=(collection("t.py"),)), began=2.0)
    board.merge(report(result("t.py::test_b", TestOutcome.PASSED)), began=1.0)
    board.merge(report(errors=(attrs.evolve(collection("t.py"), line=9),)), began=1.0)
    assert [each.failure.line for each in board.all()] == [1]


def test_a_denied_test_is_no_failure(board: Board) -> None:
    denied = attrs.evolve(result("t.py::test_a"), outcome=TestOutcome.DENIED)
    board.merge(report(denied))
    assert keys(board) == []


def test_a_denial_here_says_nothing_about_a_failure_in_a_terminal(board: Board) -> None:
    board.merge(report(result("t.py::test_a"), source="pytest"))
    denied = attrs.evolve(result("t.py::test_a"), outcome=TestOutcome.DENIED)
    board.merge(report(denied))
    assert keys(board) == ["test:t.py::test_a"]


@pytest.mark.parametrize(
    ("selected", "left"),
    [
        ((), ["test:u.py::test_u"]),
        (("t.py",), ["test:u.py::test_u"]),
        (("t.py::test_a",), ["test:t.py::test_b", "test:u.py::test_u"]),
        (("other.py",), ["test:t.py::test_a", "test:t.py::test_b", "test:u.py::test_u"]),
    ],
)
def test_what_was_asked_for_and_did_not_run_is_gone(
    board: Board, selected: tuple[str, ...], left: list[str]
) -> None:
    board.merge(report(result("t.py::test_a"), result("t.py::test_b"), result("u.py::test_u")))
    board.merge(report(result("u.py::test_u")), selected=selected)
    assert keys(board) == left


@pytest.mark.parametrize(
    "values",
    [
        {"finished": False},
        {"obstacle": Obstacle(ObstacleKind.NO_PYTEST, "No pytest.", "Install it.")},
        {"errors": (collection("t.py"),)},
    ],
)
def test_a_run_that_says_nothing_clears_nothing(board: Board, values: dict[str, Any]) -> None:
    board.merge(report(result("t.py::test_a")))
    board.merge(report(**values), selected=())
    assert "test:t.py::test_a" in keys(board)


def test_a_collection_error_goes_when_the_file_loads(board: Board) -> None:
    board.merge(report(errors=(collection("t.py"),)), selected=("t.py",))
    assert keys(board) == ["collect:t.py"]
    board.merge(report(result("t.py::test_a", TestOutcome.PASSED)))
    assert keys(board) == []
    board.merge(report(errors=(collection("t.py"),)), selected=("t.py",))
    board.merge(report(), selected=("t.py",))
    assert keys(board) == []


def test_a_test_that_is_no_longer_written_is_gone(board: Board, texts: dict[str, str]) -> None:
    board.merge(report(result("t.py::test_a"), result("t.py::TestC::test_c[1-x]"), result("u.py::test_u")))
    texts["t.py"] = "def test_b(): ...\n"
    board.drop_gone("u.py")
    assert len(keys(board)) == 3
    board.drop_gone("t.py")
    assert keys(board) == ["test:u.py::test_u"]
    del texts["u.py"]
    board.drop_gone()
    assert keys(board) == []


def test_stale_until_the_text_is_as_it_was(board: Board, texts: dict[str, str]) -> None:
    board.merge(report(result("t.py::test_a"), digests={"t.py": digest(TEST_FILE)}))
    [known] = board.all()
    assert not stale(known, texts)
    texts["t.py"] = "#\n" + TEST_FILE
    assert stale(known, texts)
    assert known.line("t.py", 1, texts.get) == 2
    texts["t.py"] = TEST_FILE.replace("\n", "\r\n")
    assert not stale(known, texts)


def test_an_old_report_shows_only_what_still_stands(board: Board) -> None:
    changed = {"t.py": digest("another text"), "u.py": digest("def test_u(): ...\n")}
    old = report(result("t.py::test_a"), result("u.py::test_u"), digests=changed)
    board.merge(old, fresh_only=True)
    assert keys(board) == ["test:u.py::test_u"]
    board.merge(old)
    assert len(keys(board)) == 2


def test_an_ignored_failure_stays_hidden_until_its_test_passes(board: Board) -> None:
    board.merge(report(result("t.py::test_a")))
    assert board.ignore("test:t.py::test_a")
    board.merge(report(result("t.py::test_a")))
    assert keys(board) == []
    board.merge(report(result("t.py::test_a", TestOutcome.PASSED)))
    board.merge(report(result("t.py::test_a")))
    assert keys(board) == ["test:t.py::test_a"]
    assert not board.ignore("test:nothing")


def test_failures_of_one_function_are_one_spot(board: Board) -> None:
    target = Target("m.py", "f", "f", TargetKind.FUNCTION, 0, 17, 1, 1)
    shown = report(result("t.py::test_a"), result("t.py::test_b"))
    board.merge(shown, [Located(each, target) for each in shown.failures])
    [spot] = board.spots()
    assert [each.failure.test for each in spot.failures] == ["t.py::test_a", "t.py::test_b"]
    assert board.files() == {"t.py", "m.py"}


def test_a_failure_outside_of_the_workspace_has_no_place(board: Board) -> None:
    board.merge(report(errors=(Failure(FailureKind.EXCEPTION, "E", "m", "", 0, phase="run"),)))
    assert keys(board) == []


def test_a_script_that_runs_again_without_an_exception_is_cleared(board: Board) -> None:
    failed = Failure(FailureKind.EXCEPTION, "E", "m", "m.py", 1, phase="run")
    board.merge(report(errors=(failed,), source="run", digests={"m.py": digest("def f(): return 0\n")}))
    assert len(keys(board)) == 1
    board.merge(report(source="run", digests={"m.py": digest("def f(): return 1\n")}))
    assert keys(board) == []
