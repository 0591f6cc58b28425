"""Confinement of the current process on Linux: namespaces, a private view of the workspace, limits, calls.

Standard library only, Python 3.9 up: the worker loads this file with the project's interpreter. Every
function acts on the calling process and its future children, and raises OSError when the kernel refuses.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import shutil
import stat
import sys
import zlib
from collections.abc import Container, Sequence

NEWNS, NEWUSER, NEWPID = 0x20000, 0x10000000, 0x20000000
_NOSUID_NODEV, _BIND, _REC, _PRIVATE = 0x2 | 0x4, 0x1000, 0x4000, 0x40000
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _SET_SUBREAPER, _NO_NEW_PRIVS, _CAP_AMBIENT = (
    1,
    4,
    24,
    36,
    38,
    47,
)
_SIGKILL = 9

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _checked(result: int, what: str) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _prctl(option: int, *values: int) -> int:
    assert _libc is not None
    padded = [ctypes.c_ulong(each) for each in (*values, 0, 0, 0, 0)[:4]]
    return int(_libc.prctl(ctypes.c_int(option), *padded))


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends, where the system can do that."""
    if _libc is None:
        return
    _checked(_prctl(_SET_PDEATHSIG, _SIGKILL), "PR_SET_PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, where the system can do that."""
    if _libc is None:
        return
    _checked(_prctl(_SET_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER")


def _children() -> list[int]:
    try:
        with open("/proc/thread-self/children") as stream:
            return [int(each) for each in stream.read().split()]
    except OSError:
        return []


def reap_orphans(others: Container[int]) -> None:
    """Collect what became our child and has ended, except for ``others``, which somebody waits for."""
    for each in _children():
        if each not in others:
            with contextlib.suppress(OSError):
                os.waitpid(each, os.WNOHANG)


def kill_descendants(keep: Container[int] = ()) -> None:
    """Without a process number space of our own: orphans became our children; kill until none but ``keep`` is left."""
    for _ in range(50):
        children = [each for each in _children() if each not in keep]
        if not children:
            return
        for each in children:
            try:
                os.kill(each, _SIGKILL)
                os.waitpid(each, 0)
            except OSError:
                continue


def hide_memory() -> None:
    """Keep other processes of the same user from tracing this one or looking into it through /proc."""
    if _libc is None:
        return
    _checked(_prctl(_SET_DUMPABLE, 0), "PR_SET_DUMPABLE")


def unshare(flags: int) -> None:
    """Enter new namespaces; in a new user namespace the own user and group keep their numbers."""
    assert _libc is not None
    user, group = os.getuid(), os.getgid()
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")
    if flags & NEWUSER:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    if flags & NEWNS:
        mount(None, "/", None, _REC | _PRIVATE)


def _write(path: str, text: str) -> None:
    with open(path, "w") as stream:
        stream.write(text)


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """The system call."""
    assert _libc is not None
    encoded = [None if each is None else os.fsencode(each) for each in (source, target, kind, options)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _checked(result, f"mount {kind or 'bind'} on {target}")


def bind(source: str, target: str) -> None:
    """Show a folder, with all that is mounted below it, at another place as well."""
    mount(source, target, None, _BIND | _REC)


# -- a private view of the workspace -------------------------------------------------------------------------


class NoOverlay(OSError):
    """The workspace's file system cannot be the lower layer of an overlay."""


def scratch(place: str, megabytes: int) -> None:
    """Mount an empty file system of a bounded size, with the folders that the other functions use."""
    mount("tmpfs", place, "tmpfs", _NOSUID_NODEV, f"size={megabytes}m,mode=755")
    for name in ("upper", "work", "tmp", "tmp-work", "shm", "copy"):
        os.mkdir(os.path.join(place, name))
    os.chmod(os.path.join(place, "tmp"), 0o1777)


def overlay(root: str, place: str, layer: str = "upper") -> None:
    """Lay the scratch space's upper folder over ``root``: reads fall through, writes stay private.

    Raises:
        NoOverlay: the kernel or the file system does not allow it.
    """
    work = "work" if layer == "upper" else layer + "-work"
    options = f"lowerdir={_escaped(root)},upperdir={place}/{layer},workdir={place}/{work},userxattr"
    try:
        mount("overlay", root, "overlay", _NOSUID_NODEV, options)
    except OSError as error:
        raise NoOverlay(error.errno, str(error)) from error


def present(
    root: str, place: str, texts: dict[str, bytes], largest_mb: int, *, as_base: bool = False
) -> None:
    """Show the workspace with other texts of some files; whatever is written to it stays private.

    ``as_base`` says that further views will be laid over this one.

    Raises:
        NoOverlay: no overlay is possible here, and the workspace is too large to be copied instead.
    """
    write_texts(root, os.path.join(place, "upper"), texts)
    try:
        overlay(root, place)
        if as_base:
            _lay_over(root, place)
    except NoOverlay:
        copy = os.path.join(place, "copy")
        copy_tree(root, copy, largest_mb)
        write_texts(root, copy, texts)
        bind(copy, root)


def _lay_over(root: str, place: str) -> None:
    """Try whether another overlay can lie on this one: the kernel stacks two, and the workspace may be one itself.

    Raises:
        NoOverlay: it cannot.
    """
    trial = os.path.join(place, "trial")
    for name in ("", "upper", "work", "shown"):
        os.mkdir(os.path.join(trial, name))
    options = f"lowerdir={_escaped(root)},upperdir={trial}/upper,workdir={trial}/work,userxattr"
    try:
        mount("overlay", trial + "/shown", "overlay", _NOSUID_NODEV, options)
    except OSError as error:
        raise NoOverlay(error.errno, str(error)) from error
    assert _libc is not None
    _checked(_libc.umount2(os.fsencode(trial + "/shown"), ctypes.c_int(0)), "umount")


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def copy_tree(source: str, target: str, largest_mb: int, skip: Sequence[str] = ()) -> None:
    """Copy a workspace's files, links as links, without what pytest never needs.

    Raises:
        NoOverlay: it is larger than ``largest_mb``.
    """
    left = largest_mb << 20
    for folder, names, files in os.walk(source):
        names[:] = [each for each in names if each not in UNNEEDED and os.path.join(folder, each) not in skip]
        there = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(there, exist_ok=True)
        for name in [*files, *(each for each in names if os.path.islink(os.path.join(folder, each)))]:
            path, copy = os.path.join(folder, name), os.path.join(there, name)
            status = os.lstat(path)
            left -= status.st_size
            if left < 0:
                raise NoOverlay(errno.EFBIG, f"the workspace is larger than {largest_mb} MiB")
            if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                shutil.copy2(path, copy, follow_symlinks=False)


UNNEEDED = (
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".tox",
)
"""Folders that a copy of a workspace leaves out."""


def fresh_temporary(place: str, visible: Sequence[str]) -> None:
    """Give the process a /tmp and a /dev/shm of its own, in which only what is in ``visible`` stays."""
    stage = os.path.join(place, "tmp")
    if _keep("/tmp", stage, visible):
        bind(stage, "/tmp")
    else:
        try:
            overlay("/tmp", place, "tmp")
        except NoOverlay:
            bind(stage, "/tmp")
    if os.path.isdir("/dev/shm"):
        stage = os.path.join(place, "shm")
        _keep("/dev/shm", stage, visible)
        bind(stage, "/dev/shm")
    os.makedirs("/tmp/home", exist_ok=True)


def _keep(folder: str, stage: str, visible: Sequence[str]) -> bool:
    """Show in ``stage`` those of ``visible`` that lie in ``folder``. Whether there are any."""
    inside = [each for each in visible if each.startswith(folder + "/")]
    for each in inside:
        target = stage + each[len(folder) :]
        os.makedirs(target if os.path.isdir(each) else os.path.dirname(target), exist_ok=True)
        if not os.path.isdir(each):
            open(target, "wb").close()
        bind(each, target)
    return bool(inside)


def write_texts(root: str, folder: str, texts: dict[str, bytes]) -> None:
    """Write files of the workspace into ``folder``, with their mode and a time that no stale .pyc matches."""
    real = os.path.realpath(root)
    for path, data in texts.items():
        relative = os.path.relpath(os.path.realpath(os.path.join(root, path)), real)
        if relative.startswith(os.pardir) or os.path.isabs(relative):
            raise ValueError(f"{path} is outside the workspace")
        target = os.path.join(folder, relative)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            mode = os.stat(os.path.join(real, relative)).st_mode & 0o777
        except OSError:
            mode = 0o644
        if os.path.lexists(target):
            os.unlink(target)
        with open(target, "wb") as stream:
            stream.write(data)
        os.chmod(target, mode | 0o600)
        moment = 315532800 + zlib.crc32(data) % 100_000_000  # years before anything that Python compiled
        os.utime(target, (moment, moment))


# -- limits and privileges -----------------------------------------------------------------------------------


def limit(memory_mb: int, file_mb: int, processes: int) -> None:
    """Bound what one process may use. Limits never rise above those in force. Zero means no such limit."""
    wanted = [
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_FSIZE, file_mb << 20),
        (resource.RLIMIT_CORE, 0),
    ]
    if processes and kernel() >= (5, 14):  # before, the limit counts every process of the user
        wanted.append((resource.RLIMIT_NPROC, processes))
    for which, value in wanted:
        hard = resource.getrlimit(which)[1]
        if value == 0 and which != resource.RLIMIT_CORE:
            continue
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))


def kernel() -> tuple[int, int]:
    """Major and minor version of the running kernel."""
    parts = os.uname().release.split(".")
    try:
        return int(parts[0]), int(parts[1])
    except (ValueError, IndexError):
        return 0, 0


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def drop_privileges() -> None:
    """Give up every capability for good, also across exec."""
    assert _libc is not None
    for capability in range(64):
        if _prctl(_CAPBSET_DROP, capability) and ctypes.get_errno() == errno.EINVAL:
            break
    _prctl(_CAP_AMBIENT, 4)
    header, sets = _Header(0x20080522, 0), (_Sets * 2)()
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(sets)), "capset")
    _checked(_prctl(_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS")
