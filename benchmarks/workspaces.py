"""Small workspaces with one wrong function, for the benchmarks of the verifier, and candidates of known worth."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import attrs

from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.core.model import Candidate, Failure, FailureKind, Snapshot, Target, TargetKind, Task
from heal_lsp.core.text import difference, digest
from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.workbench import Workbench

PLAIN = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:asyncio")
"""Without the plugins of this project's own environment: they would make the cold run look worse than it is."""
FAILING = ("test_stats.py::test_mean", "test_stats.py::test_mean_of_one")
TESTS = """
from stats import mean, spread


def test_mean():
    values = [3, 5, 10]
    assert mean(values) == 6


def test_mean_of_one():
    assert mean([4]) == 4


def test_mean_of_none():
    assert mean([]) == 0


def test_spread():
    assert spread([1, 9, 4]) == 8
"""
TARGET = """
def mean(values):
    if not values:
        return 0
    return {right}


def spread(values):
    return max(values) - min(values)
"""
WRONG = "sum(values) / (len(values) + 1)"


@attrs.frozen
class Workspace:
    """A workspace on the disk: its files besides the tests, of which ``stats.py`` holds the wrong function."""

    root: Path
    conftest: str
    imports: str

    def write(self) -> None:
        """Make the files."""
        (self.root / "stats.py").write_text(self.text(WRONG))
        (self.root / "test_stats.py").write_text(TESTS)
        if self.conftest:
            (self.root / "conftest.py").write_text(self.conftest)

    def text(self, expression: str) -> str:
        """The target's file with another expression in the place of the wrong one."""
        return self.imports + TARGET.replace("{right}", expression)

    def candidate(self, expression: str) -> Candidate:
        """The candidate that puts an expression in the place of the wrong one."""
        base = self.text(WRONG)
        return Candidate(digest(base), {"stats.py": difference(base, self.text(expression))})

    def task(self) -> Task:
        """The repair of the wrong function."""
        base = self.text(WRONG)
        failure = Failure(FailureKind.ASSERTION, "AssertionError", "", "test_stats.py", 7, test=FAILING[0])
        target = Target("stats.py", "mean", "mean", TargetKind.FUNCTION, 0, len(base), 1, base.count("\n"))
        return Task(Snapshot(str(self.root)), failure, target, base, FAILING, ("test_stats.py",))

    def bench(self, **policy: float) -> Workbench:
        """A workbench on it, with this interpreter."""
        allowed = SandboxPolicy(exclude=DEFAULT_EXCLUDE, **policy)  # type: ignore[arg-type]
        python = os.path.abspath(sys.executable)
        return Workbench(
            self.root, allowed, interpreter=python, report_plugin=report_plugin(), test_args=PLAIN
        )


def right(number: int) -> str:
    """One of endlessly many right expressions."""
    return f"(sum(values) + {number} - {number}) / len(values)"


def wrong(number: int) -> str:
    """One of endlessly many wrong ones: a false value, an exception, a name or a bracket too few, a broken guard."""
    kinds = (
        f"sum(values) / len(values) + {number + 1}",
        f"values[{number + 3}]",
        f"sum(values) / lenght_{number}",
        f"(sum(values) / len(values) + {number}",
        f"sum(values) / len(values) if {number} in () else 4",
    )
    return kinds[number % len(kinds)]
