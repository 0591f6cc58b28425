"""Tell a denial by the sandbox from a failure of the code, by the signs that a failing test left."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

_OF_THE_KERNEL = ("/proc", "/dev", "/sys")
_NETWORK = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
_REFUSED = {errno.EPERM, errno.EACCES}
_LISTENING = "0A"
_NO_SOCKETS = (
    "It makes a socket, and tier 2 of the sandbox has no network at all, not even localhost; "
    "heal.sandbox.allowPorts and heal.sandbox.network need tier 1 (heal-lsp doctor says why it is not in force)."
)
_OPENS = "heal.sandbox.network = true opens all of it"
Sign = Mapping[str, Any]


@attrs.frozen
class Denials:
    """What the sandbox refuses, for one workspace."""

    root: str
    memory_mb: int
    variables: frozenset[str]
    """Names of the environment variables that are set inside the sandbox."""
    tier: int = 1
    homes: str = r"/tmp/home/"
    """Regular expression of the home folders inside."""

    def reason(self, signs: Sequence[Sign]) -> str:
        """One sentence on what was denied and by which setting; the empty string when nothing was."""
        for each in sorted(signs, key=lambda sign: sign.get("kind") != "masked"):  # the most certain first
            judge = getattr(self, "_" + str(each.get("kind")), None)
            if judge is not None and (found := judge(each)):
                return str(found)
        return ""

    def _memory(self, _sign: Sign) -> str:
        return f"It needs more memory than heal.sandbox.memoryMb allows ({self.memory_mb} MiB)."

    def _masked(self, sign: Sign) -> str:
        return f"It reads {self._shown(_word(sign, 'path'))}, which heal.exclude hides."

    def _variable(self, sign: Sign) -> str:
        name = _word(sign, "name")
        if name in os.environ and name not in self.variables:
            return (
                f"It needs the environment variable {name}, which is not passed into the sandbox; "
                f'heal.sandbox.env = ["{name}"] passes it.'
            )
        return ""

    def _internet(self, _sign: Sign) -> str:
        return _NO_SOCKETS if self.tier == 2 else ""

    def _network(self, sign: Sign) -> str:
        if self.tier == 2:
            return _NO_SOCKETS
        host, port = _word(sign, "host"), sign.get("port")
        if not _is_loopback(host):
            return f"It connects to {host or 'a host'}, and the sandbox has no network; {_OPENS}."
        if isinstance(port, int) and port in _host_ports():
            return (
                f"It connects to port {port} of this machine, and the sandbox has a loopback of its own; "
                f"heal.sandbox.allowPorts = [{port}] relays that port."
            )
        return ""

    def _socket(self, sign: Sign) -> str:
        path = _word(sign, "path")
        return (
            f"It connects to {path}, which the sandbox does not show."
            if path and os.path.exists(path)
            else ""
        )

    def _system(self, sign: Sign) -> str:
        code, path = int(sign.get("errno", 0)), _word(sign, "path")
        if self.tier == 2 and code == errno.ENETDOWN:
            return _NO_SOCKETS
        if sign.get("type") == "gaierror" or code in _NETWORK:
            return f"It needs the network, and the sandbox has none; {_OPENS}."
        if code == errno.EROFS:
            return (
                f"It writes to {path or 'a folder'} outside the project, which is read-only in the sandbox."
            )
        if code == errno.ENOMEM:
            return self._memory(sign)
        if code in (errno.ENOSPC, errno.EFBIG):
            return "It writes more than the sandbox has room for."
        if code in _REFUSED:
            return self._refused(path)
        if code in (errno.ENOENT, errno.ENOTDIR):
            return self._absent(path)
        return ""

    def _refused(self, path: str) -> str:
        if not path:
            return "It asks the system for what the sandbox does not permit."
        if self.tier == 2 and (os.sep not in path or path.startswith(self.root + "/")):
            return f"It changes {self._shown(path)}, and tier 2 of the sandbox keeps the project read-only."
        if self.tier == 2 and path.startswith(_OF_THE_KERNEL):
            return f"It uses {path}, which tier 2 of the sandbox does not show."
        if self._is_ours(path) or (self.tier == 1 and path.startswith("/tmp/")) or not _could_reach(path):
            return ""
        return f"It uses {path}, which lies outside the project; {_shows(path)}."

    def _absent(self, path: str) -> str:
        if inside := re.match(self.homes, path):
            home = os.path.join(Path.home(), path[inside.end() :])
            return (
                f"It reads {home}; the sandbox has a home folder of its own, and {_shows(home)} under its full name."
                if os.path.exists(home)
                else ""
            )
        if path and os.sep not in path:
            found = shutil.which(path)
            return (
                f"It runs {path} ({found}), which the sandbox does not show; {_shows(found)}."
                if found
                else ""
            )
        if not path or self._is_ours(path) or not os.path.exists(path):
            return ""
        return f"It reads {path}, which lies outside the project and is not shown in the sandbox; {_shows(path)}."

    def _is_ours(self, path: str) -> bool:
        return any(path == each or path.startswith(each + "/") for each in (self.root, *_OF_THE_KERNEL))

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self.root) if path.startswith(self.root + os.sep) else path


def _shows(path: str) -> str:
    return f'heal.sandbox.readOnlyPaths = ["{path}"] shows it'


def _word(sign: Sign, key: str) -> str:
    value = sign.get(key, "")
    return value if isinstance(value, str) else ""


def _could_reach(path: str) -> bool:
    """Whether the person who runs the tool may read or write there."""
    if os.path.exists(path):
        return os.access(path, os.R_OK) or os.access(path, os.W_OK)
    return os.access(os.path.dirname(path), os.W_OK)


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _host_ports() -> set[int]:
    """The TCP ports on which something of this machine listens."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 3 and fields[3] == _LISTENING:
                found.add(int(fields[1].rpartition(":")[2], 16))
    return found
