"""Running a suite: every record is healed and judged, some at the same time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median
from typing import Any

import attrs

from heal_lsp.bench.healer import EngineHealer, Healed, Healer
from heal_lsp.bench.project import Judge, Project, project_of
from heal_lsp.bench.suite import Record, SuiteError, read_suite
from heal_lsp.config import Settings
from heal_lsp.engine.api import Engine

PROPOSERS = ("search",)
"""The proposers that a run can be restricted to. The cache is off in every run."""

JUDGE_SECONDS = 120.0
"""Wall time that a run of tests may take when a fix is judged."""

Entry = dict[str, Any]


@attrs.frozen
class BenchOptions:
    """How a suite is run."""

    limit: int | None = None
    """Only the first records; None: all."""
    jobs: int = 1
    """Records that are healed at the same time."""
    proposer: str | None = None
    """Only fixes of this proposer count; None: any."""
    seconds: float = 30.0
    """Wall time that the search may take for a record."""
    json: Path | None = None
    """Where the result is written, after each record."""
    settings: Settings = attrs.field(factory=Settings)
    """Everything else that the engine is to be set to."""


async def run_suite(
    engine: Engine,
    suite: Path,
    options: BenchOptions,
    report: Callable[[Entry], None],
    healer: Healer | None = None,
) -> dict[str, Any]:
    """Heal and judge every record of a suite; ``report`` is called with each one's entry as it is done.

    Returns the result as it goes into the JSON file: ``records`` in the suite's order, and ``totals``.

    Raises:
        SuiteError: the suite or an option is no good, or the JSON file cannot be written.
    """
    if options.proposer is not None and options.proposer not in PROPOSERS:
        raise SuiteError(f"There is no proposer {options.proposer!r}; choose {' or '.join(PROPOSERS)}.")
    records = read_suite(suite, options.limit)
    settings = attrs.evolve(options.settings, search_seconds=options.seconds, cache_mb=0)
    judge = Judge(engine, attrs.evolve(settings, test_max_seconds=JUDGE_SECONDS))
    healer = healer or EngineHealer(judge, settings)
    entries: dict[int, Entry] = {}
    _write(options.json, _result(entries))
    turns = asyncio.Semaphore(max(1, options.jobs))

    async def one(number: int, record: Record) -> None:
        async with turns:
            entries[number] = await _entry(record, healer, judge)
        report(entries[number])
        _write(options.json, _result(entries))

    tasks = [asyncio.create_task(one(number, each)) for number, each in enumerate(records)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _result(entries)


async def _entry(record: Record, healer: Healer, judge: Judge) -> Entry:
    with project_of(record) as project:
        try:
            healed = await healer.heal(project)
        except Exception as error:  # one record's mishap is a line of the result, not the end of the suite
            healed = Healed(f"error: {' '.join(str(error).split()) or type(error).__name__}")
        plausible, correct = await _judged(project, healed.files, judge)
        within = correct
        for each in healed.alternatives:
            within = within or (await _judged(project, each, judge))[1]
    return {
        "id": record.id,
        "plausible": plausible,
        "correct": correct,
        "correct_within_3": within,
        "sure": healed.sure,
        "candidates": healed.candidates,
        "seconds": round(healed.seconds, 3),
        "operator": healed.operator,
        "changed_lines": sum(changed_lines(record.files[path], text) for path, text in healed.files.items()),
        "outcome": healed.outcome,
    }


async def _judged(project: Project, files: Mapping[str, str], judge: Judge) -> tuple[bool, bool]:
    """Whether the project is plausible, and correct, with these texts; they are taken back afterwards."""
    if not files:
        return False, False
    project.write(files)
    try:
        if not await judge.is_plausible(project):
            return False, False
        return True, await judge.is_correct(project)
    finally:
        project.write({path: project.record.files[path] for path in files})


def changed_lines(old: str, new: str) -> int:
    """How many lines differ: of a replacement the greater number, old or new."""
    matcher = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return sum(max(b - a, d - c) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")


def _result(entries: Mapping[int, Entry]) -> dict[str, Any]:
    done = [entries[number] for number in sorted(entries)]
    return {"records": done, "totals": totals(done)}


def totals(entries: list[Entry]) -> dict[str, Any]:
    """The counts of a run, its times in seconds, and the correct fixes by operator."""
    seconds = sorted(each["seconds"] for each in entries)
    spent = sum(seconds)
    operators: dict[str, int] = {}
    for each in entries:
        if each["correct"] and each["operator"]:
            operators[each["operator"]] = operators.get(each["operator"], 0) + 1
    return {
        "records": len(entries),
        **{
            name: sum(bool(each[name]) for each in entries)
            for name in ("plausible", "correct", "correct_within_3")
        },
        "sure": sum(bool(each["sure"]) for each in entries),
        "sure_correct": sum(bool(each["sure"] and each["correct"]) for each in entries),
        "candidates": sum(each["candidates"] for each in entries),
        "candidates_per_second": round(sum(each["candidates"] for each in entries) / spent, 1)
        if spent
        else 0.0,
        "median_seconds": round(median(seconds), 3) if seconds else 0.0,
        "p95_seconds": round(seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))], 3) if seconds else 0.0,
        "by_operator": dict(sorted(operators.items(), key=lambda pair: (-pair[1], pair[0]))),
    }


def _write(path: Path | None, result: Mapping[str, Any]) -> None:
    if path is None:
        return
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        os.replace(part, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SuiteError(
            f"The result cannot be written to {path} ({reason}); give --json a file in a folder that exists."
        ) from error
