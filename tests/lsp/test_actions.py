"""Code actions: where they are offered, and to whom."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import attrs
import pytest
from lsprotocol import types as lsp

from heal_lsp.core.model import Obstacle, ObstacleKind, TargetKind
from heal_lsp.engine import messages


async def shown(connect: Any, project: Path, **how: Any) -> tuple[Any, str, str]:
    editor = await connect(project, **how)
    code, tests = editor.open(project / "calc.py"), editor.open(project / "test_calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code) and editor.shown(tests))
    return editor, code, tests


async def test_the_kinds_are_announced(connect: Any, project: Path) -> None:
    editor = await connect(project)
    provider = editor.result.capabilities.code_action_provider
    assert list(provider.code_action_kinds) == ["quickfix.heal"]
    commands = set(editor.result.capabilities.execute_command_provider.commands)
    assert commands == {
        f"heal.{each}"
        for each in (
            "healFunction",
            "runTests",
            "runFile",
            "fromTraceback",
            "explain",
            "ignoreFailure",
            "cancel",
        )
    }


async def test_everywhere_in_the_function_and_at_the_assertion(connect: Any, project: Path) -> None:
    editor, code, tests = await shown(connect, project)
    titles = {
        (uri, line): [each.title for each in await editor.actions(uri, line)]
        for uri, lines in ((code, (0, 1, 4)), (tests, (3, 4)))
        for line in lines
    }
    assert titles[code, 0] == [
        "Heal function `add`",
        "Explain the failure of test_add",
        "Ignore this failure of test_add",
    ]
    assert titles[code, 1] == ["Heal function `add`"]
    assert titles[code, 4] == []
    assert titles[tests, 3] == []
    assert titles[tests, 4] == titles[code, 0]


async def test_an_action_is_a_command_without_an_edit(connect: Any, project: Path) -> None:
    editor, code, _ = await shown(connect, project)
    action = (await editor.actions(code, 0, editor.shown(code)))[0]
    assert (action.kind, action.edit, action.disabled) == ("quickfix.heal", None, None)
    assert action.command.command == "heal.healFunction"
    assert list(action.diagnostics) == editor.shown(code)
    assert not action.is_preferred


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (None, 3),
        ([], 3),
        ([""], 3),
        (["quickfix"], 3),
        (["quickfix.heal"], 3),
        (["quickfix.heal.explain"], 1),
        (["refactor"], 0),
        (["source"], 0),
        (["quickfix.other"], 0),
        (["quickfix.he"], 0),
    ],
)
async def test_only(connect: Any, project: Path, only: list[str] | None, count: int) -> None:
    editor, code, _ = await shown(connect, project)
    assert len(await editor.actions(code, 0, only=only)) == count


async def test_nothing_is_run_for_them(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await shown(connect, project)
    before = len(engine.requests)
    await editor.actions(code, 0)
    assert len(engine.requests) == before


async def test_disabled_while_tests_run(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await shown(connect, project)
    engine.run_seconds = 60
    run = asyncio.ensure_future(editor.run("heal.runTests"))
    await editor.until(lambda: len(engine.of(messages.RunTests)) == 2)
    action = (await editor.actions(code, 0))[0]
    assert action.disabled.reason == "tests are running"
    await editor.run("heal.cancel")
    await run
    assert (await editor.actions(code, 0))[0].disabled is None


async def test_disabled_without_an_interpreter(connect: Any, project: Path, engine: Any) -> None:
    editor, code, _ = await shown(connect, project)
    engine.obstacle = Obstacle(ObstacleKind.NO_INTERPRETER, "None.", "Make one.")
    await editor.run("heal.runTests")
    assert (await editor.actions(code, 0))[0].disabled.reason == "no interpreter found"
    engine.obstacle = None
    await editor.run("heal.runTests")
    assert (await editor.actions(code, 0))[0].disabled is None


async def test_a_client_that_shows_no_reasons_is_never_told_disabled(
    connect: Any, project: Path, engine: Any
) -> None:
    editor, code, _ = await shown(connect, project, name="neovim")
    engine.obstacle = Obstacle(ObstacleKind.NO_INTERPRETER, "None.", "Make one.")
    await editor.run("heal.runTests")
    assert (await editor.actions(code, 0))[0].disabled is None


async def test_a_client_without_literals_gets_commands(connect: Any, project: Path) -> None:
    editor, code, _ = await shown(connect, project, without=["literals"])
    first = (await editor.actions(code, 0))[0]
    assert isinstance(first, lsp.Command)
    assert (await editor.run(first.command, *first.arguments))["applied"] is True


async def test_code_outside_of_a_function_is_explained(
    connect: Any, project: Path, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine._reply

    def outside(snapshot: Any, tests: Any) -> Any:
        reply = whole(snapshot, tests)
        located = tuple(
            attrs.evolve(each, target=attrs.evolve(each.target, kind=TargetKind.MODULE, name="calc"))
            for each in reply.located
        )
        return attrs.evolve(reply, located=located)

    monkeypatch.setattr(engine, "_reply", outside)
    editor, code, _ = await shown(connect, project)
    assert [each.title.split()[0] for each in await editor.actions(code, 0)] == ["Explain", "Ignore"]
    explained = await editor.pick(code, 0, "Explain")
    assert "not in a function" in explained["message"]
    assert explained["message"] in editor.messages
    healed = await editor.run("heal.healFunction", {"failure": "test:test_calc.py::test_add"})
    assert healed["outcome"] == "no-failure"


async def test_explained(connect: Any, project: Path) -> None:
    editor, _, tests = await shown(connect, project)
    text = (await editor.pick(tests, 4, "Explain"))["message"]
    assert "test_calc.py::test_add failed at test_calc.py:5: AssertionError: assert -1 == 3." in text
    assert "`add` (calc.py:1)" in text
    assert "It is called by the assertion." in text
    assert "Lines to look at: calc.py:2." in text


async def test_ignored(connect: Any, project: Path) -> None:
    editor, code, tests = await shown(connect, project)
    await editor.pick(tests, 4, "Ignore")
    await editor.until(lambda: not editor.shown(code) and not editor.shown(tests))
    assert await editor.actions(code, 0) == []
