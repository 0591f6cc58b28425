"""Which files the tests ran when their coverage was last recorded."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

_MOST = 20_000
_MAX_BYTES = 50_000_000


class RecordedPaths:
    """Remembers, by test id, the paths of the workspace that a test ran; the latest record of a test counts.

    ``file`` keeps it from one session to the next; None means that nothing does. What is remembered may be out of
    date: it is good for running a test more, never for leaving one out.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._paths: dict[str, tuple[str, ...]] | None = None

    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """What is known, by test id."""
        with self._lock:
            return dict(self._loaded())

    def add(self, coverage: Mapping[str, Mapping[str, Iterable[int]]]) -> None:
        """Take over what a run recorded: by test id and path, the lines."""
        if not coverage:
            return
        with self._lock:
            known = self._loaded()
            for test, lines in coverage.items():
                known.pop(test, None)
                known[test] = tuple(sorted(lines))
            while len(known) > _MOST:
                del known[next(iter(known))]
            self._save(known)

    def _loaded(self) -> dict[str, tuple[str, ...]]:
        if self._paths is None:
            self._paths = {}
            with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
                if self._file is not None and self._file.stat().st_size <= _MAX_BYTES:
                    tree = json.loads(self._file.read_bytes())
                    self._paths = {
                        str(test): tuple(str(each) for each in paths) for test, paths in tree.items()
                    }
        return self._paths

    def _save(self, known: Mapping[str, tuple[str, ...]]) -> None:
        if self._file is None:
            return
        with suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
            with os.fdopen(handle, "w", encoding="ascii") as sink:
                sink.write(json.dumps(known, separators=(",", ":")))
            os.replace(name, self._file)
