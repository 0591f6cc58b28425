"""Settings: from the editor, the project and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

from heal_lsp.engine import messages


async def settings(editor: Any, engine: Any) -> Any:
    await editor.run("heal.runTests")
    return engine.of(messages.RunTests)[-1].settings


async def test_the_layers(connect: Any, project: Path, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "pyproject.toml").write_text("[tool.heal-lsp.test]\nmaxSeconds = 5\nargs = ['-x']\n")
    monkeypatch.setenv("HEAL_SEARCH_SECONDS", "7")
    options = {"heal": {"trusted": True, "test": {"debounceMs": 1}, "cache": {"maxMb": 1}}}
    editor = await connect(project, options=options, configuration={"cache": {"maxMb": 2}, "onSave": None})
    await editor.until(lambda: lsp.WORKSPACE_DID_CHANGE_CONFIGURATION in editor.registered)
    found = await settings(editor, engine)
    assert (found.test_max_seconds, found.test_args, found.search_seconds) == (5, ("-x",), 7)
    assert (found.test_debounce_ms, found.cache_mb, found.on_save) == (1, 2, "test")
    assert editor.messages == [each for each in editor.messages if each.startswith("Tests:")]


async def test_a_bad_value_is_told_once(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, configuration={"test": {"maxSeconds": "soon"}})
    await editor.until(lambda: editor.messages)
    editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))
    found = await settings(editor, engine)
    assert found.test_max_seconds == 30
    [problem] = [each for each in editor.messages if "maxSeconds" in each]
    assert "heal.test.maxSeconds must be a number from 1 to 3600" in problem
    assert "30 is used instead" in problem


async def test_what_a_project_may_not_set_is_named_and_ignored(
    connect: Any, project: Path, engine: Any
) -> None:
    (project / "pyproject.toml").write_text("[tool.heal-lsp]\ninterpreter = '/bin/evil'\n")
    editor = await connect(project)
    found = await settings(editor, engine)
    assert found.interpreter == ""
    assert any("a project may not set heal.interpreter" in each for each in editor.messages)


async def test_settings_change(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    editor.client.set_configuration({"heal": {"search": {"seconds": 3}}})
    editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))
    assert (await settings(editor, engine)).search_seconds == 3


async def test_settings_that_are_pushed(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, without=["configuration"])
    for pushed in ({"heal": {"search": {"seconds": 4}}}, {"other": 1}, None, [1]):
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=pushed))
    assert (await settings(editor, engine)).search_seconds == 4


async def test_the_projects_file_changes(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project)
    assert (await settings(editor, engine)).test_max_seconds == 30
    (project / "pyproject.toml").write_text("[tool.heal-lsp.test]\nmaxSeconds = 5\n")
    event = lsp.FileEvent((project / "pyproject.toml").as_uri(), lsp.FileChangeType.Created)
    editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    assert (await settings(editor, engine)).test_max_seconds == 5


async def test_each_folder_has_its_own(connect: Any, project: Path, engine: Any, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "pyproject.toml").write_text("[tool.heal-lsp.test]\nmaxSeconds = 5\n")
    editor = await connect(project, second)
    await editor.run("heal.runTests")
    found = {each.snapshot.root: each.settings.test_max_seconds for each in engine.of(messages.RunTests)}
    assert found == {str(project): 30, str(second): 5}
