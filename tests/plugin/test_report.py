"""What the plugin reports of a run in a terminal."""

from __future__ import annotations

import importlib.util
import os
import stat

import pytest

from heal_lsp.core.model import FailureKind, TestOutcome
from heal_lsp.core.text import digest

CALC = "def add(a, b):\n    return a - b\n"


def test_one_report_a_run_for_its_owner_only(terminal):
    terminal.write(
        {
            "calc.py": CALC,
            "test_calc.py": "import calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n",
        }
    )

    result = terminal.pytest()

    [path] = terminal.reports.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(terminal.reports.stat().st_mode) == 0o700
    report = terminal.report()
    assert (report.root, report.source, report.finished) == (str(terminal.root), "pytest", True)
    [test] = report.tests
    assert test.outcome is TestOutcome.FAILED
    assert (test.failure.path, test.failure.line, test.failure.kind) == (
        "test_calc.py",
        5,
        FailureKind.ASSERTION,
    )
    values = {each.name: each.text for each in test.failure.values}
    assert (values["assert.left"], values["assert.right"]) == ("-1", "3")
    assert report.digests == {"test_calc.py": digest((terminal.root / "test_calc.py").read_text())}
    assert "heal" not in result.stdout.replace("heal_lsp_report", "").replace(str(terminal.root), "")


def test_outcomes(terminal):
    terminal.write(
        {
            "test_o.py": (
                "import pytest\n\n\ndef test_pass(): pass\ndef test_fail(): assert 0\ndef test_skip(): pytest.skip('no')\n"
                "@pytest.mark.xfail\ndef test_xfail(): assert 0\n"
                "@pytest.mark.xfail\ndef test_xpass(): pass\n"
                "@pytest.mark.xfail(strict=True, reason='later')\ndef test_strict(): pass\n"
            )
        }
    )
    report = terminal.run()

    assert {each.id.partition("::")[2]: each.outcome.value for each in report.tests} == {
        "test_pass": "passed",
        "test_fail": "failed",
        "test_skip": "skipped",
        "test_xfail": "skipped",
        "test_xpass": "passed",
        "test_strict": "failed",
    }
    [strict] = [each.failure for each in report.tests if each.id.endswith("strict")]
    assert strict.kind is FailureKind.TEST
    assert strict.line == 12
    assert "later" in strict.message


def test_pytest_raises_that_does_not_raise(terminal):
    terminal.write(
        {
            "test_r.py": "import pytest\n\n\ndef test_r():\n    with pytest.raises(ValueError):\n        x = 1\n    y = 2\n"
        }
    )
    failure = terminal.failures()["test_r"]

    assert (failure.exception, failure.line, failure.kind) == ("Failed", 5, FailureKind.ASSERTION)
    assert "DID NOT RAISE" in failure.message


def test_unittest_cases(terminal):
    terminal.write(
        {
            "test_u.py": (
                "import unittest\n\n\nclass TestU(unittest.TestCase):\n"
                "    def setUp(self):\n        self.three = 3\n\n"
                "    def test_equal(self):\n        self.assertEqual(self.three, 4)\n\n"
                "    def test_error(self):\n        return {}['key']\n\n"
                "    @unittest.expectedFailure\n    def test_unexpected(self):\n        pass\n"
            )
        }
    )
    found = terminal.failures()

    equal = found["TestU::test_equal"]
    assert (equal.exception, equal.path, equal.line) == ("AssertionError", "test_u.py", 9)
    assert [(each.path, each.line) for each in equal.frames] == [("test_u.py", 9)]
    values = {each.name: each.text for each in equal.values}
    assert (values["assert.left"], values["assert.right"], values["self"]) == ("3", "4", "<TestU>")
    assert (found["TestU::test_error"].exception, found["TestU::test_error"].line) == ("KeyError", 12)
    assert found["TestU::test_unexpected"].path == "test_u.py"


def test_doctests(terminal):
    terminal.write(
        {
            "calc.py": (
                'def add(a, b):\n    """Add.\n\n    >>> add(1, 2)\n    3\n    """\n    return a - b\n\n\n'
                'def crash():\n    """Crash.\n\n    >>> crash()\n    1\n    """\n    return 1 // 0\n'
            )
        }
    )
    found = terminal.failures("--doctest-modules")

    add, crash = found["calc.add"], found["calc.crash"]
    assert (add.path, add.line, add.kind) == ("calc.py", 4, FailureKind.ASSERTION)
    assert "Expected: 3" in add.message
    assert "Got: -1" in add.message
    assert (crash.exception, crash.path) == ("ZeroDivisionError", "calc.py")
    assert [(each.path, each.line, each.function) for each in crash.frames] == [("calc.py", 16, "crash")]


def test_fixture_errors_are_failures_of_the_test_in_their_phase(terminal):
    terminal.write(
        {
            "conftest.py": (
                "import pytest\n\n\n@pytest.fixture\ndef up():\n    raise ValueError('up')\n\n\n"
                "@pytest.fixture\ndef down():\n    yield\n    raise ValueError('down')\n"
            ),
            "test_f.py": "def test_up(up): pass\ndef test_down(down): pass\ndef test_none(nothing): pass\n",
        }
    )
    found = terminal.failures()

    assert (found["test_up"].phase, found["test_up"].path, found["test_up"].line) == (
        "setup",
        "conftest.py",
        6,
    )
    assert (found["test_down"].phase, found["test_down"].line) == ("teardown", 12)
    assert (found["test_none"].phase, found["test_none"].path, found["test_none"].line) == (
        "setup",
        "test_f.py",
        3,
    )
    assert "nothing" in found["test_none"].message


@pytest.mark.parametrize(
    ("files", "path", "line", "exception"),
    [
        ({"test_a.py": "x = 1\nimport nowhere_to_be_found\n"}, "test_a.py", 2, "ModuleNotFoundError"),
        ({"test_a.py": "def f(:\n    pass\n"}, "test_a.py", 1, "SyntaxError"),
        ({"lib.py": "\n\nx = (\n", "test_a.py": "import lib\n"}, "lib.py", 3, "SyntaxError"),
        ({"lib.py": "\n\n1 / 0\n", "test_a.py": "import lib\n"}, "lib.py", 3, "ZeroDivisionError"),
        ({"conftest.py": "\nraise RuntimeError()\n", "test_a.py": ""}, "conftest.py", 2, "RuntimeError"),
        (
            {"a/conftest.py": "\nimport nowhere_\n", "a/test_a.py": ""},
            "a/conftest.py",
            2,
            "ModuleNotFoundError",
        ),
    ],
)
def test_collection_errors_belong_to_no_test(terminal, files, path, line, exception):
    terminal.write(files)

    report = terminal.run()

    [error] = report.errors
    assert (error.path, error.line, error.exception) == (path, line, exception)
    assert (error.phase, error.test) == ("collect", None)
    assert path in report.digests
    assert report.tests == ()


def test_exceptions_that_misbehave_cross_as_text(terminal):
    terminal.write(
        {
            "test_e.py": (
                "class Evil(Exception):\n    def __str__(self): raise SystemExit(3)\n    __repr__ = __str__\n\n\n"
                "class Loud:\n    def __repr__(self): raise RuntimeError('repr was called')\n\n\n"
                "def test_evil():\n    loud = Loud()\n    big = 'x' * 10**7\n    deep = [[[[[1]]]]]\n    raise Evil\n\n\n"
                "def test_long():\n    raise ValueError('y' * 10**6)\n"
            )
        }
    )
    found = terminal.failures()

    values = {each.name: each.text for each in found["test_evil"].values}
    assert values["loud"] == "<Loud>"
    assert len(values["big"]) < 400
    assert "1" not in values["deep"]
    assert found["test_evil"].exception == "test_e.Evil"
    assert len(found["test_long"].message) <= 4000


def test_exceptions_are_named_as_in_a_traceback(terminal):
    terminal.write({"test_n.py": "import json\n\n\ndef test_n():\n    json.loads('x')\n"})

    assert terminal.failures()["test_n"].exception == "json.decoder.JSONDecodeError"


def test_ids_are_relative_to_the_workspace_whatever_the_rootdir(terminal):
    terminal.write(
        {
            "packages/one/pytest.ini": "[pytest]\n",
            "packages/one/tests/test_one.py": "class TestIt:\n    def test_it(self):\n        assert 0\n",
        }
    )
    terminal.pytest(cwd=terminal.root / "packages/one/tests")

    [test] = terminal.report().tests
    assert test.id == "packages/one/tests/test_one.py::TestIt::test_it"
    assert test.failure.path == "packages/one/tests/test_one.py"


def test_a_workspace_behind_a_link_is_the_same(terminal, tmp_path):
    terminal.write({"test_a.py": "def test_a():\n    assert 0\n"})
    link = tmp_path / "link"
    link.symlink_to(terminal.root)

    terminal.pytest(variables={"HEAL_ROOT": str(link)})

    report = terminal.report()
    assert report.root == str(link)
    assert [each.id for each in report.tests] == ["test_a.py::test_a"]


def test_a_run_that_was_cut_short_says_so(terminal):
    terminal.write({"test_a.py": "def test_a():\n    assert 0\n\n\ndef test_b():\n    assert 0\n"})

    assert not terminal.run("-x").finished


def test_an_interrupted_run_says_so(terminal):
    terminal.write(
        {"test_a.py": "def test_a():\n    assert 0\n\n\ndef test_b():\n    raise KeyboardInterrupt\n"}
    )

    report = terminal.run()

    assert not report.finished
    assert [each.outcome for each in report.tests] == [TestOutcome.FAILED]


def test_the_text_of_a_file_that_changed_meanwhile_is_not_vouched_for(terminal):
    terminal.write(
        {"test_a.py": "def test_a():\n    open(__file__, 'a').write('# typed on\\n')\n    assert 0\n"}
    )
    assert terminal.run().digests == {"test_a.py": ""}


@pytest.mark.parametrize(
    ("cookie", "encoding"), [("", "utf-8-sig"), ("# coding: latin-1\n", "latin-1"), ("", "utf-8")]
)
def test_digests_are_those_of_the_text(terminal, cookie, encoding):
    text = f"{cookie}def test_a():\r\n    name = 'é'\r\n    assert not name\r\n"
    terminal.write({"test_a.py": text.encode(encoding)})

    assert terminal.run().digests == {"test_a.py": digest(text)}


def test_without_variables_nothing_is_written(terminal):
    terminal.write({"test_a.py": "def test_a():\n    assert 0\n"})

    for missing in ("HEAL_ROOT", "HEAL_REPORT_DIR"):
        assert terminal.pytest(variables={missing: None}).returncode == 1
    assert not terminal.reports.exists()


def test_a_run_outside_the_workspace_is_not_reported(terminal, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "test_a.py").write_text("def test_a():\n    assert 0\n")

    assert terminal.pytest(cwd=other).returncode == 1
    assert not terminal.reports.exists()


def test_a_listing_is_not_reported(terminal):
    terminal.write({"test_a.py": "def test_a():\n    pass\n"})

    terminal.pytest("--collect-only")

    assert not terminal.reports.exists()


def test_a_folder_that_is_a_link_is_not_written_to(terminal, tmp_path):
    terminal.write({"test_a.py": "def test_a():\n    pass\n"})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    terminal.reports.symlink_to(elsewhere)

    result = terminal.pytest()

    assert result.returncode == 0
    assert list(elsewhere.iterdir()) == []
    assert "Error" not in result.stdout + result.stderr


def test_a_folder_that_cannot_be_made_is_no_trouble(terminal):
    terminal.write({"test_a.py": "def test_a():\n    pass\n"})

    result = terminal.pytest(variables={"HEAL_REPORT_DIR": "/proc/nowhere/reports"})

    assert result.returncode == 0
    assert "nowhere" not in result.stdout + result.stderr


def test_nothing_is_left_half_written(terminal):
    terminal.write({"test_a.py": "def test_a():\n    pass\n"})
    terminal.run()

    assert [each.suffix for each in terminal.reports.iterdir()] == [".json"]
    assert os.listdir(terminal.root) == ["test_a.py"]


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="needs pytest-xdist")
def test_with_xdist_there_is_one_report_with_everything(terminal):
    terminal.write({f"test_{n}.py": f"def test_{n}():\n    x = {n}\n    assert x == 9\n" for n in range(4)})
    found = terminal.failures("-n2")

    assert {name: failure.line for name, failure in found.items()} == {f"test_{n}": 3 for n in range(4)}
    assert all(("x", name[-1]) in [(v.name, v.text) for v in each.values] for name, each in found.items())
