"""Where an interpreter's files lie, read from the disk without running it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

_MAX_PTH = 100_000


@attrs.frozen
class Layout:
    """The folders that an interpreter needs to be able to start and to find its packages."""

    executable: str
    environment: str
    """The virtual environment's folder; empty when it is none."""
    prefixes: tuple[str, ...]
    editable: tuple[str, ...]
    """Folders outside the prefixes that ``.pth`` files and editable installs lead to."""
    user_base: str = ""


def layout_of(executable: str, root: str) -> Layout:
    """The layout of an interpreter. Never runs it.

    Raises:
        OSError: a link on the way leads nowhere.
    """
    real = os.path.realpath(executable, strict=True)
    environment = _environment(executable)
    prefixes: list[str] = []
    if environment:
        prefixes.append(environment)
        prefixes += _bases(environment)
    else:
        prefixes += _prefix_of(executable)
    prefixes += _prefix_of(real)
    if real.startswith("/nix/"):
        prefixes.append("/nix/store")
    packages = [site for each in dict.fromkeys(prefixes) for site in site_packages(each)]
    user_base = ""
    if not environment:
        own = Path.home() / ".local"
        user = list(site_packages(str(own)))
        if user:
            user_base = str(own)
            packages += user
            prefixes += user
    kept = tuple(dict.fromkeys(each for each in prefixes if os.path.isdir(each)))
    editable = dict.fromkeys(
        each
        for site in packages
        for each in _leads(site)
        if not any(_is_in(each, other) for other in (*kept, root)) and _may_be_shown(each)
    )
    return Layout(executable, environment, kept, tuple(editable), user_base)


def _environment(executable: str) -> str:
    folder = os.path.dirname(os.path.dirname(os.path.abspath(executable)))
    return folder if os.path.isfile(os.path.join(folder, "pyvenv.cfg")) else ""


def _bases(environment: str) -> Iterator[str]:
    """The prefixes of the interpreter that an environment was made from."""
    try:
        text = Path(environment, "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return
    found = re.search(r"^home\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    if found:
        home = found[1]
        yield from _prefix_of(os.path.join(home, "python3"))
        yield from _prefix_of(os.path.join(os.path.realpath(home), "python3"))
        parent = _environment(os.path.join(home, "python3"))
        if parent and parent != environment:
            yield parent


def _prefix_of(executable: str) -> Iterator[str]:
    """The folder above ``bin``; only its interpreter's parts when it holds the person's own things."""
    folder = os.path.dirname(os.path.abspath(executable))
    prefix = os.path.dirname(folder)
    if _may_be_shown(prefix):
        yield prefix
        return
    library = Path(prefix, "lib")
    yield from (str(each) for each in sorted(library.glob("python3*")) if each.is_dir())


def _may_be_shown(folder: str) -> bool:
    """Whether a folder is neither the root, nor a home, nor one that holds a home."""
    home = os.path.realpath(Path.home())
    real = os.path.realpath(folder)
    return (
        len(Path(real).parts) > 1 and real not in ("/home", "/etc", "/var", "/tmp") and not _is_in(home, real)
    )


def site_packages(prefix: str) -> Iterator[str]:
    """The folders below a prefix that packages are installed into."""
    for pattern in (
        "lib/python3*/site-packages",
        "lib/python3*/dist-packages",
        "lib64/python3*/site-packages",
    ):
        yield from (str(each) for each in sorted(Path(prefix).glob(pattern)) if each.is_dir())


def _leads(site: str) -> Iterator[str]:
    """Folders that a site-packages folder adds to the import path."""
    for each in sorted(Path(site).glob("*.pth")):
        for line in _short_text(each).splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                path = os.path.normpath(os.path.join(site, line.strip()))
                if os.path.isdir(path):
                    yield path
    for each in sorted(Path(site).glob("__editable__*_finder.py")):
        yield from _mapped(_short_text(each))


def _short_text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size < _MAX_PTH else ""
    except OSError:
        return ""


def _mapped(source: str) -> Iterator[str]:
    """The folders in the table of a setuptools editable install."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
            for value in ast.walk(ast.Tuple(node.value.values)):  # a namespace has a list of folders
                if (
                    isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and os.path.isabs(value.value)
                    and os.path.exists(value.value)
                ):
                    yield value.value if os.path.isdir(value.value) else os.path.dirname(value.value)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
