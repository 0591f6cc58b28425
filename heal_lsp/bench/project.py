"""A record's project in a folder of its own, and whether tests pass there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import attrs

from heal_lsp.bench.suite import Record
from heal_lsp.config import Settings
from heal_lsp.core.model import Report, Snapshot, TestOutcome
from heal_lsp.engine.api import Engine
from heal_lsp.engine.messages import RunReply, RunTests


@attrs.frozen
class Project:
    """A folder that holds a record's files."""

    record: Record
    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        """Write texts exactly as they are, line endings included."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))

    def remove(self, files: Mapping[str, str]) -> None:
        """Take files away again."""
        for name in files:
            (self.root / name).unlink(missing_ok=True)


@contextmanager
def project_of(record: Record) -> Iterator[Project]:
    """A temporary folder with a record's files, outside any repository of ours; removed at the end."""
    root = Path(os.path.realpath(tempfile.mkdtemp(prefix="heal-lsp-bench-")))
    try:
        project = Project(record, root)
        project.write(record.files)
        yield project
    finally:
        shutil.rmtree(root, ignore_errors=True)


@attrs.frozen
class Judge:
    """Runs a project's tests in the engine's sandbox."""

    engine: Engine
    settings: Settings

    async def run(self, project: Project, tests: tuple[str, ...]) -> RunReply:
        """Run test files and locate their failures."""
        snapshot = Snapshot(str(project.root))
        return await self.engine.run_tests(RunTests(uuid4().hex, snapshot, self.settings, tests))

    async def is_plausible(self, project: Project) -> bool:
        """Whether the visible tests pass."""
        reply = await self.run(project, project.record.visible_tests)
        return passed(reply.report)

    async def is_correct(self, project: Project) -> bool:
        """Whether the held-out tests pass, there only meanwhile; true where there are none."""
        record = project.record
        if not record.held_out_tests:
            return True
        project.write(record.held_out)
        try:
            reply = await self.run(project, record.held_out_tests)
        finally:
            project.remove({each: "" for each in record.held_out if each not in record.files})
            project.write({each: text for each, text in record.files.items() if each in record.held_out})
        return passed(reply.report)


def passed(report: Report) -> bool:
    """Whether a run ended, ran at least one test, and nothing in it failed."""
    good = (TestOutcome.PASSED, TestOutcome.SKIPPED)
    return (
        report.obstacle is None
        and report.finished
        and not report.errors
        and any(each.outcome is TestOutcome.PASSED for each in report.tests)
        and all(each.outcome in good for each in report.tests)
    )
