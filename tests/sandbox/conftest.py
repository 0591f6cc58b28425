"""The same small workspaces as the verifier's tests have."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_module = _loaded("verifier_workspaces", Path(__file__).parents[1] / "verifier/conftest.py")
project = _module.project
broken = _module.broken


@pytest.fixture(scope="session")
def besieged() -> ModuleType:
    """The module of that name: a machine to attack."""
    return _loaded("sandbox_besieged", Path(__file__).with_name("besieged.py"))
