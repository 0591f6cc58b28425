"""Small broken workspaces, a workbench on each, and packages for environments of their own."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import subprocess
import sys
import venv
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.core.model import (
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    Report,
    Snapshot,
    Target,
    TargetKind,
    Task,
    TestOutcome,
    VerdictKind,
)
from heal_lsp.core.text import difference, digest
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

    async def heals(self, target: str, failing: str, wrong: str = "a - a", right: str = "a + b") -> Evidence:
        """The baseline sees the failing test, a wrong candidate is refused, the right one verified and confirmed.

        The candidates put ``wrong`` and ``right`` in the place of ``a - b``.
        """
        task = self.task(target, (failing,))
        verifier = self.verifier()
        baseline = await verifier.baseline(task)
        assert baseline.obstacle is None, baseline.obstacle
        assert failing in baseline.ids(TestOutcome.FAILED), baseline.tests
        bad, good = (
            Candidate(digest(task.base), {target: difference(task.base, task.base.replace("a - b", each))})
            for each in (wrong, right)
        )
        refused = await verifier.verify(bad)
        assert refused.kind is VerdictKind.FAILED, refused
        verdict = await verifier.verify(good)
        assert verdict.passed, verdict.reason
        evidence = await verifier.confirm(good)
        assert isinstance(evidence, Evidence), evidence.reason
        assert evidence.fixed == (failing,)
        return evidence


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


class Library:
    """Installed packages, each pytest plugin in a folder of its own, for environments that are made of them."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / "base"
        self._folder = folder

    def install(self) -> str:
        """Install what is in ``packages.txt``; the reason why it cannot be done, else an empty string."""
        wanted = Path(__file__).with_name("packages.txt")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--target", str(self.base), "--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            return (done.stderr or done.stdout).strip().splitlines()[-1]
        for found in importlib.metadata.distributions(path=[str(self.base)]):
            if found.entry_points.select(group="pytest11"):
                home = self._folder / found.metadata["Name"].lower().replace("_", "-")
                home.mkdir()
                for name in {each.parts[0] for each in found.files or ()} - {"..", "__pycache__"}:
                    (self.base / name).rename(home / name)
        return ""

    def folders(self, *plugins: str) -> list[Path]:
        """The folders that hold pytest and some of its plugins."""
        return [self.base, *(self._folder / each for each in plugins)]

    def furnish(self, environment: Path, *plugins: str) -> str:
        """Lead an environment to pytest and some of its plugins; returns its interpreter."""
        [site] = environment.glob("lib/python3*/*-packages")
        (site / "library.pth").write_text("".join(f"{each}\n" for each in self.folders(*plugins)))
        return str(environment / "bin/python")

    def environment(self, folder: Path, *plugins: str) -> str:
        """Make a virtual environment with pytest and some of its plugins; returns its interpreter."""
        venv.create(folder, with_pip=False, symlinks=True)
        return self.furnish(folder, *plugins)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Packages that are no part of this project's own environment, as its tests would behave otherwise with them."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "library"
    place.mkdir(exist_ok=True)
    found, answer = Library(place), place / "installed"
    with open(place / "lock", "w") as lock:  # the processes of one run share it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            answer.write_text(found.install())
    reason = answer.read_text()
    if reason and os.environ.get("HEAL_SKIP_NOTHING") == "1":
        pytest.fail(f"the packages of projects cannot be installed: {reason}")
    if reason:
        pytest.skip(f"the packages of projects cannot be installed: {reason}")
    return found
