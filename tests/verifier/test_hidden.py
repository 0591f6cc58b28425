"""Files that are hidden are found at once, whatever was looked at before."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.verifier import hidden
from heal_lsp.verifier.hidden import HiddenFiles
from heal_lsp.verifier.inside.worker import Hiding, hidden_files


def tree(root: Path) -> Path:
    for path in (
        ".env",
        "a/.env.local",
        "a/b/server.pem",
        "a/b/code.py",
        ".git/config",
        ".git/objects/aa/x.pem",
        "certs.key/inner/x",
        "venv/pyvenv.cfg",
        "venv/x.pem",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    return root


def expected(root: Path) -> tuple[str, ...]:
    return tuple(sorted(hidden_files(str(root), list(DEFAULT_EXCLUDE))))


def test_they_are_those_that_a_walk_finds(tmp_path: Path):
    found = HiddenFiles(str(tree(tmp_path)), DEFAULT_EXCLUDE)
    assert found.paths() == expected(tmp_path)
    assert set(found.paths()) == {
        ".env",
        ".git/config",
        "a/.env.local",
        "a/b/server.pem",
        "certs.key/inner/x",
    }


def test_every_change_is_seen_at_once(tmp_path: Path):
    root = tree(tmp_path)
    found = HiddenFiles(str(root), DEFAULT_EXCLUDE)
    for number in range(20):  # faster than the clock of a file system ticks
        found.paths()
        (root / f"a/b/{number}.key").write_text("x")
        assert f"a/b/{number}.key" in found.paths()
    os.rename(root / "a/b", root / "a/c")
    assert found.paths() == expected(root)
    (root / "a/c/server.pem").unlink()
    assert "a/c/server.pem" not in found.paths()
    os.rename(root / "a/c/code.py", root / "a/c/.env.code")
    assert "a/c/.env.code" in found.paths()


def test_a_folder_whose_time_was_set_back_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tree(tmp_path)
    found = HiddenFiles(str(root), DEFAULT_EXCLUDE)
    monkeypatch.setattr(hidden, "_FRESH_SECONDS", 0.0)
    before = os.stat(root / "a/b")
    time.sleep(0.05)
    found.paths()
    (root / "a/b/new.key").write_text("x")
    os.utime(root / "a/b", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "a/b/new.key" in found.paths()


def test_what_did_not_change_is_not_listed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tree(tmp_path)
    monkeypatch.setattr(hidden, "_FRESH_SECONDS", 0.0)
    listed: list[str] = []
    original = Hiding.listed

    def counted(self: Hiding, base: str, folder: str, whole: bool):
        listed.append(folder)
        return original(self, base, folder, whole)

    monkeypatch.setattr(Hiding, "listed", counted)
    found = HiddenFiles(str(root), DEFAULT_EXCLUDE)
    time.sleep(0.05)
    found.paths()
    del listed[:]
    (root / "a/b/new.key").write_text("x")
    found.paths()
    assert listed == ["a/b"]


def test_keys_are_hidden_however_they_are_written_and_folders_of_keys_whole(tmp_path: Path):
    for path in ("A.PEM", "id_ed25519", "home/.ssh/config", "home/.aws/credentials", "open.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    found = HiddenFiles(str(tmp_path), DEFAULT_EXCLUDE).paths()
    assert found == ("A.PEM", "home/.aws/credentials", "home/.ssh/config", "id_ed25519")
