"""Coverage decides between several functions, and helps where nothing else leads anywhere."""

from __future__ import annotations

from typing import Any

import pytest

FILES = {
    "app.py": """
        def add(a, b):
            return a - b

        def mul(a, b):
            return a * b

        def both(a, b):
            return helper(add(a, b), mul(a, b))

        def helper(a, b):
            if a > b:
                return a
            return b
    """,
    "test_app.py": """
        from app import add, mul, both

        def test_it():
            assert add(1, 2) + mul(1, 2) == 5  # frame 1

        def test_mul():
            assert mul(1, 2) == 2
    """,
}


def test_suspects_are_scored_by_ochiai(project: Any) -> None:
    project.write(FILES)
    coverage = {
        "test_app.py::test_it": {"app.py": (2, 5), "test_app.py": (4,)},
        "test_app.py::test_mul": {"app.py": (5,)},
    }
    located = project.locate(coverage=coverage)
    assert located.target is not None
    assert located.target.qualname == "add"
    scores = {(each.path, each.line): round(each.score, 3) for each in located.suspects}
    assert scores == {("app.py", 2): 1.0, ("app.py", 5): 0.707}


def test_coverage_chooses_among_the_calls_of_the_assertion(project: Any) -> None:
    project.write(FILES)
    swapped = {
        "test_app.py::test_it": {"app.py": (2, 5)},
        "test_app.py::test_add": {"app.py": (2,)},
    }
    located = project.locate(coverage=swapped)
    assert located.target is not None
    assert located.target.qualname == "mul"


def test_a_deeper_function_is_preferred_only_with_a_margin(project: Any) -> None:
    text = FILES["test_app.py"].replace("add(1, 2) + mul(1, 2) == 5", "both(1, 2) == 5")
    project.write(FILES | {"test_app.py": text})
    alone = {"test_app.py::test_it": {"app.py": (2, 5, 8, 11, 13)}}
    located = project.locate(coverage=alone)
    assert located.target is not None
    assert located.target.qualname == "both"
    telling = alone | {
        "test_app.py::test_a": {"app.py": (5, 8, 11, 12)},
        "test_app.py::test_b": {"app.py": (5, 8, 11, 12)},
    }
    located = project.locate(coverage=telling)
    assert located.target is not None
    assert located.target.qualname in ("add", "helper")
    assert "in common" in located.reason


def test_other_failing_tests_count_neither_as_failing_nor_as_passing(project: Any) -> None:
    project.write(FILES)
    coverage = {
        "test_app.py::test_it": {"app.py": (2, 5)},
        "test_app.py::test_add": {"app.py": (2,)},
        "test_app.py::test_mul": {"app.py": (5,)},
    }
    for other, name in (("add", "add"), ("mul", "mul")):
        located = project.locate(coverage=coverage, failing=(f"test_app.py::test_{other}",))
        assert located.target is not None
        assert located.target.qualname == name


def test_coverage_alone(project: Any) -> None:
    project.write(
        FILES
        | {
            "test_app.py": """
                def test_it(client):
                    assert client.get("/") == 1  # frame 1
            """
        }
    )
    located = project.locate()
    assert located.target is None
    located = project.locate(coverage={"test_app.py::test_it": {"app.py": (2,), "test_app.py": (2,)}})
    assert located.target is not None
    assert located.target.qualname == "add"


@pytest.mark.parametrize(
    "coverage",
    [
        {"test_app.py::test_it": {}},
        {"test_app.py::test_it": {"gone.py": (1, 2)}},
        {"test_app.py::other": {"app.py": (2,)}},
        {"test_app.py::test_it": {"tests/helpers.py": (1,), "/abs/x.py": (1,)}},
    ],
)
def test_coverage_that_says_nothing(project: Any, coverage: dict[str, dict[str, tuple[int, ...]]]) -> None:
    project.write(FILES)
    located = project.locate(coverage=coverage)
    assert located.target is not None
    assert located.target.qualname in ("add", "mul")
