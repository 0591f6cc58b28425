"""Progress: what a client is asked to draw."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from heal_lsp.lsp.progress import fitted


def test_one_line_that_fits() -> None:
    assert fitted("a\n  b\tc") == "a b c"
    assert len(fitted("x" * 200)) == 80
    assert fitted("x" * 200).endswith("…")


async def test_a_flood_is_thinned(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    engine.repair_seconds = 1.0
    await editor.pick(code, 0)
    [token] = [
        key for key, values in editor.client.progress_reports.items() if values[0].title == "Healing `add`"
    ]
    begin, *reports, end = editor.client.progress_reports[token]
    assert isinstance(begin, lsp.WorkDoneProgressBegin)
    assert isinstance(end, lsp.WorkDoneProgressEnd)
    assert 1 <= len(reports) <= 9, "39 candidates in an instant, then a second of silence"
    assert any("search" in each.message and "candidate number" in each.message for each in reports)
    assert all(each.percentage is None for each in (begin, *reports))


async def test_tokens_are_fresh(connect: Any, project: Path) -> None:
    editor = await connect(project)
    for _ in range(3):
        await editor.run("heal.runTests")
    assert all(str(each).startswith("heal-") for each in editor.client.progress_reports)
    for values in editor.client.progress_reports.values():
        assert sum(isinstance(each, lsp.WorkDoneProgressBegin) for each in values) <= 1
        assert sum(isinstance(each, lsp.WorkDoneProgressEnd) for each in values) <= 1


async def test_a_client_without_progress_gets_a_log(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, without=["window"])
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.pick(code, 0)
    assert editor.client.progress_reports == {}
    assert [each for each in editor.log if each.startswith("Healing `add`: search")] != []
    assert len([each for each in editor.log if "search" in each]) == 1, "a line a phase, not a candidate"


async def test_a_client_that_does_not_create_the_display(connect: Any, project: Path) -> None:
    editor = await connect(project, without=["progress handler"])
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    assert (await asyncio.wait_for(editor.pick(code, 0), 8))["applied"] is True
