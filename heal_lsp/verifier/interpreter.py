"""Which Python interpreter is the project's.

The order: the explicit setting; ``VIRTUAL_ENV``, then ``CONDA_PREFIX``, when that environment lies in the
workspace or was made for it; ``UV_PROJECT_ENVIRONMENT``, when there is one; the folders ``.venv``, ``venv``
and ``env`` of the workspace, and any other folder directly in it that is an environment (conda's included);
the environment that poetry keeps for it in its cache. These are made for the project, and the first counts,
whatever it lacks. Then, the first with pytest: an active ``VIRTUAL_ENV`` or ``CONDA_PREFIX`` of another
place; ``python3`` on the PATH; the tool's own interpreter. Nothing is run to find them.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

OWN = sys.executable
"""The interpreter that the tool itself runs on."""
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")
_NAMES = (".venv", "venv", "env", ".env", "virtualenv", ".virtualenv", ".conda", "conda-env")


@attrs.frozen
class Found:
    """An interpreter that may be the project's, where it was found, and whether it is made for it."""

    path: str
    origin: str
    own: bool = True


def candidates(root: Path, setting: str, environment: Mapping[str, str] | None = None) -> Iterator[Found]:
    """The interpreters to consider, the best first. Of those made for the project only the first counts."""
    variables = os.environ if environment is None else environment
    if setting:
        yield Found(_explicit(root, setting), "heal.interpreter")
    active = [(name, Path(variables[name])) for name in _ACTIVE if variables.get(name)]
    for name, folder in active:
        if _belongs(folder, root):
            yield Found(_python_of(folder), name)
    if (chosen := variables.get("UV_PROJECT_ENVIRONMENT")) and _is_environment(root / chosen):
        yield Found(_python_of(root / chosen), "UV_PROJECT_ENVIRONMENT")
    for folder, name in _environments(root):
        yield Found(_python_of(folder), name)
    yield from _poetry(root, variables)
    for name, folder in active:
        yield Found(_python_of(folder), name, own=False)
    for name in ("python3", "python"):
        if path := shutil.which(name, path=variables.get("PATH")):
            yield Found(path, f"{name} on PATH", own=False)
            break
    yield Found(OWN, "heal-lsp's own", own=False)


def _explicit(root: Path, setting: str) -> str:
    path = Path(os.path.expanduser(setting))
    if not path.is_absolute():
        found = shutil.which(setting) if len(path.parts) == 1 else None
        path = Path(found) if found else root / path
    return _python_of(path) if path.is_dir() else str(path)


def _python_of(folder: Path) -> str:
    """The interpreter of an environment, whether it exists or not."""
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if os.path.lexists(folder / name):
            return str(folder / name)
    return str(folder / "bin/python")


def _environments(root: Path) -> Iterator[tuple[Path, str]]:
    seen = set()
    for name in _NAMES:
        if _is_environment(root / name):
            seen.add(name)
            yield root / name, name
    try:
        others = sorted(each.name for each in os.scandir(root) if each.is_dir() and each.name not in seen)
    except OSError:
        others = []
    for name in others:  # there may be a thousand, and this is asked before every run
        if os.path.isfile(f"{root}/{name}/pyvenv.cfg") or os.path.isdir(f"{root}/{name}/conda-meta"):
            yield root / name, name


def _is_environment(folder: Path) -> bool:
    """Whether a folder is an environment, also one whose interpreter is gone."""
    return folder.is_dir() and (
        (folder / "pyvenv.cfg").is_file()
        or (folder / "conda-meta").is_dir()
        or os.path.lexists(folder / "bin/python")
        or os.path.lexists(folder / "bin/python3")
    )


def _belongs(environment: Path, root: Path) -> bool:
    """Whether an active environment is this workspace's: it lies in it or in a folder above, or names it."""
    real, home = os.path.realpath(environment), os.path.realpath(root)
    if real.startswith(home + os.sep):
        return True
    parent = os.path.dirname(real)
    if home.startswith(parent + os.sep) and parent not in (os.path.realpath(Path.home()), os.sep):
        return True
    try:  # pipenv and virtualenvwrapper write down what an environment is for
        return os.path.realpath((environment / ".project").read_text("utf-8").strip()) == home
    except OSError:
        return False


def _poetry(root: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """The environment in poetry's cache that is named after the project and the hash of its folder."""
    try:
        text = (root / "pyproject.toml").read_text("utf-8", "replace")
    except OSError:
        return
    name = re.search(r"^name\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)
    if "[tool.poetry" not in text or name is None:
        return
    base = variables.get("POETRY_VIRTUALENVS_PATH", "")
    cache = Path(base) if base else Path.home() / ".cache/pypoetry/virtualenvs"
    clean = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name[1].lower())[:42]
    code = base64.urlsafe_b64encode(hashlib.sha256(os.fsencode(os.path.realpath(root))).digest()).decode()[:8]
    for folder in sorted(cache.glob(f"{clean}-{code}-py3*"), reverse=True):
        yield Found(_python_of(folder), "poetry")
