"""``--apply``: the file is written whole, in its own encoding, or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import click
import pytest

from heal_lsp.cli import common
from heal_lsp.core.model import FileChange


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "start")
    return tmp_path


CHANGE = FileChange("a.py", "x = 1\n", "x = 2\n")


def test_a_clean_file_is_written_without_a_backup(repository):
    common.write_change(repository, CHANGE, force=False)
    assert (repository / "a.py").read_text() == "x = 2\n"
    assert not (repository / "a.py.orig").exists()


def test_a_dirty_file_is_refused_unless_forced(repository):
    (repository / "a.py").write_text("x = 1  # mine\n")
    change = FileChange("a.py", "x = 1  # mine\n", "x = 2  # mine\n")
    with pytest.raises(click.ClickException, match="uncommitted changes"):
        common.write_change(repository, change, force=False)
    assert (repository / "a.py").read_text() == "x = 1  # mine\n"
    common.write_change(repository, change, force=True)
    assert (repository / "a.py").read_text() == "x = 2  # mine\n"


def test_asking_git_runs_nothing_of_the_repository(repository, tmp_path_factory):
    trace = tmp_path_factory.mktemp("host") / "ran"
    program = f"sh -c 'echo ran >> {trace}; cat'"
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    for name in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.pager",
    ):
        git(repository, "config", name, program)
    os.utime(repository / "a.py", (1, 1))  # git would have to look at the file again
    common.write_change(repository, CHANGE, force=False)
    assert (repository / "a.py").read_text() == "x = 2\n"
    assert not trace.exists()


def test_line_endings_that_git_converts_are_no_change(repository):
    git(repository, "config", "core.autocrlf", "true")
    (repository / "a.py").write_bytes(b"x = 1\r\n")
    common.write_change(repository, FileChange("a.py", "x = 1\r\n", "x = 2\r\n"), force=False)
    assert (repository / "a.py").read_bytes() == b"x = 2\r\n"


def test_what_is_staged_but_not_committed_is_dirty(repository):
    (repository / "a.py").write_text("x = 3\n")
    git(repository, "add", "a.py")
    with pytest.raises(click.ClickException, match="uncommitted changes"):
        common.write_change(repository, FileChange("a.py", "x = 3\n", "x = 4\n"), force=False)


def test_outside_git_the_old_file_is_kept_beside_it(tmp_path, capsys):
    (tmp_path / "a.py").write_text("x = 1\n")
    common.write_change(tmp_path, CHANGE, force=False)
    assert (tmp_path / "a.py.orig").read_text() == "x = 1\n"
    assert "a.py.orig" in capsys.readouterr().out


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path):
    (tmp_path / "a.py").write_text("x = 3\n")
    with pytest.raises(click.ClickException, match="changed meanwhile"):
        common.write_change(tmp_path, CHANGE, force=True)
    assert (tmp_path / "a.py").read_text() == "x = 3\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfx = 1\r\n",
        b"# -*- coding: latin-1 -*-\r\nname = '\xe9'\r\nx = 1",
        b"\tx = 1\r",
        "emoji = '😀'\nx = 1".encode(),
    ],
)
def test_encoding_and_line_endings_are_kept(tmp_path, data):
    path = tmp_path / "a.py"
    path.write_bytes(data)
    old = common.decode(data)[0]
    common.write_change(tmp_path, FileChange("a.py", old, old.replace("x = 1", "x = 2")), force=False)
    assert path.read_bytes() == data.replace(b"x = 1", b"x = 2")


def test_mode_and_links_are_kept(repository):
    real = repository / "real.py"
    real.write_text("x = 1\n")
    real.chmod(0o750)
    link = repository / "link.py"
    link.symlink_to("real.py")
    common.write_change(repository, FileChange("link.py", "x = 1\n", "x = 2\n"), force=True)
    assert link.is_symlink()
    assert real.read_text() == "x = 2\n"
    assert stat.S_IMODE(os.stat(real).st_mode) == 0o750


def test_a_test_outside_the_workspace_is_one_sentence(tmp_path):
    with pytest.raises(click.UsageError, match="is no file or folder inside"):
        common.test_argument(tmp_path, "../other.py::test")
    with pytest.raises(click.UsageError, match="is no file or folder inside"):
        common.test_argument(tmp_path, "--collect-only")


def test_the_workspace_is_the_nearest_project(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    inner = tmp_path / "pkg" / "sub"
    inner.mkdir(parents=True)
    assert common.workspace_of(inner) == tmp_path
    (inner / "x.py").write_text("")
    assert common.workspace_of(inner / "x.py") == tmp_path
