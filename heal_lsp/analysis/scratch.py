"""A folder of this process alone, which goes with it: at its end, or when the next process looks around."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_LOCK = "lock"
_YOUNG_SECONDS = 3600.0
"""A folder without a lock is left alone for so long: its process may be about to lock it."""


def own_folder(prefix: str, parent: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Make a private folder in the temporary folder, or in ``parent``.

    A process that is killed cleans nothing up: folders of the same prefix that the same user's ended processes left
    behind are removed here.
    """
    _remove_left(Path(parent or tempfile.gettempdir()), prefix)
    made = tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True)
    if sys.platform != "win32":
        # held until the process ends, however it ends
        fcntl.flock(os.open(os.path.join(made.name, _LOCK), os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_EX)
    return made


def _remove_left(parent: Path, prefix: str) -> None:
    if sys.platform == "win32":
        return  # no lock tells there whether a process still uses its folder
    for each in _folders(parent, prefix):
        with contextlib.suppress(OSError):
            status = each.lstat()
            if status.st_uid == os.getuid() and not _in_use(each, status.st_mtime):
                shutil.rmtree(each, ignore_errors=True)


def _folders(parent: Path, prefix: str) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for each in entries:
            if each.name.startswith(prefix) and each.is_dir(follow_symlinks=False):
                yield Path(each.path)


def _in_use(folder: Path, modified: float) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - modified < _YOUNG_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
