"""A machine with things worth attacking, and what became of them. Also a program, for another user to run.

As a program: ``python besieged.py TIER`` prints one JSON record: the tier's label, the tests that did not pass, and
what was changed, reached or left behind outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.core.model import Report, Snapshot, TestOutcome
from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.workbench import Workbench

QUICK = ("-p", "no:pytest-lsp", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:asyncio")
VICTIM = """\
import signal, sys, time
signal.signal(signal.SIGCONT, lambda *_: print("signalled", flush=True))
print("ready", flush=True)
time.sleep(600)
"""


def _attacks() -> Any:
    place = Path(__file__).with_name("attacks.py")
    spec = importlib.util.spec_from_file_location("sandbox_attacks", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """A workspace to attack from, and around it files, processes, sockets and shared memory to attack."""

    def __init__(self, place: Path, tier: int, landlock: int = 99) -> None:
        self._stack = contextlib.ExitStack()
        self.place = place
        self.root = place / "workspace"
        self.outside = place / "outside"
        self.shown = place / "shown"
        self.nap = f"{4000 + os.getpid() % 1000}.{tier}"
        self.token = f"TOKEN-{os.getpid()}-{tier}"
        self._temporary()
        self._files()
        self._processes()
        self._sockets()
        self._memory()
        facts = {
            "secret": str(self.outside / "secret"),
            "outside": str(self.outside),
            "shown": str(self.shown / "rows.csv"),
            "home": str(self.outside / "home"),
            "victim": self.victim.pid,
            "token": self.token,
            "port": self.port,
            "stream": str(place / "stream"),
            "datagram": str(place / "datagram"),
            "abstract": self.token,
            "segment": self.segment,
            "nap": self.nap,
            "tier": tier,
        }
        attacks = _attacks()
        self.attacks: dict[str, str] = attacks.ATTACKS
        source = attacks.test_file(json.dumps(facts), json.dumps(self.attacks))
        (self.root / "test_attacks.py").write_text(source)
        policy = SandboxPolicy(DEFAULT_EXCLUDE, seconds=60.0, read_only_paths=(str(self.shown),))
        self.bench = Workbench(
            self.root,
            policy,
            interpreter=sys.executable,
            report_plugin=report_plugin(),
            test_args=QUICK,
            tiers=(tier,),
            landlock=landlock,
        )
        self._before = self._state()

    def _temporary(self) -> None:
        """A folder of one's own for what the sandbox makes."""
        folder = self.place / "temporary"
        folder.mkdir()
        self._stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(folder)

    def _files(self) -> None:
        for path, text in {
            "workspace/calc.py": "def add(a, b):\n    return a - b\n",
            "workspace/data.txt": "data",
            "workspace/junk/one.txt": "1",
            "workspace/.env": "SECRET",
            "workspace/deep/er/server.pem": "SECRET",
            "outside/secret": "SECRET",
            "outside/home/.ssh/id_rsa": "SECRET",
            "shown/rows.csv": "1,2",
            "shown/.env": "SECRET",
        }.items():
            full = self.place / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text)
        (self.root / "leads_out").symlink_to(self.outside)

    def _processes(self) -> None:
        words = [sys.executable, "-I", "-S", "-c", VICTIM, self.token]
        environment = {**os.environ, "HEAL_TEST_TOKEN": self.token}
        # not a context manager: what ends it is the signal
        self.victim = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, start_new_session=True)
        self._stack.callback(self._end_victim)
        assert self.victim.stdout is not None
        assert self.victim.stdout.readline() == b"ready\n"

    def _end_victim(self) -> None:
        self.victim.kill()
        self.victim.wait()
        if self.victim.stdout is not None:
            self.victim.stdout.close()

    def _sockets(self) -> None:
        self._heard: list[socket.socket] = []
        port = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port = port.getsockname()[1]
        packets = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        packets.bind(("127.0.0.1", self.port))
        stream = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        stream.bind(str(self.place / "stream"))
        abstract = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0" + self.token)
        datagram = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagram.bind(str(self.place / "datagram"))
        for each in (stream, abstract):
            each.listen()
        self._listening = {"port": port, "stream": stream, "abstract": abstract}
        self._packets = {"port by datagrams": packets, "datagram": datagram}

    def _memory(self) -> None:
        """A segment of System V shared memory, and a file in the machine's folder for shared memory."""
        libc = ctypes.CDLL(None, use_errno=True)
        self.segment = libc.shmget(0, ctypes.c_size_t(4096), 0o1600)
        assert self.segment >= 0
        self._stack.callback(libc.shmctl, self.segment, 0, None)
        self._shared = Path(f"/dev/shm/heal-attack-{os.getpid()}")
        self._shared.write_text("SECRET")
        self._stack.callback(self._shared.unlink)

    async def attack(self) -> Report:
        """Run all attacks in one sandbox."""
        return await self.bench.runner().run_tests(Snapshot(str(self.root), {}), (), seconds=150.0)

    # -- what became of it --

    def damage(self) -> list[str]:
        """What is otherwise than before the attack, was reached, or was left behind."""
        found = [f"changed: {each}" for each in self._state() ^ self._before]
        for name, each in self._listening.items():
            each.settimeout(0.05)
            with contextlib.suppress(OSError):
                each.accept()[0].close()
                found.append(f"reached: {name}")
        for name, each in self._packets.items():
            each.settimeout(0.05)
            with contextlib.suppress(OSError):
                each.recv(10)
                found.append(f"reached: {name}")
        self.victim.send_signal(signal.SIGCONT)  # the one that must come
        assert self.victim.stdout is not None
        self.victim.stdout.readline()
        os.set_blocking(self.victim.stdout.fileno(), False)
        time.sleep(0.1)
        with contextlib.suppress(BlockingIOError):
            os.read(self.victim.stdout.fileno(), 100)
            found.append("signalled")
        return found + [f"left: {each}" for each in self._left()]

    def close(self) -> None:
        self._stack.close()

    def _state(self) -> set[str]:
        pid = self.victim.pid
        return {
            *_tree(self.place),
            "limits " + Path(f"/proc/{pid}/limits").read_text(),
            f"priority {os.getpriority(os.PRIO_PROCESS, pid)} {os.getpriority(os.PRIO_PROCESS, 0)}",
            f"processors {sorted(os.sched_getaffinity(pid))}",
            *(f"mount {each}" for each in Path("/proc/self/mountinfo").read_text().splitlines()),
            *(str(each) for each in (self._shared, Path("/dev/shm/heal-attack-made")) if each.exists()),
            *(
                each
                for each in ("/usr/made", "/etc/made", "/made", "/usr/lib/made", "/run/made")
                if os.path.exists(each)
            ),
        }

    def _left(self) -> list[str]:
        """Processes of the sandbox that are still there a moment later."""
        for _ in range(60):
            found = [each for each in _command_lines() if self.nap in each or str(self.root) in each]
            if not found:
                break
            time.sleep(0.05)
        return found


def _tree(place: Path) -> Iterator[str]:
    for path in sorted(place.rglob("*")):
        if path == place / "temporary":
            continue  # whose time may change, and whose content may not
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        names = os.listxattr(path, follow_symlinks=False)
        yield f"{path} {status.st_mode:o} {status.st_uid} {status.st_mtime_ns} {status.st_nlink} {names} {content[:20]!r}"


def _command_lines() -> Iterator[str]:
    for each in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            words = Path("/proc", each, "cmdline").read_bytes().split(b"\0")
            if (
                int(each) != os.getpid() and words[0].endswith((b"sleep", b"bwrap"))
            ) or b"heal_inside" in b" ".join(words):
                yield " ".join(os.fsdecode(word) for word in words)[:300]


async def besiege(place: Path, tier: int, landlock: int = 99) -> dict[str, Any]:
    """Attack a machine from the inside of a tier and tell what came of it."""
    machine = Machine(place, tier, landlock)
    try:
        report = await machine.attack()
        failed = {
            each.id: f"{each.outcome.value}: {each.failure.message if each.failure else ''}"[:300]
            for each in report.tests
            if each.outcome is not TestOutcome.PASSED
        }
        return {
            "user": os.getuid(),
            "isolation": report.isolation,
            "obstacle": report.obstacle.message if report.obstacle else "",
            "errors": [f"{each.exception}: {each.message}"[:2000] for each in report.errors],
            "ran": len(report.tests),
            "attacks": len(machine.attacks),
            "failed": failed,
            "damage": machine.damage(),
            "slow": [each.id for each in report.tests if each.seconds > 1],
        }
    finally:
        machine.close()


if __name__ == "__main__":
    home = Path(tempfile.mkdtemp(prefix="besieged-"))
    try:
        print(json.dumps(asyncio.run(besiege(home, int(sys.argv[1])))))
    finally:
        shutil.rmtree(home, ignore_errors=True)
