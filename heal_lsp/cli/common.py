"""What several commands share: the workspace folder, its settings, and running a coroutine."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from heal_lsp import config
from heal_lsp.config import Layer, Loaded
from heal_lsp.core.model import Isolation
from heal_lsp.engine.messages import DoctorReply

T = TypeVar("T")

_MARKS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "setup.py", ".git")


def workspace_of(path: Path) -> Path:
    """The workspace folder of a file or folder: the nearest one upwards that looks like a project, else its own."""
    folder = path if path.is_dir() else path.parent
    folder = Path(os.path.abspath(folder))
    return next((each for each in (folder, *folder.parents) if any((each / mark).exists() for mark in _MARKS)), folder)


def load_settings(root: Path, **given: Any) -> Loaded:
    """The settings of a workspace for the command line; ``given`` are those of its own options, by field name.

    What is wrong with a setting is printed to stderr.
    """
    layer, problems = config.project_layer(root)
    names = {each.name: each.metadata["name"] for each in config.fields()}
    options = {names[key]: value for key, value in given.items() if value is not None}
    loaded = config.load((layer, config.environment_layer(), Layer("command line", options)))
    for problem in (*problems, *loaded.problems):
        click.echo(f"heal-lsp: {problem}", err=True)
    return loaded


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; Ctrl-C cancels it and then ends the command."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt as stop:
        raise click.Abort from stop


def consent(isolation: Isolation, yes: bool) -> bool:
    """Whether code may run in this isolation: always in a sandbox, else when the person says so.

    Prints which isolation is in force when there is less than the full one.
    """
    if isolation.tier >= 1:
        return True
    click.echo(f"Isolation in force: {isolation.label}. {isolation.reason}", err=True)
    if yes:
        return True
    if not sys.stdin.isatty():
        click.echo("Give --yes to run the project's code and changed versions of it without a sandbox.", err=True)
        return False
    return click.confirm("Run the project's code, and changed versions of it, without a sandbox?", default=False)


def isolation_of(reply: DoctorReply) -> str:
    """The isolation in words."""
    found = reply.isolation
    return f"tier {found.tier}: {found.label}" + (f" ({found.reason})" if found.reason else "")
