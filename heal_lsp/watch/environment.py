"""The environment in which any pytest of a terminal reports to the editor, with nothing installed for it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import stat
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

PLUGIN = "heal_lsp_report"
"""Name under which pytest imports the report plugin."""
SHELLS = ("sh", "bash", "zsh", "dash", "ksh", "fish", "powershell", "pwsh")

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_POWERSHELL_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def install_plugin(plugin_source: Path, folder: Path) -> Path:
    """Put the report plugin into a folder of its own, from where ``PYTHONPATH`` finds it. Returns the file.

    A file that is there already is kept when its content is the same, and otherwise replaced in one step.

    Raises:
        OSError: the folder is a link, is somebody else's, cannot be written or cannot be named on a path.
    """
    if os.pathsep in str(folder):
        raise OSError(f"{folder} cannot stand in PYTHONPATH, for its name has a {os.pathsep!r}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(f"{folder} is a link or belongs to another user; remove it")
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    content = plugin_source.read_bytes()
    target = folder / f"{PLUGIN}.py"
    if not _holds(target, content):
        _replace(target, content)
    return target


def terminal_environment(
    root: Path, inject_folder: Path, reports_folder: Path, base: Mapping[str, str]
) -> dict[str, str]:
    """The variables to set on top of ``base``. Setting them twice changes nothing more.

    ``root`` is the workspace folder, ``inject_folder`` that of :func:`install_plugin`, and ``reports_folder``
    the workspace's report folder.
    """
    return {
        "PYTHONPATH": _prepended(str(inject_folder), base.get("PYTHONPATH", "")),
        "PYTEST_ADDOPTS": _with_plugin(base.get("PYTEST_ADDOPTS", "")),
        "HEAL_ROOT": os.path.abspath(root),
        "HEAL_REPORT_DIR": os.path.abspath(reports_folder),
    }


def shell_exports(variables: Mapping[str, str], shell: str) -> str:
    """Commands that set the variables in a shell of :data:`SHELLS`, a line each.

    Raises:
        ValueError: the shell is none of those, or a name is no variable's name.
    """
    if shell not in SHELLS:
        raise ValueError(f"there is no shell {shell!r} here; use one of {', '.join(SHELLS)}")
    if bad := [name for name in variables if not _NAME.fullmatch(name)]:
        raise ValueError(f"{bad[0]!r} is no variable's name")
    return "\n".join(_export(name, value, shell) for name, value in variables.items())


def _export(name: str, value: str, shell: str) -> str:
    if shell == "fish":
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{escaped}'"
    if shell in ("powershell", "pwsh"):
        escaped = _POWERSHELL_QUOTES.sub(lambda quote: quote[0] * 2, value)
        return f"$env:{name} = '{escaped}'"
    return f"export {name}={shlex.quote(value)}"


def _prepended(folder: str, path: str) -> str:
    if not path:
        return folder
    return os.pathsep.join([folder, *(each for each in path.split(os.pathsep) if each != folder)])


def _with_plugin(options: str) -> str:
    try:
        words = shlex.split(options)
    except ValueError:  # pytest will say so; it is the user's
        words = options.split()
    if f"-p{PLUGIN}" in words or ("-p", PLUGIN) in pairwise(words):
        return options
    return f"{options} -p {PLUGIN}".lstrip()


def _holds(path: Path, content: bytes) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
