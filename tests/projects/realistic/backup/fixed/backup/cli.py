"""The command line: ``backup [--keep N] [--prefix TEXT] [--dry-run] FOLDER``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from backup.plan import plan


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="backup", description="Remove old backups.")
    made.add_argument("folder", type=Path)
    made.add_argument("--keep", type=int, default=3, metavar="N", help="how many backups are kept")
    made.add_argument("--prefix", default="", help="only backups with names that begin so")
    made.add_argument("--dry-run", action="store_true", help="remove nothing")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = parser().parse_args(arguments)
    if not options.folder.is_dir():
        print(f"no folder: {options.folder}", file=sys.stderr)
        return 2
    names = [path.name for path in options.folder.iterdir() if path.is_file()]
    try:
        found = plan(names, options.keep, options.prefix)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for name in found.removed:
        print(f"{'would remove' if options.dry_run else 'removed'} {name}")
        if not options.dry_run:
            (options.folder / name).unlink()
    return 0
