"""The folders and files that heal-lsp keeps on the user's side, one set for each workspace."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs


def start_folder() -> str:
    """The folder in which our own processes start: the one that holds this package.

    ``python -m`` looks for modules in the current folder first. In a workspace that would run its code, outside the
    sandbox, for any file that is named like a library.
    """
    return str(Path(__file__).resolve().parents[1])


def cache_home() -> Path:
    """The user's cache folder of heal-lsp."""
    return platformdirs.user_cache_path("heal-lsp", appauthor=False)


def workspace_home(root: Path) -> Path:
    """The cache folder of one workspace. Two names of the same folder share it."""
    real = os.path.realpath(root)
    name = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    return cache_home() / "workspaces" / name


def reports_folder(root: Path) -> Path:
    """Where the report plugin writes and the server reads."""
    return workspace_home(root) / "reports"


def fixes_folder(root: Path) -> Path:
    """Where the fixes of a workspace are remembered."""
    return workspace_home(root) / "fixes"


def trust_file() -> Path:
    """The list of folders that the person trusts."""
    return platformdirs.user_config_path("heal-lsp", appauthor=False) / "trusted.json"


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, and return it.

    Raises:
        PermissionError: the folder exists and belongs to somebody else.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = path.stat(follow_symlinks=False) if not path.is_symlink() else path.lstat()
    if path.is_symlink() or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        raise PermissionError(f"{path} is a link or belongs to another user; remove it")
    if status.st_mode & 0o077:
        path.chmod(0o700)
    return path
