"""Lets code in the sandbox reach single ports of the machine. Standard library only, Python 3.9 up.

The sandbox has a loopback of its own. A process of this package's listens there, and carries each connection
through a UNIX socket to whoever relays it outside (``verifier/ports.py``).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading

from . import confine

_CHUNK = 1 << 16
_WAITING = 64


def start(ports: list[tuple[int, str]]) -> None:
    """Listen on ports, each with the path of the socket that leads out. Returns when all of them are open.

    Raises:
        OSError: one cannot be listened on.
    """
    listening = [(each, path) for port, path in ports for each in _listeners(port)]
    if listening and os.fork() == 0:
        try:
            confine.die_with_parent()
            threads = [threading.Thread(target=_accept, args=each) for each in listening]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        finally:
            os._exit(0)
    for server, _ in listening:
        server.close()


def _listeners(port: int) -> list[socket.socket]:
    found = [socket.create_server(("127.0.0.1", port), backlog=_WAITING)]
    with contextlib.suppress(OSError):  # a kernel without it, where nobody tries it either
        found.append(socket.create_server(("::1", port), family=socket.AF_INET6, backlog=_WAITING))
    return found


def _accept(server: socket.socket, path: str) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_carry, args=(connection, path), daemon=True).start()


def _carry(connection: socket.socket, path: str) -> None:
    with connection, socket.socket(socket.AF_UNIX) as outside:
        try:
            outside.connect(path)
        except OSError:
            return
        back = threading.Thread(target=_pump, args=(outside, connection), daemon=True)
        back.start()
        _pump(connection, outside)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
