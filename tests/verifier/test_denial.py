"""What counts as a denial by the sandbox, and what is a failure of the code."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from heal_lsp.verifier.denial import Denials


@pytest.fixture
def judge(tmp_path):
    return Denials(str(tmp_path / "workspace"), 2048, frozenset({"HOME", "PATH"}))


def system(code, path="", kind="OSError"):
    return {"kind": "system", "type": kind, "errno": code, "path": path, "text": ""}


def test_no_sign_no_denial(judge):
    assert judge.reason([]) == ""


def test_malformed_signs_are_passed_over(judge):
    assert (
        judge.reason([{}, {"kind": 3}, {"kind": "reason"}, {"kind": "network", "host": 4, "port": "x"}]) == ""
    )


@pytest.mark.parametrize(
    ("sign", "setting"),
    [
        ({"kind": "memory"}, "heal.sandbox.memoryMb"),
        (system(errno.ENETUNREACH), "heal.sandbox.network"),
        (system(-3, kind="gaierror"), "heal.sandbox.network"),
        (system(errno.ENOENT, "/etc/group-"), "heal.sandbox.readOnlyPaths"),
        ({"kind": "network", "host": "192.0.2.1", "port": 80}, "heal.sandbox.network"),
        ({"kind": "masked", "path": "/w/.env"}, "heal.exclude"),
        ({"kind": "variable", "name": "A_VARIABLE_OF_MINE"}, "heal.sandbox.env"),
    ],
)
def test_a_denial_names_the_setting_that_allows_it(judge, monkeypatch, sign, setting):
    monkeypatch.setenv("A_VARIABLE_OF_MINE", "x")
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    assert setting in judge.reason([sign])


def test_a_port_of_this_machine_names_its_own_setting(judge):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reason = judge.reason([{"kind": "network", "host": "127.0.0.1", "port": port}])
    assert f"heal.sandbox.allowPorts = [{port}]" in reason


@pytest.mark.parametrize(
    "sign",
    [
        {"kind": "memory"},
        system(errno.ENOMEM),
        system(errno.EROFS, "/usr/x"),
        system(errno.ENOSPC, "/tmp/x"),
        system(errno.ENETUNREACH),
        system(-3, kind="gaierror"),
        system(errno.EPERM),
        system(errno.ENOENT, "/etc/shadow"),
        system(errno.ENOENT, "/etc/hostname"),
        {"kind": "network", "host": "192.0.2.1", "port": 80},
        {"kind": "network", "host": "example.com", "port": 0},
        {"kind": "masked", "path": "/w/.env"},
    ],
)
def test_denials(judge, sign):
    if sign.get("path", "").startswith("/etc/") and not os.path.exists(sign["path"]):
        pytest.skip("no such file on this machine")
    assert judge.reason([sign])


@pytest.mark.parametrize(
    "sign",
    [
        system(errno.ENOENT, "/nowhere/at/all"),
        system(errno.ENOENT, "no_such_program"),
        system(errno.EEXIST, "/usr"),
        system(errno.ECONNREFUSED),
        system(errno.EACCES, "/nowhere/at/all"),
        {"kind": "network", "host": "localhost", "port": 1},
        {"kind": "network", "host": "127.0.0.5", "port": 1},
        {"kind": "network", "host": "::1", "port": 1},
        {"kind": "variable", "name": "SURELY_NOT_SET_ANYWHERE"},
        {"kind": "variable", "name": "PATH"},
        {"kind": "socket", "path": "/nowhere/at/all.sock"},
    ],
)
def test_failures_of_the_code(judge, sign):
    assert judge.reason([sign]) == ""


def test_a_file_in_the_workspace_that_is_missing_is_the_codes_fault(judge, tmp_path):
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/there").touch()

    assert judge.reason([system(errno.ENOENT, str(tmp_path / "workspace/there"))]) == ""
    assert judge.reason([system(errno.EACCES, str(tmp_path / "workspace/there"))]) == ""


def test_a_variable_of_the_user_that_is_not_passed_on(judge, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "x")

    assert "MY_TOKEN" in judge.reason([{"kind": "variable", "name": "MY_TOKEN"}])
