"""A suite with an engine that runs the projects' tests in this process and repairs by a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from heal_lsp.bench.healer import Healed, LspHealer
from heal_lsp.bench.printing import Printer
from heal_lsp.bench.project import Project
from heal_lsp.bench.run import BenchOptions, run_suite
from heal_lsp.config import Settings
from heal_lsp.core.model import (
    Candidate,
    Evidence,
    Failure,
    FailureKind,
    FileChange,
    Fix,
    Located,
    Obstacle,
    ObstacleKind,
    Outcome,
    OutcomeKind,
    Report,
    TestOutcome,
    TestResult,
)
from heal_lsp.core.text import Edit, digest
from heal_lsp.engine.messages import Repair, RunReply, RunTests

ADD = "def add(a, b):\n    return a - b\n"
RECORD: dict[str, Any] = {
    "id": "s/add",
    "target": "add.py::add",
    "files": {
        "add.py": ADD,
        "test_add.py": "from add import add\n\ndef test_zero():\n    assert add(0, 0) == 0\n\n"
        "def test_one():\n    assert add(1, 1) == 2\n\ndef test_two():\n    assert add(2, 2) == 4\n",
    },
    "held_out": {"test_held.py": "from add import add\n\ndef test_held():\n    assert add(3, 4) == 7\n"},
}


class ScriptedEngine:
    """Runs tests for real, without a sandbox; repairs by putting ``signs`` in the place of the minus."""

    def __init__(self, *signs: str, seconds: float = 0.0) -> None:
        self.signs = signs
        self.seconds = seconds
        self.repairs: list[Repair] = []
        self.runs: list[RunTests] = []
        self.folders: list[Path] = []
        self.at_once = self.most_at_once = 0

    async def run_tests(self, request: RunTests, on_progress: Any = None) -> RunReply:
        self.runs.append(request)
        root = Path(request.snapshot.root)
        self.folders.append(root)
        tests = [each for name in request.tests for each in self._run(root, name)]
        failures = [each.failure for each in tests if each.failure is not None]
        return RunReply(
            Report(str(root), tests=tuple(tests)), tuple(Located(each, None) for each in failures)
        )

    def _run(self, root: Path, name: str) -> list[TestResult]:
        module: dict[str, Any] = {}
        exec((root / "add.py").read_text("utf-8"), module)
        text = (root / name).read_text("utf-8").replace("from add import add\n", "")
        exec(text, module)
        results = []
        for test in [each for each in module if each.startswith("test_")]:
            id, failure = f"{name}::{test}", None
            try:
                module[test]()
            except AssertionError:
                failure = Failure(FailureKind.ASSERTION, "AssertionError", "no", name, 4, test=id)
            outcome = TestOutcome.PASSED if failure is None else TestOutcome.FAILED
            results.append(TestResult(id, outcome, failure=failure))
        return results

    async def repair(self, request: Repair, on_progress: Any = None) -> Outcome:
        self.repairs.append(request)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if not self.signs:
            return Outcome(OutcomeKind.EXHAUSTED, "none", candidates=9)
        at = ADD.index("-")
        found = [
            Candidate(digest(ADD), {"add.py": (Edit(at, at + 1, each),)}, "search", "binary", 1.0, "")
            for each in self.signs
        ]
        fix = Fix(
            found[0], (FileChange("add.py", ADD, found[0].text("add.py", ADD)),), Evidence((), ()), sure=True
        )
        return Outcome(OutcomeKind.HEALED, "done", fix=fix, alternatives=tuple(found[1:]), candidates=4)


def suite(tmp_path: Path, *records: Mapping[str, Any]) -> Path:
    path = tmp_path / "suite.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return path


async def run(tmp_path: Path, engine: Any, *records: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    return await run_suite(engine, suite(tmp_path, *records), BenchOptions(**options), lambda entry: None)


async def test_a_correct_fix(tmp_path: Path) -> None:
    engine = ScriptedEngine("+")
    result = await run(tmp_path, engine, RECORD, seconds=7.0, settings=Settings(sandbox_seconds=3.0))
    (entry,) = result["records"]
    assert entry.pop("seconds") >= 0
    assert entry == {
        "id": "s/add",
        "plausible": True,
        "correct": True,
        "correct_within_3": True,
        "sure": True,
        "candidates": 4,
        "operator": "binary",
        "changed_lines": 1,
        "outcome": "healed",
    }
    assert result["totals"]["correct"] == result["totals"]["sure_correct"] == 1
    assert result["totals"]["by_operator"] == {"binary": 1}
    (request,) = engine.repairs
    assert (request.path, request.line) == ("add.py", 1)
    assert request.failure.test == "test_add.py::test_one"
    assert request.failing == ("test_add.py::test_two",)
    assert (request.settings.search_seconds, request.settings.sandbox_seconds) == (7.0, 3.0)
    assert request.settings.cache_mb == 0
    assert not any(each.exists() for each in engine.folders)


async def test_a_fix_that_the_held_out_tests_refuse(tmp_path: Path) -> None:
    result = await run(tmp_path, ScriptedEngine("* 2 + 0 *", "*", "+"), RECORD)
    (entry,) = result["records"]
    assert (entry["plausible"], entry["correct"], entry["correct_within_3"]) == (True, False, True)


async def test_a_fix_that_the_visible_tests_refuse(tmp_path: Path) -> None:
    (entry,) = (await run(tmp_path, ScriptedEngine("*"), RECORD))["records"]
    assert (entry["plausible"], entry["correct"], entry["correct_within_3"]) == (False, False, False)


async def test_no_fix(tmp_path: Path) -> None:
    (entry,) = (await run(tmp_path, ScriptedEngine(), RECORD))["records"]
    assert (entry["plausible"], entry["outcome"], entry["candidates"], entry["changed_lines"]) == (
        False,
        "exhausted",
        9,
        0,
    )


async def test_the_held_out_tests_are_never_there_while_healing(tmp_path: Path) -> None:
    engine = ScriptedEngine("+")
    seen: list[bool] = []
    original = engine.repair

    async def repair(request: Repair, on_progress: Any = None) -> Outcome:
        seen.append((Path(request.snapshot.root) / "test_held.py").exists())
        return await original(request)

    engine.repair = repair  # type: ignore[method-assign]
    await run(tmp_path, engine, RECORD)
    assert seen == [False]
    assert engine.runs[-1].tests == ("test_held.py",)


async def test_an_obstacle_and_an_error_are_lines_of_the_result(tmp_path: Path) -> None:
    engine = ScriptedEngine("+")

    async def obstacle(request: RunTests, on_progress: Any = None) -> RunReply:
        return RunReply(Report("", obstacle=Obstacle(ObstacleKind.NO_PYTEST, "no", "install it")))

    engine.run_tests = obstacle  # type: ignore[method-assign]
    (entry,) = (await run(tmp_path, engine, RECORD))["records"]
    assert entry["outcome"] == "obstacle: no-pytest"

    async def broken(request: RunTests, on_progress: Any = None) -> RunReply:
        raise OSError("gone\naway")

    engine.run_tests = broken  # type: ignore[method-assign]
    (entry,) = (await run(tmp_path, engine, RECORD))["records"]
    assert entry["outcome"] == "error: gone away"


async def test_jobs_and_the_order_of_the_records(tmp_path: Path) -> None:
    engine = ScriptedEngine("+", seconds=0.05)
    records = [{**RECORD, "id": f"s/{number}"} for number in range(5)]
    result = await run(tmp_path, engine, *records, jobs=2)
    assert engine.most_at_once == 2
    assert [each["id"] for each in result["records"]] == [f"s/{number}" for number in range(5)]
    assert result["totals"]["records"] == 5


async def test_the_json_file_and_the_printed_lines(tmp_path: Path) -> None:
    console = Console(record=True, width=120, force_terminal=False, file=(tmp_path / "out").open("w"))
    printer = Printer(console)
    path = tmp_path / "result.json"
    options = BenchOptions(json=path)
    result = await run_suite(ScriptedEngine("+"), suite(tmp_path, RECORD), options, printer.record)  # type: ignore[arg-type]
    printer.totals(result["totals"])
    assert json.loads(path.read_text("utf-8")) == result
    printed = console.export_text()
    assert "correct" in printed
    assert "s/add" in printed
    assert "1 records: 1 plausible, 1 correct, 1 within the first three; 1 called sure" in printed
    assert list(tmp_path.glob(".*.part")) == []


async def test_cancelling_ends_every_record(tmp_path: Path) -> None:
    engine = ScriptedEngine("+", seconds=60)
    task = asyncio.create_task(run(tmp_path, engine, RECORD, RECORD, jobs=2))
    while engine.at_once < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(each.exists() for each in engine.folders)


class ScriptedSession:
    """An editor whose server shows a failure in the target's file and mends it."""

    def __init__(self, root: Path, settings: dict[str, Any]) -> None:
        self.root, self.settings = root, settings
        self.texts: dict[str, str] = {}
        self.diagnostics: dict[str, list[Any]] = {}
        self.messages: list[str] = []
        self.calls: list[str] = []
        sessions.append(self)

    async def start(self) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")

    def open(self, path: str) -> str:
        uri = (self.root / path).as_uri()
        self.texts[uri] = (self.root / path).read_text("utf-8")
        return uri

    async def run(self, command: str, *arguments: Any) -> Any:
        self.calls.append(command)
        from lsprotocol import types as lsp

        place = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 9))
        self.diagnostics[(self.root / "add.py").as_uri()] = [lsp.Diagnostic(place, "no")]

    async def heal(self, uri: str, line: int) -> Any:
        self.calls.append(f"heal {uri.rpartition('/')[2]} {line}")
        self.texts[uri] = self.texts[uri].replace("-", "+")

    async def until(self, condition: Any, seconds: float, what: str) -> None:
        assert condition()


sessions: list[ScriptedSession] = []


async def test_through_an_editor_session(tmp_path: Path) -> None:
    sessions.clear()
    healer = LspHealer(ScriptedSession, seconds=5.0)
    result = await run_suite(ScriptedEngine(), suite(tmp_path, RECORD), BenchOptions(), print, healer)  # type: ignore[arg-type]
    (entry,) = result["records"]
    assert (entry["plausible"], entry["correct"], entry["outcome"], entry["changed_lines"]) == (
        True,
        True,
        "healed",
        1,
    )
    (session,) = sessions
    assert session.calls == ["start", "heal.runTests", "heal add.py 0", "stop"]
    assert session.settings["search"] == {"seconds": 5.0}


async def test_a_healer_of_ones_own(tmp_path: Path) -> None:
    class Nobody:
        async def heal(self, project: Project) -> Healed:
            assert (project.root / "add.py").read_text("utf-8") == ADD
            return Healed("tired")

    options = BenchOptions()
    result = await run_suite(ScriptedEngine(), suite(tmp_path, RECORD), options, print, Nobody())  # type: ignore[arg-type]
    assert result["records"][0]["outcome"] == "tired"
