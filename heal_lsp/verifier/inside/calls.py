"""A filter of system calls that tests do not need. Standard library only, Python 3.9 up."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_DENIED = {  # by name: the number on x86_64, on aarch64
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
}
_CLONE, _CLONE3 = (56, 220), 435
_NEW_NAMESPACES = 0x7E020080
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x50000


def _program() -> bytes:
    """The filter in the kernel's byte code: refuse what could undo the confinement."""
    column = 0 if platform.machine() == "x86_64" else 1
    steps: list[bytes] = []

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> None:
        steps.append(struct.pack("<HBBI", code, yes, no, value))

    step(_LOAD, 4)
    step(_EQUAL, _ARCHITECTURES[platform.machine()], yes=1)
    step(_RETURN, _KILL)
    step(_LOAD, 0)
    if column == 0:  # the x32 interface has numbers of its own
        step(_AT_LEAST, 0x40000000, no=1)
        step(_RETURN, _ERROR | errno.EPERM)
    for numbers in _DENIED.values():
        step(_EQUAL, numbers[column], no=1)
        step(_RETURN, _ERROR | errno.EPERM)
    step(_EQUAL, _CLONE3, no=1)  # its flags lie in memory; without it the C library falls back to clone
    step(_RETURN, _ERROR | errno.ENOSYS)
    step(_EQUAL, _CLONE[column], no=3)
    step(_LOAD, 16)
    step(_ANY_BIT, _NEW_NAMESPACES, no=1)
    step(_RETURN, _ERROR | errno.EPERM)
    step(_RETURN, _ALLOW)
    return b"".join(steps)


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def filter_calls() -> None:
    """Refuse system calls that tests do not need, on machines whose call numbers are known here."""
    if platform.machine() not in _ARCHITECTURES or ctypes.sizeof(ctypes.c_void_p) != 8:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    code = _program()
    buffer = ctypes.create_string_buffer(code, len(code))
    wanted = _Filter(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    # PR_SET_SECCOMP with SECCOMP_MODE_FILTER
    result = libc.prctl(
        ctypes.c_int(22), ctypes.c_ulong(2), ctypes.byref(wanted), ctypes.c_ulong(0), ctypes.c_ulong(0)
    )
    if result:
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")
