"""URIs and paths: symlinks, nested folders, odd names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heal_lsp.lsp.folders import Folders


def test_a_file_belongs_to_the_innermost_folder(tmp_path: Path) -> None:
    folders = Folders()
    outer, inner = folders.add(tmp_path.as_uri()), folders.add((tmp_path / "inner").as_uri() + "/")
    assert outer is not None
    assert inner is not None
    found = folders.place((tmp_path / "inner" / "a.py").as_uri())
    assert found is not None
    assert (found.folder, found.path) == (inner, "a.py")
    folders.remove(inner.uri)
    found = folders.place((tmp_path / "inner" / "a.py").as_uri())
    assert found is not None
    assert (found.folder, found.path) == (outer, "inner/a.py")
    assert folders.place((tmp_path.parent / "b.py").as_uri()) is None
    assert folders.place(tmp_path.as_uri() + "2/b.py") is None


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "git:/x/y.py", "", "vscode-notebook-cell:/x#1"])
def test_what_is_no_local_file(uri: str, tmp_path: Path) -> None:
    folders = Folders()
    folders.add(tmp_path.as_uri())
    assert folders.place(uri) is None
    assert folders.add(uri) is None


def test_a_linked_folder_keeps_the_editors_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    folders = Folders()
    folder = folders.add((tmp_path / "link").as_uri())
    assert folder is not None
    assert folder.real == str(tmp_path / "real")
    assert folder.uri_of("a b/é.py") == (tmp_path / "link" / "a b" / "é.py").as_uri()
    for name in ("link", "real"):
        found = folders.place((tmp_path / name / "a.py").as_uri())
        assert found is not None
        assert found.path == "a.py"


async def test_a_linked_workspace_is_shown_under_its_link(connect: Any, project: Path, engine: Any) -> None:
    link = project.parent / "li nk"
    link.symlink_to(project)
    editor = await connect(link)
    await editor.run("heal.runTests")
    code = (link / "calc.py").as_uri()
    await editor.until(lambda: editor.shown(code))
    assert set(editor.client.diagnostics) == {code, (link / "test_calc.py").as_uri()}
    assert engine.requests[-1].snapshot.root == str(project)
    opened = editor.open(link / "calc.py")
    assert (await editor.pick(opened, 0))["applied"] is True
    assert "a + b" in editor.texts[opened]


async def test_a_file_opened_under_its_real_name(connect: Any, project: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)
    editor = await connect(link)
    code = editor.open(project / "calc.py")
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code))
    assert (await editor.pick(code, 0))["applied"] is True


async def test_an_editor_that_escapes_uris_its_own_way(connect: Any, project: Path) -> None:
    editor = await connect(project.as_uri().replace("project", "%70roject"))
    uri = (project / "calc.py").as_uri().replace("calc.py", "c%61lc.py")
    code = editor.open(uri, (project / "calc.py").read_text())
    await editor.run("heal.runTests")
    await editor.until(lambda: editor.shown(code))
    assert (await editor.pick(code, 0))["applied"] is True


async def test_two_workspaces_at_once(connect: Any, project: Path, tmp_path: Path, engine: Any) -> None:
    second = tmp_path / "second"
    second.mkdir()
    for each in project.iterdir():
        (second / each.name).write_bytes(each.read_bytes())
    editor = await connect(project, second)
    codes = [editor.open(each / "calc.py") for each in (project, second)]
    result = await editor.run("heal.runTests")
    assert [each["failed"] for each in result["folders"]] == [1, 1]
    await editor.until(lambda: all(editor.shown(each) for each in codes))
    await editor.pick(codes[1], 0)
    assert "a - b" in editor.texts[codes[0]]
    assert "a + b" in editor.texts[codes[1]]
    await editor.until(lambda: not editor.shown(codes[1]))
    assert editor.shown(codes[0])


async def test_folders_come_and_go(connect: Any, project: Path, tmp_path: Path) -> None:
    from lsprotocol import types as lsp

    second = tmp_path / "second"
    second.mkdir()
    editor = await connect(second)
    code = editor.open(project / "calc.py")

    def change(added: list[Path], removed: list[Path]) -> None:
        event = lsp.WorkspaceFoldersChangeEvent(
            added=[lsp.WorkspaceFolder(each.as_uri(), "x") for each in added],
            removed=[lsp.WorkspaceFolder(each.as_uri(), "x") for each in removed],
        )
        editor.client.workspace_did_change_workspace_folders(lsp.DidChangeWorkspaceFoldersParams(event))

    change([project], [second])
    assert (await editor.run("heal.runTests"))["failed"] == 1
    await editor.until(lambda: editor.shown(code))
    change([], [project])
    await editor.until(lambda: not editor.shown(code))


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("a/.ENV", True),
        ("home/.ssh/config", True),
        ("deep/.git/config", True),
        ("config", False),
        ("a/env.py", False),
    ],
)
def test_a_hidden_buffer_is_no_part_of_a_snapshot(path: str, hidden: bool) -> None:
    from heal_lsp.lsp.documents import _matches

    assert _matches(path, (".env*", ".ssh", ".git/config")) is hidden
