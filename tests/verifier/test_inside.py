"""The part that runs on the project's interpreter: plain, self-contained, old Python too."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path

import pytest

from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier import inside
from heal_lsp.verifier.inside import channel, confine
from heal_lsp.verifier.inside.listeners import _covers
from heal_lsp.verifier.inside.worker import hidden_files

FILES = [*sorted(Path(inside.__file__).parent.glob("*.py")), report_plugin()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_standard_library_is_imported(path):
    allowed = sys.stdlib_module_names | {"pytest", "_pytest"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        assert all(name.partition(".")[0] in allowed for name in names), names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_syntax_is_that_of_python_3_9(path):
    ast.parse(path.read_text("utf-8"), feature_version=(3, 9))


def test_lines_cross_whole_and_in_order():
    reader, writer = os.pipe()
    sender, receiver = channel.Sender(writer), channel.Receiver(reader)

    for number in range(3):
        sender.send({"n": number, "text": "é\n" * 50})
    os.write(writer, b'{"n": ')
    assert [receiver.record()["n"] for _ in range(3)] == [0, 1, 2]
    assert receiver.line(0.01) is None
    os.write(writer, b'3}\n{"n": 4}\n')
    assert [receiver.record()["n"] for _ in range(2)] == [3, 4]
    os.close(writer)
    with pytest.raises(channel.Closed):
        receiver.record()
    os.close(reader)
    with pytest.raises(channel.Closed):
        sender.send({})


@pytest.mark.parametrize(
    ("wanted", "test", "covers"),
    [
        ("a.py::t", "a.py::t", True),
        ("a.py::t", "a.py::t[1]", True),
        ("a.py::t", "a.py::tt", False),
        ("a.py::T", "a.py::T::t", True),
        ("a.py", "a.py::t", True),
        ("tests", "tests/a.py::t", True),
        ("tests", "tests2/a.py::t", False),
        ("a.py::t[1]", "a.py::t[12]", False),
    ],
)
def test_what_an_entry_stands_for(wanted, test, covers):
    assert _covers(wanted, test) is covers


def test_hidden_files(tmp_path):
    for path in (
        ".env", "a/.env.local", "a/.envs/prod/secret", "a/key.pem", "b/.git/config", "b/.git/objects/x.pem", "b/config",
        ".venv/pyvenv.cfg", ".venv/lib/cacert.pem", "x.py", "deep/site-packages/certifi/cacert.pem",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()

    found = set(hidden_files(str(tmp_path), [".env*", "*.pem", ".git/config"]))

    assert found == {".env", "a/.env.local", "a/.envs/prod/secret", "a/key.pem", "b/.git/config"}
    assert list(hidden_files(str(tmp_path), [])) == []


def test_texts_never_leave_the_folder_and_never_have_a_fresh_time(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "root/link").symlink_to(tmp_path / "out")
    (tmp_path / "root/run.sh").touch(mode=0o755)

    confine.write_texts(str(tmp_path / "root"), str(tmp_path / "layer"), {"a/b.py": b"x", "run.sh": b"y"})

    assert (tmp_path / "layer/a/b.py").read_bytes() == b"x"
    assert (tmp_path / "layer/run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "layer/a/b.py").stat().st_mtime < time.time() - 10**8
    for path in ("../x", "link/x", "/etc/x"):
        with pytest.raises(ValueError, match="outside"):
            confine.write_texts(str(tmp_path / "root"), str(tmp_path / "layer"), {path: b""})


def test_two_texts_of_one_length_have_different_times(tmp_path):
    times = set()
    for text in (b"a - b", b"a + b", b"a * b"):
        confine.write_texts(str(tmp_path), str(tmp_path), {"x.py": text})
        times.add((tmp_path / "x.py").stat().st_mtime)
    assert len(times) == 3


def test_a_workspace_that_is_too_large_to_copy_is_not_copied(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/big").write_bytes(b"x" * (2 << 20))

    with pytest.raises(confine.NoOverlay, match="larger than 1 MiB"):
        confine.copy_tree(str(tmp_path / "a"), str(tmp_path / "b"), 1)


def test_what_ended_is_collected_unless_somebody_waits_for_it():
    ended, awaited = (os.spawnlp(os.P_NOWAIT, "true", "true") for _ in range(2))
    for each in (ended, awaited):
        os.waitid(os.P_PID, each, os.WEXITED | os.WNOWAIT)

    confine.reap_orphans({awaited})

    assert os.waitpid(awaited, os.WNOHANG)[0] == awaited
    with pytest.raises(ChildProcessError):
        os.waitpid(ended, os.WNOHANG)
