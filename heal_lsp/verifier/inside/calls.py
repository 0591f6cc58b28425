"""Filters of system calls that tests do not need. Standard library only, Python 3.9 up.

A number is given as it is on x86_64 and on aarch64; -1 where that machine has no such call.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_Numbers = tuple[int, int]
_ALWAYS: dict[str, _Numbers] = {  # what could undo the confinement, wherever there is one
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "syslog": (103, 116),
    "fanotify_init": (300, 262),
}
_WITHOUT_NAMESPACES: dict[str, _Numbers] = {  # what Landlock leaves open, and namespaces would close
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "memfd_create": (319, 279),
    "execveat": (322, 281),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "inotify_add_watch": (254, 27),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "kcmp": (312, 272),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_madvise": (440, 440),
}
_SOCKET: _Numbers = (41, 198)
_SOCKETPAIR: _Numbers = (53, 199)
_SETSID: _Numbers = (112, 157)
_SETPGID: _Numbers = (109, 154)
_OF_OTHERS: dict[
    str, tuple[_Numbers, int]
] = {  # with the argument that must be 0, which is the caller itself
    "prlimit64": ((302, 261), 0),
    "sched_setaffinity": ((203, 122), 0),
    "sched_setscheduler": ((144, 119), 0),
    "sched_setparam": ((142, 118), 0),
    "sched_setattr": ((314, 274), 0),
}
_IOCTL: _Numbers = (16, 29)
_TYPING = (0x5412, 0x541C)
"""Requests that type into a terminal: TIOCSTI, TIOCLINUX."""
_FLAGS = (0x40086602, 0x40046602, 0x401C5820)
"""Requests that change a file's flags, for which reading it is enough."""
_FCNTL: _Numbers = (72, 25)
_OWNERS = (8, 15, 1024, 1026)
"""Commands that have signals sent to other processes or hold up who opens a file."""
_KILL_CALL: _Numbers = (62, 129)
_TGKILL: _Numbers = (234, 131)
_OTHER_SIGNALS: dict[str, _Numbers] = {
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_NEW_NAMESPACES = 0x7E020080
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x50000


class _Program:
    """A filter in the kernel's byte code. What no rule refuses is allowed."""

    def __init__(self) -> None:
        self._column = 0 if platform.machine() == "x86_64" else 1
        self._steps: list[bytes] = []
        self._step(_LOAD, 4)
        self._step(_EQUAL, _ARCHITECTURES[platform.machine()], yes=1)
        self._step(_RETURN, _KILL)
        self._step(_LOAD, 0)
        if self._column == 0:  # the x32 interface has numbers of its own
            self._step(_AT_LEAST, 0x40000000, no=1)
            self._step(_RETURN, _ERROR | errno.EPERM)

    def refuse(self, numbers: _Numbers, code: int = errno.EPERM) -> None:
        """Refuse a call, whatever its arguments."""
        number = numbers[self._column]
        if number >= 0:
            self._step(_EQUAL, number, no=1)
            self._step(_RETURN, _ERROR | code)

    def refuse_bits(self, numbers: _Numbers, argument: int, bits: int) -> None:
        """Refuse a call with any of these bits in an argument."""
        self._when(numbers, argument)
        self._step(_ANY_BIT, bits, no=1)
        self._step(_RETURN, _ERROR | errno.EPERM)
        self._step(_RETURN, _ALLOW)

    def refuse_values(self, numbers: _Numbers, argument: int, values: tuple[int, ...]) -> None:
        """Refuse a call with one of these values as an argument."""
        self._when(numbers, argument, 2 * len(values) - 2)
        for each in values:
            self._step(_EQUAL, each, no=1)
            self._step(_RETURN, _ERROR | errno.EPERM)
        self._step(_RETURN, _ALLOW)

    def allow_only(
        self, numbers: _Numbers, argument: int, values: tuple[int, ...], bits: int = 0xFFFFFFFF
    ) -> None:
        """Refuse a call unless an argument, as far as these bits go, is one of these values."""
        self._when(numbers, argument, 2 * len(values) - 1)
        self._step(_AND, bits)
        for each in values:
            self._step(_EQUAL, each & 0xFFFFFFFF, no=1)
            self._step(_RETURN, _ALLOW)
        self._step(_RETURN, _ERROR | errno.EPERM)

    def _when(self, numbers: _Numbers, argument: int, more: int = 0) -> None:
        """Load an argument if the call is this one, else leave out the ``3 + more`` steps that follow."""
        self._step(_EQUAL, numbers[self._column], no=4 + more)
        self._step(_LOAD, 16 + 8 * argument)

    def _step(self, code: int, value: int, yes: int = 0, no: int = 0) -> None:
        self._steps.append(struct.pack("<HBBI", code, yes, no, value))

    def install(self) -> None:
        """Filter the calls of this process and its future children by it."""
        self._step(_RETURN, _ALLOW)
        code = b"".join(self._steps)
        buffer = ctypes.create_string_buffer(code, len(code))
        wanted = _Filter(len(self._steps), ctypes.cast(buffer, ctypes.c_void_p))
        libc = ctypes.CDLL(None, use_errno=True)
        # PR_SET_SECCOMP with SECCOMP_MODE_FILTER
        result = libc.prctl(
            ctypes.c_int(22), ctypes.c_ulong(2), ctypes.byref(wanted), ctypes.c_ulong(0), ctypes.c_ulong(0)
        )
        if result:
            raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def known() -> bool:
    """Whether this machine's call numbers are known here."""
    return platform.machine() in _ARCHITECTURES and ctypes.sizeof(ctypes.c_void_p) == 8


def filter_calls() -> None:
    """Refuse what could undo the confinement, on machines whose call numbers are known here."""
    if known():
        _basic().install()


def filter_alone() -> None:
    """Refuse that, and what only namespaces would keep from reaching outside: every socket, modes, owners, times.

    A pair of connected sockets can still be had, as event loops need one.
    """
    program = _basic()
    for numbers in _WITHOUT_NAMESPACES.values():
        program.refuse(numbers)
    program.refuse(_SOCKET, errno.ENETDOWN)
    program.allow_only(_SOCKETPAIR, 1, (1, 5), bits=0xF)  # other kinds can be pointed elsewhere afterwards
    for numbers, argument in _OF_OTHERS.values():
        program.allow_only(numbers, argument, (0,))
    program.refuse_values(_FCNTL, 1, _OWNERS)
    program.install()


def filter_groups(*, signals: bool) -> None:
    """Keep this process and its children in one process group; with ``signals``, let this one signal only that.

    Its children can then signal the group and it, but neither themselves nor each other alone.
    """
    program = _Program()
    program.refuse(_SETSID)
    program.refuse(_SETPGID)
    if signals:
        own = os.getpid()
        program.allow_only(_KILL_CALL, 0, (0, own, -own))
        program.allow_only(_TGKILL, 0, (own,))
        for numbers in _OTHER_SIGNALS.values():
            program.refuse(numbers)
    program.install()


def _basic() -> _Program:
    program = _Program()
    for numbers in _ALWAYS.values():
        program.refuse(numbers)
    program.refuse(_CLONE3, errno.ENOSYS)  # its flags lie in memory; without it the C library uses clone
    program.refuse_bits(_CLONE, 0, _NEW_NAMESPACES)
    program.refuse_values(_IOCTL, 1, (*_TYPING, *_FLAGS))
    return program
