"""Real editors heal a program from its failing test to the saved file, and undo it in one step."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def drive(command: list[str], environment: dict[str, str], program: Path) -> str:
    """Run an editor's script and return what it said; fails with that when it did not come to its end."""
    ran = subprocess.run(
        command,
        env=environment,
        cwd=program.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout
    assert "DONE" in ran.stdout, ran.stdout
    return ran.stdout


def test_neovim_heals_and_undoes(neovim, program, environment):
    broken = program.read_text("utf-8")
    script = str(HERE / "heal.lua")
    tests = program.with_name(f"test_{program.name}")
    drive([neovim, "--clean", "--headless", "-l", script, str(program), str(tests)], environment, program)
    assert program.read_text("utf-8") != broken


def test_emacs_heals_and_undoes(emacs, program, environment):
    broken = program.read_text("utf-8")
    drive([emacs, "--batch", "-l", str(HERE / "heal.el"), str(program)], environment, program)
    assert program.read_text("utf-8") != broken
