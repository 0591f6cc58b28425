"""A project with a bug, a fake engine, and an editor that talks to a real server in this process."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from heal_lsp.lsp import pygls_compat
from heal_lsp.lsp.server import create_server

HERE = Path(__file__).parent
CALC = "def add(a, b):\n    return a - b\n\n\ndef other(a):\n    return a\n"
TESTS = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"


def load(path: Path) -> ModuleType:
    """A helper module of the tests by its file; they are in no package."""
    name = f"heal_tests_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


editor_module = load(HERE / "editor.py")
fake = load(HERE / "fake_engine.py")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a bug and a test that shows it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "calc.py").write_text(CALC, "utf-8")
    (root / "test_calc.py").write_text(TESTS, "utf-8")
    return root


@pytest.fixture
def engine() -> Any:
    """The fake engine."""
    return fake.FakeEngine()


@pytest.fixture
async def connect(engine: Any, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Connects editors to servers; ends them after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def connected(*folders: Any, options: Any = None, configuration: Any = None, **how: Any) -> Any:
            made = editor_module.Editor(**how)
            if configuration is not None:
                made.client.set_configuration({"heal": configuration})
            ls = create_server(lambda: engine, trust_file=tmp_path / "trusted.json")
            made.server = ls
            made.conversation = await made.join(
                lambda reader, writer: pygls_compat.converse(ls, reader, writer)
            )
            stack.push_async_callback(end, made, ls)
            await made.start(*folders, options=options)
            return made

        yield connected


async def end(made: Any, ls: Any) -> None:
    await ls.on_close()
    made.drop()
