"""The realistic projects: each has one bug that visible and held-out tests show, and a reference that passes them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.bench.suite import is_test, read_suite

ROOT = Path(__file__).parents[2]
PROJECTS = ROOT / "tests" / "projects" / "realistic"
NAMES = sorted(path.name for path in PROJECTS.iterdir() if (path / "project").is_dir())
# Loading pytest costs more than most of these projects' tests, so it is done once; every run is a fork of its own.
RUNNER = """
import asyncio, contextlib, io, os, signal, sqlite3, sys, unittest
import pytest

with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["--version"])
options = ["-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:warnings"]
for line in sys.stdin:
    children = []
    for root in line.split():
        children.append(os.fork())
        if not children[-1]:
            signal.alarm(60)
            os.chdir(root)
            output = os.open(root + ".txt", os.O_CREAT | os.O_WRONLY)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            pytest.main([*options, "--basetemp=" + root + ".tmp"])
            sys.stdout.flush()
            os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    print(flush=True)
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "realistic.jsonl"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.realistic", str(path)], cwd=ROOT, check=True, timeout=60
    )
    return path


@pytest.fixture(scope="module")
def records(suite: Path) -> dict[str, dict[str, Any]]:
    lines = suite.read_text("utf-8").splitlines()
    return {data["id"].removeprefix("realistic/"): data for data in map(json.loads, lines)}


@pytest.fixture(scope="module")
def runner() -> Iterator[subprocess.Popen[str]]:
    """Runs the tests in the folders of a line that it gets, at the same time, and answers when they are done."""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-IBc", RUNNER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, text=True, stdin=pipe, stdout=pipe) as process:
        yield process
        process.communicate(timeout=10)


def write(root: Path, *layers: Mapping[str, str]) -> None:
    """Make a project whose files are these layers, later ones over earlier ones."""
    for layer in layers:
        for name, text in layer.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))


def counts(output: str) -> dict[str, int]:
    """How many tests ended how, by the last line that pytest wrote."""
    found = re.findall(r"(\d+) ([a-z]+)", output.rstrip().rpartition("\n")[2].partition(" in ")[0])
    return {word: int(number) for number, word in found}


@pytest.mark.parametrize("name", NAMES)
def test_some_tests_fail_and_the_reference_passes(
    name: str, records: dict[str, dict[str, Any]], runner: subprocess.Popen[str], tmp_path: Path
) -> None:
    files, reference, held_out = (records[name][field] for field in ("files", "reference", "held_out"))
    assert reference.keys() <= files.keys()
    assert not held_out.keys() & files.keys()
    states = ("broken", "fixed", "unseen")
    write(tmp_path / "broken", files)
    write(tmp_path / "fixed", files, reference, held_out)
    write(tmp_path / "unseen", {path: text for path, text in files.items() if not is_test(path)}, held_out)
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(" ".join(str(tmp_path / state) for state in states) + "\n")
    runner.stdin.flush()
    assert runner.stdout.readline() == "\n"
    output = {state: (tmp_path / f"{state}.txt").read_text("utf-8") for state in states}
    broken, fixed, unseen = (counts(output[state]) for state in states)
    assert broken.keys() == {"failed", "passed"}, output["broken"]
    assert broken["failed"] <= 3, output["broken"]
    assert fixed.keys() == {"passed"}, output["fixed"]
    assert unseen["failed"] > 0, output["unseen"]
    assert fixed["passed"] == sum(broken.values()) + sum(unseen.values()), output["fixed"]


def test_the_bench_reads_them(suite: Path) -> None:
    found = read_suite(suite)
    assert [each.id for each in found] == [f"realistic/{name}" for name in NAMES]
    assert all(each.held_out_tests for each in found)


def test_each_is_described() -> None:
    described = re.findall(r"^\| (\w+) \|", (PROJECTS / "README.md").read_text("utf-8"), re.MULTILINE)
    assert described[1:] == NAMES
