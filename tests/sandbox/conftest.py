"""The same small workspaces as the verifier's tests have."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "verifier_workspaces", Path(__file__).parents[1] / "verifier/conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)

project = _module.project
broken = _module.broken
