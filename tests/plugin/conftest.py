"""A terminal's pytest run with the report plugin, as somebody's project would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from heal_lsp.core.model import Failure, Report
from heal_lsp.engine.messages import structure
from heal_lsp.engine.wiring import report_plugin

QUICK = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio")


class Terminal:
    """A workspace, and a folder that reports go into."""

    def __init__(self, root: Path, plugin: Path, reports: Path) -> None:
        self.root = root
        self.reports = reports
        self._plugin = plugin

    def write(self, files: Mapping[str, str | bytes]) -> Terminal:
        for path, text in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def pytest(
        self, *arguments: str, cwd: Path | None = None, variables: Mapping[str, str | None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it. A variable that is None is not set."""
        environment: dict[str, str | None] = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("HEAL_", "PYTEST"))},
            "PYTHONPATH": str(self._plugin),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HEAL_ROOT": str(self.root),
            "HEAL_REPORT_DIR": str(self.reports),
            **(variables or {}),
        }
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "heal_lsp_report",
                "-p",
                "no:cacheprovider",
                *QUICK,
                *arguments,
            ],
            cwd=cwd or self.root,
            env={key: value for key, value in environment.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def report(self) -> Report:
        """The one report that was written, read as strictly as the engine reads records."""
        import json

        [path] = self.reports.glob("*.json")
        return structure(json.loads(path.read_text("utf-8")), Report)

    def run(self, *arguments: str) -> Report:
        self.pytest(*arguments)
        return self.report()

    def failures(self, *arguments: str) -> dict[str, Failure]:
        """The failures of a run by the last part of their test's id."""
        report = self.run(*arguments)
        return {each.id.partition("::")[2]: each.failure for each in report.tests if each.failure is not None}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """An empty workspace, next to the plugin's copy and the folder for reports."""
    for name in ("workspace", "plugin", "cache"):
        (tmp_path / name).mkdir()
    shutil.copy(report_plugin(), tmp_path / "plugin/heal_lsp_report.py")
    return Terminal(tmp_path / "workspace", tmp_path / "plugin", tmp_path / "cache/reports")
