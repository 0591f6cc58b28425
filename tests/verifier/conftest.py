"""Small broken workspaces, and a workbench on each."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.core.model import Failure, FailureKind, Report, Snapshot, Target, TargetKind, Task
from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.verifier import SandboxVerifier
from heal_lsp.verifier.workbench import Workbench

QUICK = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:asyncio")
"""Leave out the plugins of this project's own environment, which take longer to load than all the rest."""


class Project:
    """A workspace in a temporary folder, with what a test wants to do with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.unsaved: dict[str, str] = {}
        self.policy: dict[str, Any] = {}
        self.options: dict[str, Any] = {"interpreter": sys.executable, "test_args": QUICK}
        self._bench: Workbench | None = None
        self.verifiers: list[SandboxVerifier] = []

    def write(self, files: Mapping[str, str | bytes]) -> Project:
        for path, text in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    @property
    def bench(self) -> Workbench:
        if self._bench is None:
            policy = SandboxPolicy(**{"exclude": DEFAULT_EXCLUDE, "seconds": 10.0, **self.policy})
            self._bench = Workbench(self.root, policy, report_plugin=report_plugin(), **self.options)
        return self._bench

    def renewed(self) -> Project:
        """The same workspace, looked at anew: with what ``policy`` and ``options`` say by now."""
        self._bench = None
        return self

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(str(self.root), self.unsaved)

    async def run(self, *tests: str, seconds: float = 30.0, coverage: bool = False) -> Report:
        return await self.bench.runner().run_tests(self.snapshot, tests, seconds=seconds, coverage=coverage)

    async def script(self, path: str, *arguments: str, seconds: float = 30.0) -> Report:
        return await self.bench.runner().run_script(self.snapshot, path, arguments, seconds=seconds)

    def task(
        self, target: str, failing: tuple[str, ...], guards: tuple[str, ...] = (), **failure: Any
    ) -> Task:
        base = self.unsaved.get(target)
        if base is None:
            base = (self.root / target).read_text("utf-8")
        path = failing[0].partition("::")[0]
        values: dict[str, Any] = {"exception": "AssertionError", "line": 1, **failure}
        return Task(
            self.snapshot,
            Failure(FailureKind.ASSERTION, values["exception"], "", path, values["line"], test=failing[0]),
            Target(target, "f", "f", TargetKind.FUNCTION, 0, len(base.encode()), 1, base.count("\n")),
            base,
            failing,
            guards or (path,),
        )

    def verifier(self) -> SandboxVerifier:
        self.verifiers.append(self.bench.verifier())
        return self.verifiers[-1]


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    """An empty workspace."""
    root = tmp_path / "workspace"
    root.mkdir()
    found = Project(root)
    yield found
    for each in found.verifiers:
        await each.close()


@pytest.fixture
def broken(project: Project) -> Project:
    """A workspace with one wrong function, two tests that show it and one that does not."""
    return project.write(
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "test_calc.py": (
                "from calc import add\n\n\n"
                "def test_add():\n    x = 3\n    assert add(1, 2) == x\n\n\n"
                "def test_more():\n    assert add(2, 2) == 4\n\n\n"
                "def test_zero():\n    assert add(5, 0) == 5\n"
            ),
        }
    )


@pytest.fixture
def outcomes() -> Callable[[Report], dict[str, str]]:
    """How each test of a report ended, by the last part of its id."""
    return lambda report: {each.id.partition("::")[2]: each.outcome.value for each in report.tests}
