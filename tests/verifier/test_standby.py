"""The sandbox that stands by: what it shows is what a run that starts from nothing shows, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.core.model import Report

TESTS = "import pathlib\n\nimport calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n\n\ndef test_secret():\n    assert not any(each.read_text() for each in pathlib.Path().glob('.env*'))\n"


class Warm:
    """Runs tests in a project with a sandbox standing by, and counts the workers that were started."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.started = 0
        original = project.bench.worker

        async def counted() -> Any:
            self.started += 1
            return await original()

        project.bench.worker = counted

    async def ready(self) -> bool:
        """Wait until one stands by, or until none can."""
        making = self.project.bench.standby._making
        if making is None:
            return False
        await asyncio.wait({making})
        return not making.cancelled() and making.result() is not None

    async def run(self, *tests: str) -> tuple[Report, bool]:
        """The report, and whether it came from the sandbox that stood by."""
        before = self.started
        runner = self.project.bench.runner(warm=True)
        report = await runner.run_tests(self.project.snapshot, tests or ("test_calc.py",), seconds=30.0)
        return report, self.started == before


@pytest.fixture
async def warm(project: Any) -> AsyncIterator[Warm]:
    project.write({"calc.py": "def add(a, b):\n    return a - b\n", "test_calc.py": TESTS})
    yield Warm(project)
    await project.bench.close()


def failing(report: Report) -> list[str]:
    assert report.obstacle is None, report.obstacle
    return [each.id.partition("::")[2] for each in report.tests if each.failure is not None]


async def test_the_next_run_finds_it_and_sees_what_changed_since(
    warm, outcomes: Callable[[Report], dict[str, str]]
):
    root: Path = warm.project.root
    first, stood_by = await warm.run()
    assert (failing(first), stood_by) == (["test_add"], False)
    assert await warm.ready()

    # as editors do: another file takes the old one's place
    (root / "new.py").write_text("import helper\n\n\ndef add(a, b):\n    return helper.plus(a, b)\n")
    os.replace(root / "new.py", root / "calc.py")
    (root / "helper.py").write_text("def plus(a, b):\n    return a + b\n")
    second, stood_by = await warm.run()
    assert (failing(second), stood_by) == ([], True)
    assert outcomes(second) == {"test_add": "passed", "test_secret": "passed"}
    assert second.finished
    assert second.isolation == first.isolation

    assert await warm.ready()
    (root / "helper.py").unlink()
    third, stood_by = await warm.run()
    assert stood_by
    assert third.errors[0].exception == "ModuleNotFoundError"

    assert await warm.ready()
    warm.project.unsaved["calc.py"] = "def add(a, b):\n    return a + b\n"
    fourth, stood_by = await warm.run()
    assert (failing(fourth), stood_by) == ([], True)


async def test_a_secret_that_was_made_a_moment_ago_is_hidden(warm):
    await warm.run()
    assert await warm.ready()
    (warm.project.root / ".env").write_text("TOKEN=1\n")

    report, stood_by = await warm.run()

    assert not stood_by
    assert "test_secret" not in failing(report)


@pytest.mark.parametrize("name", ["pytest.ini", "conftest.py"])
async def test_another_configuration_wants_another_one(warm, name):
    await warm.run()
    assert await warm.ready()
    text = (
        "[pytest]\npython_functions = test_sec*\n"
        if name == "pytest.ini"
        else "def pytest_collection_modifyitems(items):\n    del items[0]\n"
    )
    (warm.project.root / name).write_text(text)

    report, stood_by = await warm.run()

    assert not stood_by
    assert "test_add" not in [each.id.partition("::")[2] for each in report.tests]


async def test_cancelling_a_run_leaves_no_process_and_the_next_one_is_right(warm):
    await warm.run()
    assert await warm.ready()
    warm.project.write({"calc.py": "import time\n\n\ndef add(a, b):\n    time.sleep(60)\n"})
    run = asyncio.ensure_future(warm.run())
    await asyncio.sleep(0.5)
    run.cancel()
    began = asyncio.get_running_loop().time()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert asyncio.get_running_loop().time() - began < 2.0
    warm.project.write({"calc.py": "def add(a, b):\n    return a + b\n"})
    assert failing((await warm.run())[0]) == []
    await warm.project.bench.close()
    await gone(warm.project.root)


async def test_it_does_not_wait_for_ever(warm):
    warm.project.bench.standby._idle = 0.0
    await warm.run()
    assert not await warm.ready()
    await gone(warm.project.root)


async def gone(root: Path) -> None:
    """Wait until no process of a sandbox of this workspace is left."""
    deadline = asyncio.get_running_loop().time() + 15
    while any(str(root).encode() in command for command in commands()):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


def commands() -> list[bytes]:
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = each.read_bytes()
        except OSError:
            continue
        if b"bwrap" in command.partition(b"\0")[0]:
            found.append(command)
    return found


async def test_plugins_are_rewritten_as_ever(project):
    project.options["test_args"] = ("-W", "error::pytest.PytestAssertRewriteWarning", "-p", "no:pytest-lsp")
    project.write(
        {
            "test_calc.py": "import sys\n\n\ndef test_it():\n    assert 'anyio.pytest_plugin' in sys.modules\n    assert 'pytest_lsp' not in sys.modules\n"
        }
    )
    warm = Warm(project)
    first, _ = await warm.run()
    assert failing(first) == []
    assert await warm.ready()
    second, stood_by = await warm.run()
    assert (failing(second), stood_by) == ([], True)
    await project.bench.close()
