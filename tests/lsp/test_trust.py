"""Nothing of a folder runs before the person trusted it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.store.trust import is_trusted, trust


async def test_a_save_asks_once_and_runs_nothing(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={})
    editor.answers = ["Not now"]
    code = editor.open(project / "calc.py")
    for _ in range(3):
        editor.save(code, project / "calc.py")
        await asyncio.sleep(0.2)
    assert len(editor.questions) == 1
    assert str(project) in editor.questions[0]
    assert engine.requests == []


async def test_trust_given_is_remembered(connect: Any, project: Path, engine: Any, tmp_path: Path) -> None:
    editor = await connect(project, options={})
    editor.answers = ["Trust and run tests"]
    assert (await editor.run("heal.runTests"))["failed"] == 1
    assert json.loads((tmp_path / "trusted.json").read_text()) == [str(project)]
    again = await connect(project, options={})
    assert (await again.run("heal.runTests"))["failed"] == 1
    assert again.questions == []


@pytest.mark.parametrize("answer", ["Not now", None])
async def test_a_command_asks_again(connect: Any, project: Path, engine: Any, answer: str | None) -> None:
    editor = await connect(project, options={})
    editor.answers = [answer, "Trust and run tests"]
    assert await editor.run("heal.runTests") == {"outcome": "untrusted"}
    assert engine.requests == []
    assert (await editor.run("heal.runTests"))["failed"] == 1


async def test_a_client_that_cannot_ask_names_the_command(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={}, name="emacs")
    code = editor.open(project / "calc.py")
    for _ in range(2):
        editor.save(code, project / "calc.py")
        await asyncio.sleep(0.1)
    assert [each for each in editor.messages if f"heal-lsp trust {project}" in each] == editor.messages
    assert len(editor.messages) == 1
    assert engine.requests == []


async def test_a_client_that_refuses_to_ask_after_all(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={}, without=["question handler"])
    assert await editor.run("heal.runTests") == {"outcome": "untrusted"}
    assert f"heal-lsp trust {project}" in editor.messages[-1]


async def test_a_trusted_save_runs_at_once(connect: Any, project: Path, engine: Any) -> None:
    editor = await connect(project, options={"heal": {"test": {"debounceMs": 0}}})
    code = editor.open(project / "calc.py")
    for _ in range(2):
        editor.save(code, project / "calc.py")
        await asyncio.sleep(0.1)
    assert len(editor.questions) == 1
    editor.press("Trust and run tests")
    await editor.until(lambda: editor.shown(code))


async def test_trust_from_the_command_line_counts_at_once(
    connect: Any, project: Path, engine: Any, tmp_path: Path
) -> None:
    editor = await connect(project, options={}, name="emacs")
    assert await editor.run("heal.runTests") == {"outcome": "untrusted"}
    trust(project, tmp_path / "trusted.json")
    assert (await editor.run("heal.runTests"))["failed"] == 1


async def test_a_repository_cannot_vouch_for_itself(connect: Any, project: Path, engine: Any) -> None:
    (project / "pyproject.toml").write_text("[tool.heal-lsp]\ntrusted = true\n")
    editor = await connect(project, options={}, configuration={"trusted": True})
    editor.answers = ["Not now"]
    assert await editor.run("heal.runTests") == {"outcome": "untrusted"}


@pytest.mark.parametrize("options", [{"trusted": True}, {"heal": {"trusted": True, "onSave": "off"}}])
async def test_a_client_vouches(connect: Any, project: Path, options: Any) -> None:
    editor = await connect(project, options=options)
    assert (await editor.run("heal.runTests"))["failed"] == 1
    assert editor.questions == []
    assert not [each for each in editor.messages if "trusted" in each]


@pytest.mark.parametrize("options", [{"trusted": "yes"}, {"trusted": 1}, [1], "trusted", {"heal": [True]}])
async def test_only_true_vouches(connect: Any, project: Path, options: Any, engine: Any) -> None:
    editor = await connect(project, options=options)
    editor.answers = ["Not now"]
    assert await editor.run("heal.runTests") == {"outcome": "untrusted"}
    assert engine.requests == []


async def test_a_heal_asks_too(connect: Any, project: Path, engine: Any) -> None:
    trace = f'Traceback (most recent call last):\n  File "{project}/calc.py", line 2, in add\nValueError: x\n'
    editor = await connect(project, options={})
    code = editor.open(project / "calc.py")
    await editor.run("heal.fromTraceback", trace)
    editor.answers = ["Not now"]
    assert await editor.run("heal.healFunction", code, 0) == {"outcome": "untrusted", "applied": False}
    assert len(editor.questions) == 1


def test_the_list_is_private_and_covers_what_lies_below(tmp_path: Path) -> None:
    file, folder = tmp_path / "config" / "trusted.json", tmp_path / "a"
    (folder / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    assert not is_trusted(folder, file)
    trust(tmp_path / "link", file)
    trust(folder, file)
    assert json.loads(file.read_text()) == [str(folder)]
    assert file.stat().st_mode & 0o777 == 0o600
    assert is_trusted(folder / "b", file)
    assert not is_trusted(tmp_path, file)
    assert not is_trusted(tmp_path / "ab", file)
    assert [each.name for each in file.parent.iterdir()] == ["trusted.json"]


@pytest.mark.parametrize("content", ["", "{}", "[1, null]", "not json", "[" * 100_000])
def test_a_broken_list_trusts_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "trusted.json"
    file.write_text(content)
    assert not is_trusted(tmp_path, file)
    trust(tmp_path, file)
    assert is_trusted(tmp_path, file)


def test_a_list_that_others_may_write_or_that_is_a_link_trusts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "trusted.json"
    trust(tmp_path, file)
    file.chmod(0o666)
    assert not is_trusted(tmp_path, file)
    file.chmod(0o600)
    assert is_trusted(tmp_path, file)
    (tmp_path / "link.json").symlink_to(file)
    assert not is_trusted(tmp_path, tmp_path / "link.json")
