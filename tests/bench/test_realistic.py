"""The realistic projects: each has one bug that some visible tests show, and a reference that passes everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.bench.suite import read_suite

ROOT = Path(__file__).parents[2]
PROJECTS = ROOT / "tests" / "projects" / "realistic"
NAMES = sorted(path.name for path in PROJECTS.iterdir() if (path / "project").is_dir())
PYTEST = (sys.executable, "-IBm", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no")


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


def start(root: Path, *layers: Mapping[str, str]) -> subprocess.Popen[str]:
    """Begin to run all tests of a project whose files are these layers, later ones over earlier ones."""
    for layer in layers:
        for name, text in layer.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.Popen(
        PYTEST, cwd=root, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def counts(run: subprocess.Popen[str]) -> tuple[dict[str, int], str]:
    """How many tests ended how, and what pytest wrote."""
    try:
        output, _ = run.communicate(timeout=60)
    finally:
        run.kill()
    last = output.rstrip().rpartition("\n")[2]
    return {
        word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last.partition(" in ")[0])
    }, output


@pytest.mark.parametrize("name", NAMES)
def test_some_tests_fail_and_the_reference_passes(
    name: str, records: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    files, reference, held_out = (records[name][field] for field in ("files", "reference", "held_out"))
    assert reference.keys() <= files.keys()
    assert not held_out.keys() & files.keys()
    broken = start(tmp_path / "broken", files)
    fixed = start(tmp_path / "fixed", files, reference, held_out)
    (seen, output), (after, output_after) = counts(broken), counts(fixed)
    assert set(seen) - {"warning", "warnings"} == {"failed", "passed"}, output
    assert seen["failed"] <= 3, output
    assert set(after) == {"passed"}, output_after
    assert after["passed"] > seen["passed"] + seen["failed"], output_after


def test_the_bench_reads_them(suite: Path) -> None:
    found = read_suite(suite)
    assert [each.id for each in found] == [f"realistic/{name}" for name in NAMES]
    assert all(each.held_out_tests for each in found)


def test_each_is_described() -> None:
    described = re.findall(r"^\| (\w+) \|", (PROJECTS / "README.md").read_text("utf-8"), re.MULTILINE)
    assert described[1:] == NAMES
