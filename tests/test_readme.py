"""What the README and the architecture promise, checked where a machine can."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_ci_runs_the_readmes_test_command():
    [command] = [line for line in README.splitlines() if " -m pytest" in line]
    assert command in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_every_command_of_the_server_is_named():
    source = (ROOT / "heal_lsp" / "lsp" / "server.py").read_text("utf-8")
    commands = set(re.findall(r'"(heal\.(?:[a-z]+[A-Z]\w*|explain|cancel))"', source))
    assert commands == set(re.findall(r"`(heal\.(?:[a-z]+[A-Z]\w*|explain|cancel))`(?=[,.\n])", README)) - {
        "heal.onSave"
    }


def test_every_command_of_the_command_line_is_named():
    from heal_lsp.cli import _COMMANDS

    for name in _COMMANDS:
        assert re.search(rf"`(?:heal-lsp )?{name}\b", README) or f"heal-lsp {name}" in README, name


def test_every_room_is_described():
    rooms = {each.parent.name for each in (ROOT / "heal_lsp").glob("*/__init__.py")}
    for room in rooms:
        assert f"{room}/" in ARCHITECTURE, room
