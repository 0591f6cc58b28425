"""The one place that builds the adapters of a workspace and hands them to the core."""

from __future__ import annotations

import time
from importlib.resources import files
from pathlib import Path

from heal_lsp import places
from heal_lsp.analysis import SourceAnalysis
from heal_lsp.config import Settings
from heal_lsp.core.budget import Budget
from heal_lsp.core.ports import Analysis, FixStore, Proposer
from heal_lsp.proposers.recall import RecallProposer
from heal_lsp.proposers.search import SearchProposer
from heal_lsp.store.fixes import DiskFixStore, MemoryFixStore
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.workbench import Workbench
from heal_lsp.watch.impact import ImpactIndex
from heal_lsp.watch.recorded import RecordedPaths


class MonotonicClock:
    """The real clock."""

    def now(self) -> float:
        return time.monotonic()


def report_plugin() -> Path:
    """The report plugin's file, as installed with this package."""
    return Path(str(files("heal_lsp.plugin") / "report.py"))


class Wiring:
    """The adapters of one workspace folder under one set of settings."""

    def __init__(self, root: Path, settings: Settings, store: FixStore, analysis: Analysis) -> None:
        self.root = root
        self.settings = settings
        self.store = store
        self.analysis = analysis
        home = _home(root)
        self.impact = ImpactIndex(root, home / "imports.json" if home is not None else None)
        self.recorded = RecordedPaths(home / "coverage.json" if home is not None else None)
        self.bench = Workbench(
            root,
            SandboxPolicy(
                exclude=settings.exclude,
                memory_mb=settings.sandbox_memory_mb,
                seconds=settings.sandbox_seconds,
                allow_unisolated=settings.sandbox_allow_unisolated,
                allow_ports=settings.sandbox_allow_ports,
                network=settings.sandbox_network,
                read_only_paths=settings.sandbox_read_only_paths,
                env=settings.sandbox_env,
            ),
            interpreter=settings.interpreter,
            report_plugin=report_plugin(),
            test_args=settings.test_args,
            test_paths=settings.test_paths,
        )

    def proposers(self, key: str) -> tuple[Proposer, ...]:
        """The proposers of a repair, in order of cost."""
        budget = Budget(attempts=self.settings.search_candidates, seconds=self.settings.search_seconds)
        return (RecallProposer(self.store, key), SearchProposer(budget))


def _home(root: Path) -> Path | None:
    """The cache folder of a workspace; None where it cannot be had, which costs time and nothing else."""
    try:
        return places.private_folder(places.workspace_home(root))
    except OSError:
        return None


class Workspaces:
    """The wirings of the workspaces that were asked for, made when first needed."""

    def __init__(self) -> None:
        self._analysis = SourceAnalysis()
        self._stores: dict[tuple[str, int], FixStore] = {}
        self._wirings: dict[tuple[str, Settings], Wiring] = {}
        self._old: list[Wiring] = []

    @property
    def analysis(self) -> Analysis:
        return self._analysis

    def get(self, root: str, settings: Settings) -> Wiring:
        """The wiring of a workspace. A change of settings makes a new one; the store stays."""
        key = (root, settings)
        if key not in self._wirings:
            for old in [each for each in self._wirings if each[0] == root]:
                self._old.append(self._wirings.pop(old))
            self._wirings[key] = Wiring(
                Path(root), settings, self._store(root, settings.cache_mb), self._analysis
            )
        return self._wirings[key]

    async def close(self, *, old_only: bool = False) -> None:
        """End what stands by in the sandboxes: in those of settings that are no more, or in all."""
        closing, self._old = self._old, []
        if not old_only:
            closing += self._wirings.values()
            self._wirings = {}
        for each in closing:
            await each.bench.close()

    def _store(self, root: str, size_mb: int) -> FixStore:
        key = (root, size_mb)
        if key not in self._stores:
            try:
                self._stores[key] = (
                    DiskFixStore(places.private_folder(places.fixes_folder(Path(root))), size_mb)
                    if size_mb
                    else MemoryFixStore()
                )
            except OSError:  # a cache that cannot be had costs time, never a repair
                self._stores[key] = MemoryFixStore()
        return self._stores[key]
