"""Suites: what a record is, and what is said about one that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.bench.run import BenchOptions, changed_lines, run_suite
from heal_lsp.bench.suite import SuiteError, read_suite

GOOD: dict[str, Any] = {
    "id": "s/add",
    "target": "pkg/add.py::add",
    "files": {
        "pkg/add.py": "\n\ndef add(a, b):\n    return a - b\n",
        "test_add.py": "def test_add():\n    pass\n",
    },
    "reference": {"pkg/add.py": "def add(a, b):\n    return a + b\n"},
    "held_out": {"test_held.py": "def test_held():\n    pass\n", "cases.json": "[]"},
}


def written(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "suite.jsonl"
    path.write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + "\n", "utf-8"
    )
    return path


def test_a_record(tmp_path: Path) -> None:
    (record,) = read_suite(written(tmp_path, GOOD, ""))
    assert (record.id, record.path, record.function, record.line) == ("s/add", "pkg/add.py", "add", 3)
    assert record.visible_tests == ("test_add.py",)
    assert record.held_out_tests == ("test_held.py",)


def test_a_method_by_its_qualified_name(tmp_path: Path) -> None:
    text = "class A:\n    def f(self):\n        pass\n\nclass B:\n    def f(self):\n        pass\n"
    data = {**GOOD, "target": "pkg/add.py::B.f", "files": {**GOOD["files"], "pkg/add.py": text}}
    assert read_suite(written(tmp_path, data))[0].line == 6
    with pytest.raises(SuiteError, match="target"):
        read_suite(written(tmp_path, {**data, "target": "pkg/add.py::f"}))


def test_the_limit_leaves_the_rest_unread(tmp_path: Path) -> None:
    assert len(read_suite(written(tmp_path, GOOD, GOOD, "no json"), limit=2)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 is no JSON"),
        ("[1]", "line 1 is no JSON object"),
        ({**GOOD, "id": 3}, 'line 1 has no "id"'),
        ({**GOOD, "target": "pkg/add.py::sub"}, '"target" must be'),
        ({**GOOD, "target": "add"}, '"target" must be'),
        ({**GOOD, "files": ["a.py"]}, '"files" must map paths to texts'),
        ({**GOOD, "held_out": {"a.py": 1}}, '"held_out" must map paths to texts'),
        ({**GOOD, "files": {"pkg/add.py": GOOD["files"]["pkg/add.py"]}}, "at least one test file"),
        ({**GOOD, "held_out": {"../test_x.py": ""}}, "leaves the project's folder"),
        ({**GOOD, "held_out": {"/etc/test_x.py": ""}}, "leaves the project's folder"),
    ],
)
def test_a_bad_line_gets_one_sentence(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(SuiteError, match=said) as caught:
        read_suite(written(tmp_path, line))
    assert "suite.jsonl, line 1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_empty_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"cannot be read \(No such file"):
        read_suite(tmp_path / "none.jsonl")
    with pytest.raises(SuiteError, match="cannot be read"):
        read_suite(tmp_path)
    with pytest.raises(SuiteError, match="holds no record"):
        read_suite(written(tmp_path, ""))
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(SuiteError, match="no UTF-8"):
        read_suite(tmp_path / "latin.jsonl")


async def test_bad_options(tmp_path: Path) -> None:
    suite = written(tmp_path, GOOD)
    with pytest.raises(SuiteError, match="no proposer 'magic'; choose search"):
        await run_suite(None, suite, BenchOptions(proposer="magic"), print)  # type: ignore[arg-type]
    with pytest.raises(SuiteError, match="cannot be written"):
        await run_suite(None, suite, BenchOptions(json=tmp_path / "no" / "x.json"), print)  # type: ignore[arg-type]


def test_changed_lines() -> None:
    assert changed_lines("a\nb\nc\n", "a\nb\nc\n") == 0
    assert changed_lines("a\nb\nc\n", "a\nB\nc\n") == 1
    assert changed_lines("a\nb\n", "a\nx\ny\nb\n") == 2
    assert changed_lines("a\nb\nc\n", "a\n") == 2
