"""Serving a client over stdin and stdout, or over a loopback connection."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from pygls.io_ import StdinAsyncReader, StdoutWriter

from heal_lsp.engine.api import Engine
from heal_lsp.lsp import pygls_compat
from heal_lsp.lsp.server import create_server

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def serve_stdio(make_engine: Callable[[], Engine]) -> None:
    """Serve the client at stdin and stdout, then end the process: code 0 after a shutdown, 1 without one.

    From here on ``sys.stdout`` is stderr, because the real one carries the protocol.
    """
    wire = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    _log_to_stderr()
    ls = create_server(make_engine)

    async def serve() -> bool:
        reader = StdinAsyncReader(sys.stdin.buffer, ls.thread_pool)
        return await _until_signalled(pygls_compat.converse(ls, reader, StdoutWriter(wire)), ls)

    _end(asyncio.run(serve()))


def serve_tcp(host: str, port: int, make_engine: Callable[[], Engine]) -> None:
    """Serve one client at a loopback address, then end the process as :func:`serve_stdio` does.

    Raises:
        ValueError: the host is no loopback address; whoever can connect can run code.
        OSError: the port is taken or not allowed.
    """
    address = _loopback(host)
    sys.stdout = sys.stderr
    _log_to_stderr()

    async def serve() -> bool:
        ls = create_server(make_engine)
        first: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        taken = False

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal taken
            if taken:  # one server holds the state of one client
                writer.close()
                return
            taken = True
            asked = await pygls_compat.converse(ls, reader, writer)
            if not first.done():
                first.set_result(asked)

        listening = await asyncio.start_server(connected, address, port)
        async with listening:
            bound = listening.sockets[0].getsockname()
            print(f"heal-lsp listens on {bound[0]}:{bound[1]}.", file=sys.stderr, flush=True)
            return await _until_signalled(first, ls)

    _end(asyncio.run(serve()))


async def _until_signalled(conversation: Awaitable[bool], ls: pygls_compat.HealLanguageServer) -> bool:
    """Wait for the end of a conversation or for a signal to end, then end everything that the server
    started.
    """
    task = asyncio.ensure_future(conversation)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows has none
            loop.add_signal_handler(each, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return False
    finally:
        await ls.on_close()


def _end(asked: bool) -> None:
    """Leave without waiting for the thread that reads stdin: it may be blocked for ever."""
    logging.shutdown()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(0 if asked else 1)


def _loopback(host: str) -> str:
    """The address of a host's name.

    Raises:
        ValueError: it is no loopback address.
    """
    try:
        found: Any = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]
        if ipaddress.ip_address(str(found).partition("%")[0]).is_loopback:
            return str(found)
    except (OSError, ValueError):
        pass
    raise ValueError(
        f"{host} is not a loopback address; use 127.0.0.1, because whoever can connect can run code."
    )


def _log_to_stderr() -> None:
    level = os.environ.get("HEAL_LOG", "WARNING").upper()
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger().setLevel(level if level in _LEVELS else "WARNING")
