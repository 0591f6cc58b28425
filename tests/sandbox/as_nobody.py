"""``python as_nobody.py FOLDER PROGRAM ARGUMENTS``: run a program as another user, with its temporary files in FOLDER.

Started by root. What the program needs may lie in folders that only root may enter; it is shown at its place all the
same, in a mount namespace of its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import heal_lsp
from heal_lsp.verifier.inside import confine

USER = 54321


def show(needed: list[Path]) -> None:
    """Give this process a view of the file system in which other users may enter the folders."""
    closed = {top for each in needed if (top := closed_folder(each)) is not None}
    confine.unshare(confine.NEWNS)
    for top in closed:
        inside = [each for each in needed if each.is_relative_to(top)]
        held = [os.open(each, os.O_PATH) for each in inside]
        confine.mount("tmpfs", str(top), "tmpfs", 0, "mode=755")
        for each, descriptor in zip(inside, held, strict=True):
            each.mkdir(parents=True, exist_ok=True)
            confine.bind(f"/proc/self/fd/{descriptor}", str(each))


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way that other users may not enter."""
    return next((each for each in [*reversed(path.parents), path] if not each.stat().st_mode & 0o001), None)


def main() -> None:
    folder, program, *arguments = sys.argv[1:]
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parents[1]}
    show([*prefixes, Path(heal_lsp.__file__).parents[1], Path(program).resolve().parent])
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    home = os.path.join(folder, "home")
    os.mkdir(home)
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": home,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
    }
    os.execve(sys.executable, [sys.executable, program, *arguments], environment)


if __name__ == "__main__":
    main()
