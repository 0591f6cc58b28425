"""The server as a process: what it imports, where it listens, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

HEAVY = ("litellm", "libcst", "jedi", "parso", "diskcache")


class Talk:
    """JSON-RPC by hand over two streams."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, method: str, params: Any = None, number: int | None = None) -> None:
        body = {"jsonrpc": "2.0", "method": method, **({"params": params} if params is not None else {})}
        data = json.dumps(body if number is None else {**body, "id": number}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._writer.flush()

    def answer(self, number: int) -> Any:
        """The answer to a request; whatever the server sends before it is passed over."""
        while True:
            length = 0
            while line := self._reader.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert length, "the server went away"
            message = json.loads(self._reader.read(length))
            if message.get("id") == number and "method" not in message:
                return message["result"]

    def hello(self, folder: Path) -> Any:
        params = {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}
        self.send("initialize", params, 1)
        found = self.answer(1)
        self.send("initialized", {})
        return found

    def bye(self) -> None:
        self.send("shutdown", number=2)
        self.answer(2)
        self.send("exit")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts servers with a home of their own, and ends those that are left."""
    environment = {
        **os.environ,
        **{f"XDG_{each}_HOME": str(tmp_path / "home") for each in ("CACHE", "CONFIG")},
    }
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, options: tuple[str, ...] = (), stderr: Any = subprocess.PIPE) -> Any:
        command = [sys.executable, *options, "-m", "heal_lsp", "serve", *arguments]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, env=environment))
        return started[-1]

    yield run
    for each in started:
        with each:
            each.kill()


def talk(server: subprocess.Popen[bytes]) -> Talk:
    assert server.stdin is not None
    assert server.stdout is not None
    return Talk(server.stdout, server.stdin)  # type: ignore[arg-type]


def test_it_imports_nothing_heavy(start: Any, project: Path, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        server = start(options=("-X", "importtime"), stderr=stderr)
        wire = talk(server)
        wire.hello(project)
        uri = (project / "calc.py").as_uri()
        item = {"uri": uri, "languageId": "python", "version": 0, "text": "x = 1\n"}
        wire.send("textDocument/didOpen", {"textDocument": item})
        wire.send("workspace/executeCommand", {"command": "heal.cancel"}, 3)
        wire.answer(3)
        wire.bye()
        assert server.wait(10) == 0
    imported = set(re.findall(r"\| +([\w.]+)$", (tmp_path / "stderr").read_text(), re.MULTILINE))
    assert "heal_lsp.lsp.server" in imported
    assert not {each for each in imported if each.split(".")[0] in HEAVY}


def test_an_exit_without_a_shutdown(start: Any, project: Path) -> None:
    server = start()
    wire = talk(server)
    wire.hello(project)
    wire.send("exit")
    assert server.wait(10) == 1


def test_an_editor_that_is_gone(start: Any, project: Path) -> None:
    server = start()
    talk(server).hello(project)
    server.stdin.close()
    server.stdout.close()
    assert server.wait(10) == 1
    assert b"Traceback" not in server.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_signal_ends_it(start: Any, project: Path) -> None:
    server = start()
    talk(server).hello(project)
    server.send_signal(signal.SIGTERM)
    assert server.wait(10) == 1
    assert b"Traceback" not in server.stderr.read()


def test_a_loopback_port(start: Any, project: Path) -> None:
    server = start("--tcp", "127.0.0.1:0")
    port = int(re.search(rb"listens on 127\.0\.0\.1:(\d+)", server.stderr.readline())[1])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        stream = connection.makefile("rwb")
        wire = Talk(stream, stream)  # type: ignore[arg-type]
        assert wire.hello(project)["serverInfo"]["name"] == "heal-lsp"
        with contextlib.closing(socket.create_connection(("127.0.0.1", port), 10)) as second:
            assert second.recv(1) == b"", "one server, one editor"
        wire.bye()
        assert server.wait(10) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "[::]"])
def test_no_other_address(start: Any, host: str) -> None:
    server = start("--tcp", f"{host}:0")
    assert server.wait(10) != 0
    said = server.stderr.read().decode()
    assert "is not a loopback address; use 127.0.0.1" in said
    assert "Traceback" not in said
