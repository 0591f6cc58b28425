"""Landlock: what the calling process and its future children may do with files, and whom they may signal.

Standard library only, Python 3.9 up. Rules only ever take away; each call adds a layer to those in force.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

SIGNALS = 6
"""The version from which signals to processes outside can be refused."""
LEAST = 3
"""The version without which files outside can still be emptied."""
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_MAKE_CHARACTER, _MAKE_BLOCK, _REFER = 1 << 6, 1 << 11, 1 << 13
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_READING = _EXECUTE | _READ | _LIST
_ALL = (1 << 16) - 1
_RIGHTS = {
    "list": _LIST,
    "read": _READING,
    "write": _ALL & ~_MAKE_CHARACTER & ~_MAKE_BLOCK,
    "device": _READ | _WRITE | _TRUNCATE | _IOCTL,
}
_SINCE = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL))
Grants = Iterable["tuple[str, str]"]


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def restrict(grants: Grants, *, abi: int, reading: bool = True) -> None:
    """Refuse everything but what is granted: pairs of a path and ``list``, ``read``, ``write`` or ``device``.

    A folder's grant holds for all that is below it. A path that ends in a link is the link itself, unless the
    path ends with a slash. ``abi`` is the version to use. Without ``reading`` only changes are refused. Signals
    and abstract sockets reach only processes with the same rules, from version 6 on. Privileges must have been
    given up before.

    Raises:
        OSError: the kernel refuses.
    """
    handled = sum(rights for since, rights in _SINCE if abi >= since)
    if not reading:
        handled &= ~_READING
    scoped = 3 if abi >= SIGNALS else 0
    size = 8 if abi < 4 else 16 if abi < SIGNALS else 24
    attributes = struct.pack("<QQQ", handled, 0, scoped)[:size]
    rules = _call(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path, kind in grants:
            _grant(rules, path, _RIGHTS[kind] & handled)
        _call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _grant(rules: int, path: str, rights: int) -> None:
    """Add a rule. What is not there needs none."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if not os.path.isdir(f"/proc/self/fd/{place}"):
            rights &= _OF_FILES
        if rights:
            rule = ctypes.c_char_p(struct.pack("<Qi", rights, place))
            _call(_ADD, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
