"""What coverage saw while tests ran selects them when a file is saved that no import leads to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from heal_lsp.config import Settings
from heal_lsp.core.model import ObstacleKind, Snapshot
from heal_lsp.engine.messages import Prepare, RunTests
from heal_lsp.engine.service import Service

QUICK = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:asyncio")
TESTS = (
    "import importlib\n\n\ndef load():\n    return importlib.import_module('_'.join(['plug', 'a']))\n\n\n"
    "def test_two():\n    assert load().two() == 2\n\n\ndef test_other():\n    assert load().other() == 3\n\n\n"
    "def test_fine():\n    assert load().fine() == 4\n"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CACHE", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    root = tmp_path / "project"
    root.mkdir()
    (root / "plug_a.py").write_text(
        "def two():\n    return 1\n\n\ndef other():\n    return 2\n\n\ndef fine():\n    return 4\n"
    )
    (root / "test_plug.py").write_text(TESTS)
    return root


def request(root: Path, **what: Any) -> RunTests:
    settings = attrs.evolve(Settings(), interpreter=sys.executable, test_args=QUICK)
    return RunTests("job", Snapshot(str(root)), settings, **what)


async def test_a_test_that_loads_a_file_by_a_made_up_name(project: Path):
    service = Service()
    saved = request(project, saved=("plug_a.py",))
    assert await service.prepare(Prepare("job", str(project), saved.settings)) is not None
    before = await service.run_tests(saved)
    assert before.report.obstacle is not None
    assert before.report.obstacle.kind is ObstacleKind.NO_TESTS

    reply = await service.run_tests(request(project, tests=("test_plug.py",)))
    targets = {each.failure.test: each.target for each in reply.located}
    # the other failing test is none that passes: each failure leads to the function that only it runs
    assert {test.partition("::")[2]: each and each.name for test, each in targets.items()} == {
        "test_two": "two",
        "test_other": "other",
    }

    assert (await service.run_tests(saved)).selected == ("test_plug.py",)
    assert (await Service().run_tests(saved)).selected == ("test_plug.py",)
