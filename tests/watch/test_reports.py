"""Reports are read without trusting the files, and hostile ones are refused with a sentence."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import aclosing
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from heal_lsp.core.model import (
    Failure,
    FailureKind,
    Frame,
    Obstacle,
    ObstacleKind,
    Report,
    TestOutcome,
    TestResult,
    Value,
)
from heal_lsp.watch import reports
from heal_lsp.watch.environment import install_plugin, terminal_environment
from heal_lsp.watch.report_format import MAX_FRAMES, MAX_MESSAGE, decode_report, encode_report
from heal_lsp.watch.reports import Refused, ReportFolder, write_report

needs_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file to another user"
)
needs_links = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no POSIX files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "tests" / "test_a.py").write_text("def test_a():\n    assert False\n")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir(mode=0o700)
    return folder


def failure(**changes: Any) -> Failure:
    values: dict[str, Any] = {
        "kind": FailureKind.ASSERTION,
        "exception": "AssertionError",
        "message": "assert 1 == 2",
        "path": "tests/test_a.py",
        "line": 2,
        "frames": (Frame("tests/test_a.py", 2, "test_a"), Frame("/usr/lib/python3/json.py", 7, "loads")),
        "test": "tests/test_a.py::test_a",
        "values": (Value("x", "1"),),
    }
    return Failure(**(values | changes))


def report(root: Path, **changes: Any) -> Report:
    broken = failure()
    values: dict[str, Any] = {
        "root": str(root),
        "python": "3.12.1",
        "started": 1_700_000_000.5,
        "seconds": 1,
        "tests": (TestResult("tests/test_a.py::test_a", TestOutcome.FAILED, 0.1, broken),),
        "errors": (failure(test=None, phase="collect", path="", line=0),),
        "digests": {"tests/test_a.py": "0" * 64},
        "obstacle": Obstacle(ObstacleKind.TIMEOUT, "It took too long.", "Raise the limit."),
        "coverage": {"tests/test_a.py::test_a": {"tests/test_a.py": (1, 2)}},
    }
    return Report(**(values | changes))


def tree(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(encode_report(report(root)))
    return loaded


def drop(folder: Path, data: Any, name: str = "one.json") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def refusal(folder: Path, root: Path) -> str:
    found = ReportFolder(folder, root).scan()
    assert len(found) == 1
    assert isinstance(found[0], Refused)
    assert found[0].reason.endswith(".")
    assert "\n" not in found[0].reason
    return found[0].reason


def test_a_written_report_comes_back_whole(folder: Path, root: Path) -> None:
    path = write_report(folder, report(root))
    assert ReportFolder(folder, root).scan() == [report(root)]
    (found,) = ReportFolder(folder, root).scan()
    assert isinstance(found, Report)
    assert found.tests[0].outcome is TestOutcome.FAILED
    assert found.failures[0].kind is FailureKind.ASSERTION
    assert found.obstacle is not None
    assert found.obstacle.kind is ObstacleKind.TIMEOUT
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_reports_come_in_the_order_of_time(folder: Path, root: Path) -> None:
    now = time.time()
    for age, name in ((30, "b.json"), (20, "c.json"), (10, "a.json")):
        os.utime(drop(folder, encode_report(report(root, source=name)), name), (now - age, now - age))
    found = ReportFolder(folder, root).scan()
    assert [each.source for each in found if isinstance(each, Report)] == ["b.json", "c.json", "a.json"]


def test_a_missing_folder_holds_nothing(tmp_path: Path, root: Path) -> None:
    assert ReportFolder(tmp_path / "none", root).scan() == []


def test_unfinished_files_and_other_files_are_passed_over(folder: Path, root: Path) -> None:
    for name in (".x.json", "x.json.tmp", ".y.json.tmp", "notes.txt"):
        drop(folder, b"{", name)
    assert ReportFolder(folder, root).scan() == []


def test_a_symlinked_workspace_reports_under_the_name_that_the_editor_uses(
    tmp_path: Path, folder: Path, root: Path
) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    write_report(folder, report(root))
    (found,) = ReportFolder(folder, alias).scan()
    assert isinstance(found, Report)
    assert found.root == str(alias)


def test_a_report_of_a_newer_version_with_more_fields_is_read(folder: Path, root: Path) -> None:
    drop(folder, tree(root) | {"invented_later": [1]})
    assert ReportFolder(folder, root).scan() == [report(root)]


class TestFiles:
    @needs_root
    def test_another_users_file(self, folder: Path, root: Path) -> None:
        os.chown(write_report(folder, report(root)), 12345, 12345)
        assert "another user" in refusal(folder, root)

    @needs_links
    def test_a_symbolic_link(self, tmp_path: Path, folder: Path, root: Path) -> None:
        real = drop(tmp_path, encode_report(report(root)))
        (folder / "one.json").symlink_to(real)
        assert "link" in refusal(folder, root)

    @needs_links
    def test_a_hard_link(self, tmp_path: Path, folder: Path, root: Path) -> None:
        os.link(drop(tmp_path, encode_report(report(root))), folder / "one.json")
        assert "hard link" in refusal(folder, root)

    @needs_links
    def test_a_pipe_does_not_block(self, folder: Path, root: Path) -> None:
        os.mkfifo(folder / "one.json")
        assert "regular" in refusal(folder, root)

    def test_a_folder(self, folder: Path, root: Path) -> None:
        (folder / "one.json").mkdir()
        refusal(folder, root)

    def test_a_gigabyte_is_refused_without_reading_it(self, folder: Path, root: Path) -> None:
        with open(folder / "one.json", "wb") as file:
            file.truncate(1 << 30)
        before = time.monotonic()
        assert "larger" in refusal(folder, root)
        assert time.monotonic() - before < 2

    def test_one_bad_file_does_not_hide_the_others(self, folder: Path, root: Path) -> None:
        drop(folder, b"nonsense", "bad.json")
        write_report(folder, report(root))
        found = ReportFolder(folder, root).scan()
        assert report(root) in found
        assert len(found) == 2


class TestFolders:
    @needs_links
    def test_a_link_is_refused_whole(self, tmp_path: Path, folder: Path, root: Path) -> None:
        write_report(folder, report(root))
        (tmp_path / "alias").symlink_to(folder)
        assert "link" in refusal(tmp_path / "alias", root)
        with pytest.raises(PermissionError):
            write_report(tmp_path / "alias", report(root))

    @needs_links
    def test_one_that_everybody_can_write_is_refused_whole(self, folder: Path, root: Path) -> None:
        write_report(folder, report(root))
        folder.chmod(0o777)
        assert "Other users" in refusal(folder, root)

    @needs_root
    def test_a_foreign_one_is_refused_whole(self, folder: Path, root: Path) -> None:
        write_report(folder, report(root))
        os.chown(folder, 12345, 12345)
        assert "another user" in refusal(folder, root)

    def test_a_file_in_its_place_is_refused(self, tmp_path: Path, root: Path) -> None:
        (tmp_path / "file").write_text("")
        refusal(tmp_path / "file", root)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 3_000_000,
        b'{"root": NaN}',
        b"9" * 100_000,
    ],
    ids=["empty", "cut", "utf16", "null", "list", "text", "object", "deep", "deeper", "wide", "nan", "long"],
)
def test_what_is_no_report_is_refused(folder: Path, root: Path, data: bytes) -> None:
    drop(folder, data)
    refusal(folder, root)


ESCAPES = [
    "/etc/passwd",
    "../other/test_x.py",
    "tests/../../test_x.py",
    "tests/./test_x.py",
    "C:\\Windows\\test_x.py",
    "C:/Windows/test_x.py",
    "tests\\..\\..\\test_x.py",
    "tests//test_x.py",
    "-p",
    "--rootdir=x",
    "@arguments.txt",
    "tests/test\n_a.py",
    "tests/test\x00_a.py",
    "tests/test\u2028_a.py",
    "tests/test\ud800.py",
    "x" * 5000,
]


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("place", ["id", "path", "digest", "covered", "coverer", "failure"])
def test_names_outside_the_workspace_are_refused(folder: Path, root: Path, place: str, path: str) -> None:
    data = tree(root)
    test = data["tests"][0]
    if place == "id":
        test["id"] = test["failure"]["test"] = f"{path}::test_a"
    elif place == "path":
        test["failure"]["path"] = path
    elif place == "digest":
        data["digests"] = {path: "0" * 64}
    elif place == "covered":
        data["coverage"] = {"tests/test_a.py::test_a": {path: [1]}}
    elif place == "coverer":
        data["coverage"] = {f"{path}::test_a": {}}
    else:
        data["errors"][0]["test"] = f"{path}::test_a"
    drop(folder, data)
    refusal(folder, root)


@needs_links
def test_what_lies_behind_a_link_out_of_the_workspace_is_left_out(
    tmp_path: Path, folder: Path, root: Path
) -> None:
    (root / "out").symlink_to(tmp_path)
    data = tree(root)
    data["tests"][0]["failure"]["path"] = "out/secret.py"
    data["tests"][0]["failure"]["frames"][0]["path"] = "out/secret.py"
    data["tests"].append({"id": "out/test_x.py::test_x", "outcome": "failed"})
    data["errors"][0]["test"] = "out/test_x.py::test_x"
    data["digests"]["out/secret.py"] = "0" * 64
    data["coverage"] |= {"out/test_x.py::test_x": {}, "tests/test_a.py::test_b": {"out/secret.py": [1]}}
    drop(folder, data)
    (found,) = ReportFolder(folder, root).scan()
    assert isinstance(found, Report)
    assert "out/" not in repr(found)
    assert [each.id for each in found.tests] == ["tests/test_a.py::test_a"]
    assert (found.failures[0].path, found.failures[0].line) == ("", 0)


@needs_links
def test_a_path_through_a_link_inside_the_workspace_is_accepted(folder: Path, root: Path) -> None:
    (root / "alias").symlink_to("tests")
    data = tree(root)
    data["tests"][0]["failure"]["path"] = "alias/test_a.py"
    drop(folder, data)
    assert isinstance(ReportFolder(folder, root).scan()[0], Report)


@pytest.mark.parametrize("other", ["", "project", "/", "/nowhere/at/all", "a\x00b"])
def test_a_report_about_another_folder_is_refused(folder: Path, root: Path, other: str) -> None:
    drop(folder, tree(root) | {"root": other})
    assert "folder" in refusal(folder, root)


@pytest.mark.parametrize("line", [-1, 1.5, "3", None, True, 10**30])
def test_a_line_that_no_file_has_is_refused(folder: Path, root: Path, line: Any) -> None:
    data = tree(root)
    data["tests"][0]["failure"]["line"] = line
    drop(folder, data)
    refusal(folder, root)


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-1", '"nan"', "1e999", "true"])
def test_a_time_that_is_none_is_refused(folder: Path, root: Path, seconds: str) -> None:
    data = json.dumps(tree(root)).replace('"seconds": 1', f'"seconds": {seconds}', 1)
    drop(folder, data.encode())
    refusal(folder, root)


@pytest.mark.parametrize("value", ["exploded", "", None, 3, ["failed"]])
def test_an_outcome_that_there_is_none_of_is_refused(folder: Path, root: Path, value: Any) -> None:
    data = tree(root)
    data["tests"][0]["outcome"] = value
    drop(folder, data)
    refusal(folder, root)


@pytest.mark.parametrize(
    ("key", "value"),
    [("tests", {"a": 1}), ("tests", "abc"), ("digests", []), ("digests", {"a.py": "x"}), ("source", 3)],
)
def test_fields_of_another_type_are_refused(folder: Path, root: Path, key: str, value: Any) -> None:
    drop(folder, tree(root) | {key: value})
    refusal(folder, root)


def test_long_texts_are_shortened_and_controls_removed(root: Path) -> None:
    frames = tuple(Frame("tests/test_a.py", line, "f") for line in range(1, 1001))
    hostile = failure(
        test=None,
        message="\x1b]0;title\x07\ud800" + "m" * 1_000_000,
        exception="E\nF",
        frames=frames,
    )
    read = decode_report(encode_report(report(root, errors=(hostile,))), root).errors[0]
    assert len(read.message) == MAX_MESSAGE
    assert read.message.startswith("]0;title?m")
    assert read.exception == "E"
    assert len(read.frames) == MAX_FRAMES
    assert (read.frames[0].line, read.frames[-1].line) == (1, 1000)


def test_frames_elsewhere_stay_as_text_and_frames_that_lead_nowhere_go(root: Path) -> None:
    frames = (
        Frame("tests/test_a.py", 1, "f"),
        Frame("../pandas/_libs/x.pyx", 1, "g"),
        Frame("C:\\lib\\x.py", 1, "h"),
        Frame("<string>", 1, "i"),
    )
    read = decode_report(encode_report(report(root, errors=(failure(frames=frames),))), root)
    assert [each.path for each in read.errors[0].frames] == ["tests/test_a.py", "C:\\lib\\x.py", "<string>"]


def test_old_and_surplus_reports_are_removed_and_nothing_else(
    tmp_path: Path, folder: Path, root: Path
) -> None:
    outside = drop(tmp_path, b"kept", "outside.json")
    now = time.time()
    for index in range(6):
        path = drop(folder, encode_report(report(root)), f"{index}.json")
        os.utime(path, (now - index, now - index))
    os.utime(drop(folder, b"{}", "old.json"), (now - 9e5, now - 9e5))
    os.utime(drop(folder, b"", ".dead.json.tmp"), (now - 9e5, now - 9e5))
    drop(folder, b"", ".alive.json.tmp")
    (folder / "link.json").symlink_to(outside)
    os.utime(folder / "link.json", (now - 9e5, now - 9e5), follow_symlinks=False)
    (folder / "sub.json").mkdir()
    os.utime(folder / "sub.json", (now - 9e5, now - 9e5))
    ReportFolder(folder, root, max_reports=3).prune()
    assert sorted(each.name for each in folder.iterdir()) == [
        ".alive.json.tmp",
        "0.json",
        "1.json",
        "2.json",
        "sub.json",
    ]
    assert outside.read_bytes() == b"kept"


def test_only_what_is_new_is_told_again(folder: Path, root: Path) -> None:
    place = ReportFolder(folder, root)
    write_report(folder, report(root, source="first"))
    assert len(place.scan()) == 1
    assert place.fresh() == []
    write_report(folder, report(root, source="second"))
    assert [each.source for each in place.fresh() if isinstance(each, Report)] == ["second"]
    assert len(place.scan()) == 2


def test_a_refused_folder_is_told_once(folder: Path, root: Path) -> None:
    folder.chmod(0o777)
    place = ReportFolder(folder, root)
    assert [len(place.fresh()) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("watching", ["system", "polling"])
async def test_watching_yields_reports_as_they_come(
    folder: Path, root: Path, watching: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "POLL_SECONDS", 0.05)
    if watching == "polling":
        import watchfiles

        def impossible(*_: Any, **__: Any) -> Any:
            raise OSError("OS file watch limit reached")

        monkeypatch.setattr(watchfiles, "awatch", impossible)
    write_report(folder, report(root, source="0"))
    async with aclosing(ReportFolder(folder, root).watch()) as found:
        for index in range(3):
            each = await asyncio.wait_for(anext(found), 20)
            assert isinstance(each, Report)
            assert each.source == str(index)
            write_report(folder, report(root, source=str(index + 1)))


async def test_watching_begins_with_a_folder_that_is_made_later(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "POLL_SECONDS", 0.05)
    later = tmp_path / "later"
    found = ReportFolder(later, root).watch()
    first = asyncio.ensure_future(anext(found))
    await asyncio.sleep(0.2)
    later.mkdir(mode=0o700)
    write_report(later, report(root))
    assert await asyncio.wait_for(first, 20) == report(root)


async def test_watching_ends_soon_after_it_is_cancelled(folder: Path, root: Path) -> None:
    found = ReportFolder(folder, root).watch()
    waiting = asyncio.ensure_future(anext(found))
    await asyncio.sleep(0.3)
    waiting.cancel()
    before = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - before < 2


PROJECT = r"""
import pytest


@pytest.fixture
def broken():
    raise OSError("no")


@pytest.mark.parametrize("text", ["a::b", "-p", "[", "\\n", "\u20ac", "../x", "\ud800", "x" * 300])
def test_names(text):
    assert text == "\x1b[31m" + text


class TestClass:
    def test_deep(self):
        def down(n):
            return down(n + 1)

        down(0)

    def test_fixture(self, broken):
        pass


def test_elsewhere():
    import json

    json.loads("{")


def test_passes():
    pass


@pytest.mark.skip
def test_skipped():
    pass
"""


def test_what_the_plugin_writes_in_a_terminal_is_believed(tmp_path: Path, folder: Path, root: Path) -> None:
    (root / "tests" / "test_b.py").write_text(PROJECT, "utf-8")
    (root / "tests" / "test_c.py").write_text("import no_such_module\n")
    inject = tmp_path / "inject"
    install_plugin(Path(str(files("heal_lsp.plugin") / "report.py")), inject)
    base = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"],
        cwd=root,
        env=base | terminal_environment(root, inject, folder, base),
        stdout=subprocess.DEVNULL,
        timeout=120,
    )
    (found,) = ReportFolder(folder, root).scan()
    assert isinstance(found, Report), found
    assert len(found.tests) == 14
    assert [each.exception for each in found.errors] == ["ModuleNotFoundError"]
    assert {each.path for each in found.failures} == {"tests/test_a.py", "tests/test_b.py", "tests/test_c.py"}
    assert all(each.line > 0 and each.frames for each in found.failures)
