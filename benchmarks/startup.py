"""``python -m benchmarks.startup``: time from process start to the reply to ``initialize``.

Measured against a bare pygls server.

The two alternate, so that a change of the machine's load meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '0').start_io()"
SERVERS = {
    "bare pygls": [sys.executable, "-c", BARE],
    "heal-lsp": [sys.executable, "-m", "heal_lsp", "serve"],
}
# An installed package has its bytecode; a checkout gets it in the first round, unless this forbids it.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def message(body: dict[str, object]) -> bytes:
    data = json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)


def measure(command: list[str], folder: str) -> float:
    """Seconds from starting the process to the end of its reply."""
    params = {"processId": None, "rootUri": f"file://{folder}", "capabilities": {}}
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(message({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
        server.stdin.flush()
        length = 0
        while (line := server.stdout.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        server.stdout.read(length)
        seconds = time.perf_counter() - started
        server.stdin.write(message({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}))
        server.stdin.write(message({"jsonrpc": "2.0", "method": "exit"}))
        server.stdin.flush()
        server.wait(20)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory() as folder:
        for command in SERVERS.values():
            measure(command, folder)  # fills the page cache and the .pyc files
        for _ in range(rounds):
            for name, command in SERVERS.items():
                seconds[name].append(measure(command, folder))
    for name, found in seconds.items():
        print(
            f"{name:12} median {statistics.median(found) * 1000:6.0f} ms   fastest {min(found) * 1000:6.0f} ms"
        )
    bare, ours = (statistics.median(seconds[name]) for name in SERVERS)
    print(f"ratio of the medians over {rounds} rounds: {ours / bare:.2f}")


if __name__ == "__main__":
    main()
