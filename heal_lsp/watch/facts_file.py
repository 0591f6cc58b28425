"""What was read of a workspace's files, remembered from one session to the next."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from heal_lsp.watch.imports import Facts, Import
from heal_lsp.watch.source_tree import Known

_VERSION = 1
_MAX_BYTES = 200_000_000


class FactsFile:
    """A JSON file in a folder of the user's own. It saves time only: one that cannot be read is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Known]:
        """What was saved last; nothing if that cannot be had."""
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                return {}
            tree = json.loads(self._path.read_bytes())
            if tree["version"] != _VERSION:
                return {}
            return {str(path): _known(each) for path, each in tree["files"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def save(self, known: Mapping[str, Known]) -> None:
        """Write what is known of files on the disk, whole or not at all."""
        files = {path: _plain(each) for path, each in known.items() if not isinstance(each.signature, str)}
        with suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="ascii") as sink:
                    sink.write(json.dumps({"version": _VERSION, "files": files}, separators=(",", ":")))
                os.replace(name, self._path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise


def _plain(known: Known) -> list[Any]:
    imports = [[each.module, list(each.names), each.level, each.guess] for each in known.facts.imports]
    return [*known.signature, imports, known.facts.doctests]


def _known(plain: Any) -> Known:
    modified, size, imports, doctests = plain
    found = tuple(
        Import(str(module), tuple(str(each) for each in names), int(level), bool(guess))
        for module, names, level, guess in imports
    )
    return Known((int(modified), int(size)), Facts(found, bool(doctests)))
