"""Ports of this machine, relayed into a sandbox that has a loopback of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial

_CHUNK = 1 << 16
_HOST = "127.0.0.1"


class PortRelay:
    """One UNIX socket for each port, in a folder that the sandbox sees; each connection leads to that port alone.

    Inside, ``inside/relay.py`` listens on the port of the private loopback.
    """

    def __init__(self) -> None:
        self._servers: list[asyncio.AbstractServer] = []
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, folder: str, ports: tuple[int, ...]) -> PortRelay:
        """Begin to relay. The sockets are named after their ports.

        Raises:
            OSError: a socket cannot be made in the folder.
        """
        relay = cls()
        for port in ports:
            path = os.path.join(folder, str(port))
            try:
                relay._servers.append(await asyncio.start_unix_server(partial(relay._accept, port), path))
            except OSError:
                relay.close()
                raise
        return relay

    def close(self) -> None:
        """End it and every connection. May be called twice."""
        for server in self._servers:
            server.close()
        for each in self._connections:
            each.cancel()

    def _accept(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_join(port, reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


async def _join(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there, out = await asyncio.open_connection(_HOST, port)
    except OSError:
        writer.transport.abort()  # what is inside sees the connection break, as when a server dies
        return
    try:
        await asyncio.gather(_pump(reader, out), _pump(there, writer))
    finally:
        out.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
