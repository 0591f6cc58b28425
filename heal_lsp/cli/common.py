"""What several commands share: the workspace folder, its settings, and running a coroutine."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import hashlib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from heal_lsp import config
from heal_lsp.config import Layer, Loaded
from heal_lsp.core.explain import headline
from heal_lsp.core.model import FileChange, Isolation, Located, Obstacle, Snapshot
from heal_lsp.core.text import Encoding, decode, encode
from heal_lsp.engine.messages import DoctorReply

T = TypeVar("T")


class Seconds(click.FloatRange):
    """An option's number of seconds: ``nan`` lies in no range, but click lets it through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is no number of seconds; give one from {self.min} to {self.max}.", param, ctx)
        return found


_MARKS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "setup.py", ".git")


def workspace_of(path: Path) -> Path:
    """The workspace folder of a file or folder: the nearest one upwards that looks like a project, else its own."""
    folder = path if path.is_dir() else path.parent
    folder = Path(os.path.abspath(folder))
    return next(
        (each for each in (folder, *folder.parents) if any((each / mark).exists() for mark in _MARKS)), folder
    )


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
    if isolation.isolates:
        return True
    click.echo(f"Isolation in force: {isolation.label}. {isolation.reason}", err=True)
    if yes:
        return True
    if not sys.stdin.isatty():
        click.echo(
            "Give --yes to run the project's code and changed versions of it without a sandbox.", err=True
        )
        return False
    return click.confirm(
        "Run the project's code, and changed versions of it, without a sandbox?", default=False
    )


def isolation_of(reply: DoctorReply) -> str:
    """The isolation in words."""
    found = reply.isolation
    return f"tier {found.tier}: {found.label}" + (f" ({found.reason})" if found.reason else "")


class Stopped(click.ClickException):
    """Nothing could be run; the sentence says why."""

    exit_code = 2


def snapshot(root: Path) -> Snapshot:
    """The workspace as it is on disk."""
    return Snapshot(str(root))


def stopped(obstacle: Obstacle) -> click.ClickException:
    """The obstacle as the end of a command."""
    return Stopped(f"{obstacle.message} {obstacle.hint}")


def show_failure(located: Located) -> None:
    """Print a failure and where it leads."""
    failure = located.failure
    place = f"{failure.path}:{failure.line}: " if failure.path else ""
    click.echo(f"{place}{headline(failure)}", err=True)
    if located.target is not None:
        click.echo(
            f"  suspected: `{located.target.qualname}` at {located.target.path}:{located.target.line}",
            err=True,
        )
    elif located.reason:
        click.echo(f"  {located.reason}", err=True)


def show_diff(change: FileChange) -> None:
    """Print a change as a unified diff."""
    lines = difflib.unified_diff(
        change.old.splitlines(), change.new.splitlines(), f"a/{change.path}", f"b/{change.path}", lineterm=""
    )
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        click.secho(line, fg=colours.get(line[:1]))


@contextlib.contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """A line that shows what is going on, on a terminal; elsewhere nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("") as line:
        yield lambda text: line.update(text[:80].replace("[", "\\["))


def test_argument(root: Path, argument: str) -> str:
    """A test as the command line names it, relative to the workspace folder.

    Raises:
        click.UsageError: there is no such file in the workspace.
    """
    name, separator, rest = argument.partition("::")
    path = Path(os.path.abspath(root / name))
    if not path.exists() or not path.is_relative_to(root):
        raise click.UsageError(f"{name!r} is no file or folder inside {root}.")
    return path.relative_to(root).as_posix() + separator + rest


def write_change(root: Path, change: FileChange, force: bool) -> None:
    """Write a fix to its file, whole or not at all.

    Raises:
        click.ClickException: the file changed meanwhile, or has uncommitted changes and ``force`` is not given.
    """
    path = root / change.path
    data = path.read_bytes()
    try:
        text, encoding = decode(data)
    except (ValueError, SyntaxError):
        text, encoding = "", Encoding()
    if text != change.old:
        raise click.ClickException(f"{change.path} changed meanwhile; nothing was written. Heal again.")
    state = _git_state(root, change.path)
    if state == "dirty" and not force:
        raise click.ClickException(
            f"{change.path} has uncommitted changes; nothing was written. Commit them, or give --force."
        )
    if state == "none":
        backup = path.with_name(path.name + ".orig")
        if not backup.exists():
            backup.write_bytes(data)
        click.echo(f"The file as it was is in {backup.relative_to(root)}.")
    _replace(path, encode(change.new, encoding))
    click.echo(f"{change.path} was written.")


def _git_state(root: Path, path: str) -> str:
    """``clean`` or ``dirty`` for a file that git tracks, ``none`` for any other.

    Compares what git recorded with the file's bytes itself: ``git status`` would run the programs that a repository's
    own configuration names (``core.fsmonitor``, ``filter.*.clean``), outside the sandbox. A file that is stored
    through such a filter counts as dirty.
    """
    try:
        staged = _git(root, "ls-files", "-z", "--stage", "--", path)
        if not staged:
            return "none"
        committed = _git(root, "ls-tree", "-z", "HEAD", "--", path)
        data = (root / path).read_bytes()
    except (OSError, subprocess.SubprocessError):
        return "dirty" if _in_git(root) else "none"
    names = {staged.split()[1], (committed.split() or [b"", b"", b""])[2]}
    return "clean" if names & _blob_names(data) and len(names) == 1 else "dirty"


def _git(root: Path, *arguments: str) -> bytes:
    """The answer of a git command that only reads what is recorded, with everything off that could start a program."""
    switches = ("--literal-pathspecs", "--no-pager", "-c", "core.fsmonitor=false")
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    return subprocess.run(
        ["git", *switches, *arguments],
        cwd=root,
        env={**os.environ, **quiet},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=True,
    ).stdout


def _in_git(root: Path) -> bool:
    return any((each / ".git").exists() for each in (root, *root.parents))


def _blob_names(data: bytes) -> set[bytes]:
    """The names that git gives to a file's bytes, as they are and with line endings converted."""
    forms = (data, data.replace(b"\r\n", b"\n"))
    blobs = [b"blob %d\0%s" % (len(each), each) for each in forms]
    return {make(blob).hexdigest().encode() for blob in blobs for make in (hashlib.sha1, hashlib.sha256)}


def _replace(path: Path, data: bytes) -> None:
    mode = path.stat().st_mode & 0o7777
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(data)
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
