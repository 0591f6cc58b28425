"""What shuts a run in, for each tier: what is done in the worker, in a session, and for every child.

Standard library only, Python 3.9 up. The order: ``begin`` in the worker; ``allot`` there and ``open`` and ``shut``
in the process that becomes a session's interpreter; ``settle`` in that interpreter; ``prepare`` there and
``enter`` in the child it forks; ``leave`` when that has ended; ``excess`` meanwhile; ``discard`` in the worker
when the session has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from . import calls, confine, landlock, served

MAX_PROCESSES = 256
_MAX_MORE = 2048
"""How many more processes and threads there may be on the whole machine, where no limit binds."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
_OF_THE_KERNEL = (
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/kernel/",
    "/proc/version",
    "/sys/devices/system/cpu/",
)
Texts = dict[str, bytes]
Config = dict[str, Any]


def enclosure_of(config: Config) -> Enclosure:
    """The enclosure of the tier that the configuration names."""
    kinds: dict[int, type[Enclosure]] = {1: Namespaces, 2: Rules}
    return kinds.get(config["tier"], Enclosure)(config)


class Enclosure:
    """None: a copy of the workspace that is written to, and limits."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._root: str = config["root"]

    @property
    def holds_code(self) -> bool:
        """Whether the session itself may run the project's code, and not only its children."""
        return True

    def begin(self) -> None:
        """In the worker, before anything else."""

    def allot(self, request: Config) -> Config:
        """In the worker: what a new session is to know besides the configuration and the request that opens it."""
        return {}

    def told(self, texts: dict[str, str]) -> dict[str, str]:
        """In the worker: of these texts, as they cross a boundary, those that the session's interpreter is to have."""
        return {}

    def open(self, texts: Texts, masks: Texts) -> None:
        """In a new process: show the workspace with these texts and with the hidden files masked."""
        confine.write_texts(self._root, self._root, texts)

    def shut(self) -> None:
        """In the process that becomes the session's interpreter, at the end."""

    def settle(self, texts: Texts) -> None:
        """In the session's interpreter, at its beginning."""

    def prepare(self) -> None:
        """In the session, before a child is forked."""

    def enter(self, texts: Texts) -> None:
        """In the child: see the workspace with these texts, and be held by the limits."""
        confine.write_texts(self._root, self._root, texts)
        os.chdir(self._config["cwd"])
        self._limit(0)

    def leave(self, restore: Texts) -> None:
        """In the session, when the child and all that it started have ended."""
        confine.write_texts(self._root, self._root, restore)

    def tidy(self) -> None:
        """In the session, when the child's end has been told: whatever need not be waited for."""

    def excess(self) -> str:
        """What there is far too much of while a child runs: ``crowd`` or ``disk``; the empty string for nothing."""
        return ""

    def discard(self) -> None:
        """In the worker, when the session has ended."""

    def _limit(self, processes: int) -> None:
        confine.limit(self._config["memory_mb"], self._config["disk_mb"], processes)


class Namespaces(Enclosure):
    """Namespaces of its own, a private overlay, and within them Landlock where there is one, and a call filter."""

    def begin(self) -> None:
        confine.unshare(confine.NEWUSER | confine.NEWNS)

    def open(self, texts: Texts, masks: Texts) -> None:
        config = self._config
        confine.unshare(confine.NEWNS | confine.NEWPID)
        confine.scratch(config["scratch"], config["disk_mb"])
        confine.present(self._root, config["scratch"], {**masks, **texts}, config["copy_mb"], as_base=True)

    def shut(self) -> None:
        confine.drop_privileges()

    def enter(self, texts: Texts) -> None:
        config = self._config
        confine.unshare(confine.NEWUSER | confine.NEWNS)
        confine.scratch(config["scratch"], config["disk_mb"])
        confine.present(self._root, config["scratch"], texts, config["copy_mb"])
        confine.fresh_temporary(config["scratch"], config["visible"])
        os.chdir(config["cwd"])
        self._limit(MAX_PROCESSES)
        confine.drop_privileges()
        if abi := landlock.version():
            landlock.restrict(self._grants(), abi=abi)
        calls.filter_calls()

    def _grants(self) -> list[tuple[str, str]]:
        """What bubblewrap shows, except for the place where the layers of the overlays lie; changes where they stay."""
        place = os.path.dirname(self._config["scratch"])
        shown = [f"/{each}/" for each in os.listdir("/") if f"/{each}" != os.path.dirname(place)]
        shown += [f"{place}/{each}" for each in os.listdir(place) if each != "mnt"]
        changing = [self._root, "/tmp/", "/dev/shm"]
        return [
            *((each.rstrip("/") if os.path.islink(each.rstrip("/")) else each, "read") for each in shown),
            *((each, "write") for each in changing),
            *((each, "read") for each in self._config["visible"]),
            ("/dev/", "device"),
        ]

    def leave(self, restore: Texts) -> None:
        """The child's overlay is gone with it."""

    def excess(self) -> str:
        """As root no limit of the kernel binds a fork bomb, but the processes here can be counted."""
        number = sum(each.isdigit() for each in os.listdir("/proc"))
        return "crowd" if number > MAX_PROCESSES else ""


class Rules(Enclosure):
    """Landlock and a filter of system calls, without namespaces: what is read is limited, nothing but a folder written.

    The workspace cannot be overlaid: other texts of its files are served to the interpreter (``served.py``).
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._place: str = config.get("place", "")
        self._run = ""
        self._count = 0
        self._before = (0, 0)

    @property
    def holds_code(self) -> bool:
        """Before that version the session must be able to signal its children, and so anything of the user's."""
        return bool(self._config["landlock"] >= landlock.SIGNALS)

    def allot(self, request: Config) -> Config:
        place = tempfile.mkdtemp(dir=self._config["temporary"])
        for each in ("home", "tmp"):
            os.mkdir(os.path.join(place, each))
        ignored = [f"--ignore={each}" for each in self._links_out()]
        return {
            "place": place,
            "processes": _processes() + MAX_PROCESSES if os.getuid() else 0,
            "arguments": [*request["arguments"], *ignored],
        }

    def _links_out(self) -> Iterator[str]:
        """Links of the workspace to folders that are not shown, which pytest must not try to list."""
        shown = tuple(os.path.realpath(each) + os.sep for each in self._config["visible"])
        for folder, names, _ in os.walk(self._root):
            names[:] = [each for each in names if each not in confine.UNNEEDED]
            if "pyvenv.cfg" in os.listdir(folder):
                names.clear()
            for each in names:
                path = os.path.join(folder, each)
                if os.path.islink(path) and not (os.path.realpath(path) + os.sep).startswith(shown):
                    yield path

    def told(self, texts: dict[str, str]) -> dict[str, str]:
        return texts

    def open(self, texts: Texts, masks: Texts) -> None:
        """Nothing is mounted: the masked files are left out of what is granted."""

    def shut(self) -> None:
        config = self._config
        self._move_to(self._place)
        grants = [(each, "read") for each in (*config["system"], *_OF_THE_KERNEL)]
        hidden = [os.path.join(config["root"], each) for each in config["masked"]] + config["hidden"]
        for folder in config["visible"]:
            grants += around(os.path.realpath(folder), hidden)
        grants += [(f"/dev/{each}", "device") for each in _DEVICES]
        # the entry is held open: the kernel forgets a rule on it when it forgets the entry
        os.set_inheritable(os.open("/proc/self/", os.O_PATH), True)
        grants += [("/proc/self/", "read"), (self._place, "write")]
        confine.drop_privileges()
        landlock.restrict(grants, abi=config["landlock"])
        calls.filter_alone()

    def settle(self, texts: Texts) -> None:
        served.install(self._root, texts)

    def prepare(self) -> None:
        self._count += 1
        self._run = os.path.join(self._place, f"run-{self._count}")
        for each in ("", "home", "tmp"):
            os.mkdir(os.path.join(self._run, each))
        self._before = _machine(self._place)

    def enter(self, texts: Texts) -> None:
        config = self._config
        os.chdir(config["cwd"])
        self._move_to(self._run)
        self._limit(config["processes"])
        changes = [(self._run, "write"), *((f"/dev/{each}", "device") for each in _DEVICES)]
        landlock.restrict(changes, abi=config["landlock"], reading=False)
        calls.filter_groups(signals=config["landlock"] < landlock.SIGNALS)
        served.add(texts)

    def leave(self, restore: Texts) -> None:
        """The child wrote nothing but its own folder."""

    def tidy(self) -> None:
        shutil.rmtree(self._run, ignore_errors=True)

    def excess(self) -> str:
        processes, free = _machine(self._place)
        if processes > self._before[0] + _MAX_MORE:
            return "crowd"
        return "disk" if free < self._before[1] - 2 * (self._config["disk_mb"] << 20) else ""

    def discard(self) -> None:
        discard(self._place)

    def _move_to(self, place: str) -> None:
        """Have HOME and temporary files in a folder of one's own."""
        os.environ.update({"HOME": os.path.join(place, "home"), "TMPDIR": os.path.join(place, "tmp")})
        tempfile.tempdir = None


def around(folder: str, hidden: list[str]) -> list[tuple[str, str]]:
    """Grants to read all of a folder but the hidden files: rules only add, so there is one for each of its entries."""
    below = {each[len(folder) :].lstrip("/") for each in hidden if each.startswith(folder.rstrip("/") + "/")}
    if folder in hidden:
        return []
    if not below:
        return [(folder, "read")]
    names = {each.partition("/")[0] for each in below}
    found = [(folder, "list")]
    for each in os.listdir(folder):
        path = os.path.join(folder, each)
        if each not in names:
            found.append((path, "read"))
        elif not os.path.islink(path) and os.path.isdir(path):
            found += around(path, hidden)
    return found


def discard(folder: str) -> None:
    """Remove a folder, even where a run took away its own permission to."""
    for path, names, _ in os.walk(folder):
        for each in names:
            with contextlib.suppress(OSError):
                if not os.path.islink(os.path.join(path, each)):
                    os.chmod(os.path.join(path, each), 0o700)
    shutil.rmtree(folder, ignore_errors=True)


class _SystemInfo(ctypes.Structure):
    _fields_ = [
        ("uptime", ctypes.c_long),
        ("loads", ctypes.c_ulong * 3),
        ("memory", ctypes.c_ulong * 6),
        ("processes", ctypes.c_ushort),
        ("rest", ctypes.c_char * 256),
    ]


def _machine(place: str) -> tuple[int, int]:
    """How many processes and threads this machine has, and how many bytes are free where a folder lies."""
    found = _SystemInfo()
    ctypes.CDLL(None).sysinfo(ctypes.byref(found))
    room = os.statvfs(place)
    return int(found.processes), room.f_bavail * room.f_frsize


def _processes() -> int:
    """How many processes and threads the user has, all of which the kernel's limit counts."""
    count, user = 0, os.getuid()
    for each in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{each}").st_uid == user:
                count += len(os.listdir(f"/proc/{each}/task"))
    return count
