"""The folders whose code the person lets heal-lsp run, remembered in one file on the user's side."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from pathlib import Path


def is_trusted(folder: Path | str, file: Path) -> bool:
    """Whether the person trusts this folder or one above it.

    ``file`` is the list. One that cannot be read, or that another user could have written, trusts nothing.
    """
    real = Path(os.path.realpath(folder))
    known = set(_read(file))
    return any(str(each) in known for each in (real, *real.parents))


def trust(folder: Path | str, file: Path) -> None:
    """Remember that the person trusts a folder and everything below it.

    Raises:
        OSError: the list cannot be written.
    """
    real = os.path.realpath(folder)
    known = _read(file)
    if real not in known:
        _write(file, [*known, real])


def _read(file: Path) -> list[str]:
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, encoding="utf-8") as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode) or not _only_ours(status):
                return []
            known = json.load(opened)
    except (OSError, ValueError, RecursionError):
        return []
    return [each for each in known if isinstance(each, str)] if isinstance(known, list) else []


def _only_ours(status: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _write(file: Path, folders: list[str]) -> None:
    """Whole or not at all: another process may read or write the list at the same moment."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            json.dump(folders, opened, indent=1)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(temporary, file)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
