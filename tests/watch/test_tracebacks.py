"""Pasted tracebacks become failures, whatever printed them and whatever they were pasted from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heal_lsp.core.model import Failure, FailureKind, Frame
from heal_lsp.watch.report_format import MAX_FRAMES
from heal_lsp.watch.tracebacks import parse_traceback

ROOT = Path("/ws")


def parse(text: str, root: Path = ROOT) -> tuple[Failure, ...]:
    return parse_traceback(textwrap.dedent(text), root)


def one(text: str, root: Path = ROOT) -> Failure:
    (found,) = parse(text, root)
    return found


def places(failure: Failure) -> list[tuple[str, int, str]]:
    return [(each.path, each.line, each.function) for each in failure.frames]


PLAIN = """\
Traceback (most recent call last):
  File "/ws/app/main.py", line 9, in <module>
    run()
    ~~~^^
  File "/ws/app/work.py", line 3, in run
    return table["x"]
           ~~~~~^^^^^
KeyError: 'x'
"""
PLAIN_FRAMES = [("app/main.py", 9, "<module>"), ("app/work.py", 3, "run")]


def check_plain(failure: Failure) -> None:
    assert places(failure) == PLAIN_FRAMES
    assert (failure.exception, failure.message) == ("KeyError", "'x'")
    assert (failure.path, failure.line, failure.phase) == ("app/work.py", 3, "run")
    assert failure.kind is FailureKind.EXCEPTION


class TestSurroundings:
    def test_plain(self) -> None:
        check_plain(one(PLAIN))

    @pytest.mark.parametrize("prefix", ["    ", "\t", "> ", ">> ", "| ", "web-1  | ", "[worker 3] ", "# "])
    def test_prefixed_lines(self, prefix: str) -> None:
        check_plain(parse_traceback("".join(prefix + line + "\n" for line in PLAIN.splitlines()), ROOT)[0])

    def test_lines_out_of_pytest(self) -> None:
        (found,) = parse_traceback("".join(f"E   {line}\n" for line in PLAIN.splitlines()), ROOT)
        assert places(found) == PLAIN_FRAMES
        assert (found.exception, found.message, found.phase) == ("KeyError", "'x'", "call")

    def test_a_prefix_with_a_running_time(self) -> None:
        lines = PLAIN.splitlines()
        text = "\n".join(f"2024-05-01T10:00:0{at}.{at}23Z ERROR {line}" for at, line in enumerate(lines))
        check_plain(one(text + "\n2024-05-01T10:00:09.123Z INFO next request"))

    def test_a_log_record_before_and_after(self) -> None:
        check_plain(one("ERROR:root:it broke\n" + PLAIN + "INFO:root:going on\n"))
        check_plain(one("12:00:01 ERROR app: it broke: " + PLAIN + "2024-01-01 12:00:02 INFO\n"))

    def test_a_prompt_after(self) -> None:
        check_plain(one("$ python main.py\n" + PLAIN + "$ ls\nmain.py\n"))

    @pytest.mark.parametrize("newline", ["\r\n", "\r"])
    def test_line_endings(self, newline: str) -> None:
        check_plain(one(PLAIN.replace("\n", newline)))

    def test_colours(self) -> None:
        coloured = PLAIN.replace("/ws/app/work.py", "\x1b[35m/ws/app/work.py\x1b[0m").replace(
            "KeyError", "\x1b[1;35mKeyError\x1b[0m"
        )
        check_plain(one("\x1b]0;title\x07" + coloured))

    def test_lost_indentation(self) -> None:
        check_plain(one("\n".join(line.strip() for line in PLAIN.splitlines())))

    def test_two_independent_ones_and_the_same_twice(self) -> None:
        other = PLAIN.replace("KeyError: 'x'", "ValueError")
        assert [each.exception for each in parse(PLAIN + other + "\n" + PLAIN)] == [
            "KeyError",
            "ValueError",
        ]

    def test_cut_before_the_exception(self) -> None:
        found = one("\n".join(PLAIN.splitlines()[:-1]))
        assert places(found) == PLAIN_FRAMES
        assert (found.exception, found.message) == ("Exception", "")

    def test_cut_after_the_header(self) -> None:
        check_plain(one("\n".join(PLAIN.splitlines()[1:])))


class TestShapes:
    def test_a_cause_gives_way_to_the_last_exception(self) -> None:
        for words in (
            "The above exception was the direct cause of the following exception:",
            "During handling of the above exception, another exception occurred:",
        ):
            first = PLAIN.replace("KeyError", "OSError").replace("/ws/app", "/ws/other")
            check_plain(one(f"{first}\n{words}\n\n{first}\n{words}\n\n{PLAIN}"))

    def test_a_recursion(self) -> None:
        found = one(
            """\
            Traceback (most recent call last):
              File "/ws/a.py", line 1, in f
                f()
              File "/ws/a.py", line 1, in f
                f()
              [Previous line repeated 996 more times]
            RecursionError: maximum recursion depth exceeded
            """
        )
        assert found.exception == "RecursionError"
        assert places(found) == [("a.py", 1, "f")] * 2

    def test_thousands_of_frames_are_bounded(self) -> None:
        lines = [f'  File "/ws/a.py", line {line}, in f' for line in range(1, 3000)]
        found = one("\n".join(["Traceback (most recent call last):", *lines, "E: x"]))
        assert len(found.frames) == MAX_FRAMES
        assert found.line == 2999

    def test_a_syntax_error_is_placed_at_its_own_file(self) -> None:
        found = one(
            """\
            Traceback (most recent call last):
              File "/ws/main.py", line 2, in <module>
                import bad
              File "/ws/bad.py", line 7
                def x(:
                      ^
            SyntaxError: invalid syntax
            """
        )
        assert (found.path, found.line, found.exception) == ("bad.py", 7, "SyntaxError")

    def test_a_syntax_error_of_the_script_itself_has_no_header(self) -> None:
        found = one('  File "bad.py", line 1\n    def x(:\n          ^\nSyntaxError: invalid syntax\n')
        assert (found.path, found.line, found.message) == ("bad.py", 1, "invalid syntax")

    def test_a_message_over_several_lines_with_notes(self) -> None:
        text = PLAIN + "second line\n\n  third line\na note\n"
        assert one(text).message == "'x'\nsecond line\n\n  third line\na note"

    @pytest.mark.parametrize(
        ("line", "exception", "message", "kind"),
        [
            ("AssertionError", "AssertionError", "", FailureKind.ASSERTION),
            ("AssertionError: 1 != 2", "AssertionError", "1 != 2", FailureKind.ASSERTION),
            (
                "json.decoder.JSONDecodeError: a: b",
                "json.decoder.JSONDecodeError",
                "a: b",
                FailureKind.EXCEPTION,
            ),
            ("m.f.<locals>.Odd: x", "m.f.<locals>.Odd", "x", FailureKind.EXCEPTION),
            ("Ünïcode: x", "Ünïcode", "x", FailureKind.EXCEPTION),
            ("KeyboardInterrupt", "KeyboardInterrupt", "", FailureKind.EXCEPTION),
            ("ValueError: ", "ValueError", "", FailureKind.EXCEPTION),
        ],
    )
    def test_the_last_line(self, line: str, exception: str, message: str, kind: FailureKind) -> None:
        found = one(PLAIN.replace("KeyError: 'x'", line))
        assert (found.exception, found.message, found.kind) == (exception, message, kind)

    def test_an_exception_group_gives_each_exception_in_it(self) -> None:
        found = parse(
            """\
              + Exception Group Traceback (most recent call last):
              |   File "/ws/a.py", line 37, in <module>
              |     eg()
              | ExceptionGroup: outer (2 sub-exceptions)
              +-+---------------- 1 ----------------
                | Exception Group Traceback (most recent call last):
                |   File "/ws/a.py", line 23, in eg
                |     raise ExceptionGroup("inner", es)
                | ExceptionGroup: inner (2 sub-exceptions)
                +-+---------------- 1 ----------------
                  | Traceback (most recent call last):
                  |   File "/ws/a.py", line 14, in one
                  |     raise ValueError("one")
                  |     ^^^^^^^^^^^^^^^^^^^^^^^
                  | ValueError: one
                  | more
                  +---------------- 2 ----------------
                  | Traceback (most recent call last):
                  |   File "/ws/a.py", line 16, in two
                  |     raise OSError(2,"no","f")
                  | FileNotFoundError: [Errno 2] no: 'f'
                  |
                  | The above exception was the direct cause of the following exception:
                  |
                  | Traceback (most recent call last):
                  |   File "/ws/a.py", line 17, in two
                  |     raise TypeError("two") from e
                  | TypeError: two
                  +------------------------------------
                +---------------- 2 ----------------
                | RuntimeError
                +------------------------------------
            """
        )
        assert [(each.exception, each.message, each.line) for each in found] == [
            ("ValueError", "one\nmore", 14),
            ("TypeError", "two", 17),
            ("RuntimeError", "", 37),
        ]
        assert places(found[0]) == [("a.py", 37, "<module>"), ("a.py", 23, "eg"), ("a.py", 14, "one")]

    def test_what_a_worker_process_raised_is_placed_in_the_worker(self, tmp_path: Path) -> None:
        script = tmp_path / "pool.py"
        script.write_text(
            "from concurrent.futures import ProcessPoolExecutor\n\ndef work(n):\n    return 1 / n\n\n"
            "if __name__ == '__main__':\n    with ProcessPoolExecutor(1) as pool:\n"
            "        pool.submit(work, 0).result()\n"
        )
        run = subprocess.run([sys.executable, script], capture_output=True, text=True)
        (found,) = parse_traceback(run.stderr, tmp_path)
        assert (found.exception, found.message) == ("ZeroDivisionError", "division by zero")
        assert (found.path, found.line) == ("pool.py", 4)
        assert ("pool.py", 8, "<module>") in places(found)


class TestPaths:
    def test_frames_elsewhere_stay_absolute_and_do_not_place_the_failure(self) -> None:
        found = one(PLAIN.replace("/ws/app/work.py", "/usr/lib/python3.12/json/decoder.py"))
        assert found.frames[1] == Frame("/usr/lib/python3.12/json/decoder.py", 3, "run")
        assert (found.path, found.line) == ("app/main.py", 9)

    def test_no_frame_in_the_workspace(self) -> None:
        found = one(PLAIN, Path("/elsewhere"))
        assert (found.path, found.line) == ("", 0)
        assert found.frames[1].path == "/ws/app/work.py"

    def test_installed_packages_inside_the_workspace_do_not_place_the_failure(self) -> None:
        found = one(PLAIN.replace("/ws/app/work.py", "/ws/.venv/lib/python3.12/site-packages/x.py"))
        assert found.path == "app/main.py"

    def test_generated_code_does_not_place_the_failure(self) -> None:
        assert one(PLAIN.replace("/ws/app/work.py", "<string>")).path == "app/main.py"

    def test_relative_paths_start_at_the_workspace(self) -> None:
        found = one(
            PLAIN.replace("/ws/app/work.py", "./app/../work.py").replace("/ws/app/main.py", "../out.py")
        )
        assert [each.path for each in found.frames] == ["../out.py", "work.py"]
        assert found.path == "work.py"

    def test_a_sibling_folder_with_the_same_start_is_not_inside(self) -> None:
        assert one(PLAIN.replace("/ws/", "/ws2/")).path == ""

    def test_either_name_of_a_linked_workspace(self, tmp_path: Path) -> None:
        real = tmp_path / "real"
        real.mkdir()
        alias = tmp_path / "alias"
        alias.symlink_to(real)
        for root in (real, alias):
            for name in (real, alias):
                check_plain(one(PLAIN.replace("/ws", str(name)), root))

    def test_a_path_of_another_machine_means_the_file_with_the_same_tail(self, tmp_path: Path) -> None:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "main.py").touch()
        (tmp_path / "app" / "work.py").touch()
        check_plain(one(PLAIN.replace("/ws/", "/home/runner/work/"), tmp_path))
        check_plain(one(PLAIN.replace("/ws/app/", "C:\\Users\\Ann\\ws\\app\\"), tmp_path))

    @pytest.mark.parametrize("path", ["C:\\x\\y.py", "\\\\host\\share\\y.py"])
    def test_windows_paths_elsewhere(self, path: str) -> None:
        found = one(PLAIN.replace("/ws/app/work.py", path))
        assert found.frames[1].path == path
        assert found.path == "app/main.py"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "ValueError: x",
        "Traceback (most recent call last):",
        "Traceback (most recent call last):\n  ...\nValueError: x",
        "a.c:3: warning: unused",
        "a.py:3: error: Incompatible types [assignment]",
        "/x/a.py:3: DeprecationWarning: old",
        "\x00\ud800",
        "E   ",
        "____ test_x ____",
        "FAILED x.py::y - z",
    ],
)
def test_what_tells_of_no_failure_gives_none(text: str) -> None:
    assert parse_traceback(text, ROOT) == ()


SCRIPT = """
import sys

def plain():
    {}["x"]

def chain():
    try:
        plain()
    except KeyError as error:
        raise ValueError("several\\nlines") from error

def recursion():
    recursion()

def assertion():
    assert [
        1,
    ] == [2], "differ"

def syntax():
    exec(compile("x = (1 2)", FILE, "exec"))

class Local(Exception):
    pass

def local():
    raise Local

globals()[sys.argv[1]]()
"""


@pytest.mark.parametrize(
    ("name", "exception", "message", "line"),
    [
        ("plain", "KeyError", "'x'", 5),
        ("chain", "ValueError", "several\nlines", 11),
        ("recursion", "RecursionError", "maximum recursion depth exceeded", 14),
        ("assertion", "AssertionError", "differ", 17),
        ("syntax", "SyntaxError", "invalid syntax", 1),
        ("local", "Local", "", 28),
    ],
)
def test_what_this_interpreter_prints(
    tmp_path: Path, name: str, exception: str, message: str, line: int
) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"FILE = {str(script)!r};" + SCRIPT)
    run = subprocess.run([sys.executable, script, name], capture_output=True, text=True)
    (found,) = parse_traceback(run.stderr, tmp_path)
    assert found.exception.removeprefix("__main__.") == exception
    assert found.message.startswith(message)
    assert (found.path, found.line) == ("script.py", line)


TESTS = """\
import helper


def check(x):
    assert x == {"a": 1}, "words"


def test_assert():
    check({"a": 2})


def test_called():
    helper.boom()


def test_chain():
    try:
        helper.boom()
    except KeyError as error:
        raise ValueError("several\\nlines") from error


class TestClass:
    def test_method(self):
        assert 1 == 2
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "test_x.py").write_text(TESTS)
    (root / "helper.py").write_text('def boom():\n    return {}["x"]\n')
    (root / "pytest.ini").write_text("[pytest]\n")
    return root


def pytest_says(root: Path, *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=yes", *arguments],
        cwd=root,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    return run.stdout


@pytest.mark.parametrize("style", ["auto", "long", "short", "native", "line"])
def test_what_pytest_prints(project: Path, style: str) -> None:
    found = parse_traceback(pytest_says(project, f"--tb={style}"), project)
    told = [(each.exception, each.message.splitlines()[0], each.path, each.line) for each in found]
    assert told == [
        ("AssertionError", "words", "test_x.py", 5),
        ("KeyError", "'x'", "helper.py", 2),
        ("ValueError", "several", "test_x.py", 20),
        ("AssertionError", "assert 1 == 2", "test_x.py", 25),
    ]
    assert found[2].message == "several\nlines"
    assert [each.kind for each in found[:2]] == [FailureKind.ASSERTION, FailureKind.EXCEPTION]
    if style != "line":
        assert [each.test for each in found] == [
            "test_x.py::test_assert",
            "test_x.py::test_called",
            "test_x.py::test_chain",
            "test_x.py::TestClass::test_method",
        ]
        own = [place for place in places(found[0]) if not place[0].startswith("/")]
        assert own == [("test_x.py", 9, "test_assert"), ("test_x.py", 5, "check")]


@pytest.mark.parametrize("style", ["auto", "short", "line"])
def test_what_pytest_prints_about_files_that_cannot_be_collected(tmp_path: Path, style: str) -> None:
    (tmp_path / "test_import.py").write_text("\nimport no_such_module\n")
    (tmp_path / "test_syntax.py").write_text("\n\ndef x(:\n")
    found = parse_traceback(pytest_says(tmp_path, f"--tb={style}"), tmp_path)
    assert [(each.exception, each.path, each.line, each.phase) for each in found] == [
        ("ModuleNotFoundError", "test_import.py", 2, "collect"),
        ("SyntaxError", "test_syntax.py", 3, "collect"),
    ]


def test_a_traceback_in_captured_output_is_not_the_failure(tmp_path: Path) -> None:
    (tmp_path / "test_log.py").write_text(
        "import traceback\ndef test_it():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n"
        "        traceback.print_exc()\n    assert False\n"
    )
    (found,) = parse_traceback(pytest_says(tmp_path), tmp_path)
    assert (found.exception, found.line) == ("AssertionError", 7)


def test_phases_of_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_fix.py").write_text(
        "import pytest\n@pytest.fixture\ndef a():\n    raise OSError('up')\n"
        "@pytest.fixture\ndef b():\n    yield\n    raise OSError('down')\n"
        "def test_a(a): pass\ndef test_b(b): pass\n"
    )
    found = parse_traceback(pytest_says(tmp_path), tmp_path)
    assert [(each.message, each.phase, each.line) for each in found] == [
        ("up", "setup", 4),
        ("down", "teardown", 8),
    ]


PIECES = st.sampled_from(
    [
        "Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        '  File "/ws/a.py", line 3, in f',
        '  |   File "a.py", line 3, in f',
        '  File "\x00", line 999999999',
        "    code",
        "    ~~^~",
        "ValueError: x",
        "  | ExceptionGroup: x (1 sub-exception)",
        "  +-+---------------- 1 ----------------",
        "    +---------------- 2 ----------------",
        "    +------------------------------------",
        "    | ",
        "During handling of the above exception, another exception occurred:",
        "____ test_x ____",
        "==== FAILURES ====",
        "E   ValueError: x",
        "E",
        ">   f()",
        "a.py:3: in f",
        "a.py:3: ValueError",
        "C:\\a.py:3: ValueError: x",
        "FAILED a.py::test_x - y",
        "",
        "-" * 3000 + "x",
        "|" * 3000,
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=40).map("\n".join)))
@example("\n".join(f"{'  ' * depth}+-+---------------- 1 ----------------" for depth in range(200)))
@settings(max_examples=300, deadline=None)
def test_no_text_raises(text: str) -> None:
    for found in parse_traceback(text, ROOT):
        assert found.frames
        assert not found.path.startswith(("/", "-"))
        assert ".." not in found.path.split("/")
        assert re.search("[\x00-\x08\ud800-\udfff]", found.message + found.exception) is None


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60))
@settings(deadline=None)
def test_a_message_of_one_line_comes_back(message: str) -> None:
    found = one(PLAIN.replace("KeyError: 'x'", f"KeyError: {message}"))
    assert found.message == message.rstrip()


def test_a_long_text_is_read_in_reasonable_time() -> None:
    before = time.monotonic()
    for line in ("-", "|", "+-", "a.", "FAILED a.::b - ", '  File "', "_ ", "E   x:"):
        parse_traceback(line * 700_000, ROOT)
        parse_traceback((line * 30 + "\n") * 30_000, ROOT)
    assert time.monotonic() - before < 60
