"""pytest's rewriting of asserts, done once before the fork for test files that no candidate changes.

Standard library only, Python 3.9 up. Where pytest is made otherwise than is known here, nothing is done.
"""

from __future__ import annotations

import importlib
import os
import warnings
from pathlib import Path
from typing import Any


def remember(config: Any, files: list[str]) -> None:
    """Rewrite files now; who imports one later is given the result, if the file is still the same."""
    try:
        rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
        original = rewrite._rewrite_test
    except (ImportError, AttributeError):
        return
    known: dict[str, tuple[bytes, Any]] = {}
    for each in files:
        path = Path(os.path.abspath(each))
        try:
            source = path.read_bytes()
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                result = original(path, config)
        except Exception:  # whatever it is, the child that imports the file meets it again
            continue
        if not said:  # a warning has to come up where pytest collects
            known[str(path)] = (source, result)

    def rewritten(file: Path, config: Any) -> Any:
        found = known.get(os.fspath(file))
        if found is not None and file.read_bytes() == found[0]:
            return found[1]
        return original(file, config)

    rewrite._rewrite_test = rewritten
