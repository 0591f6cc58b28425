"""What jedi makes of a name in a test, for what syntax alone cannot tell.

jedi imports nothing of the workspace and starts no interpreter: it runs in this process with this
interpreter's standard library as the environment, and finds modules through the finder below, which reads
the snapshot's texts. That way unsaved buffers count, and :data:`sys.path` of this process is never
exchanged for one that holds the workspace.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import PathFinder
from typing import Any

from heal_lsp.analysis.modules import pythonpath
from heal_lsp.analysis.scratch import own_folder
from heal_lsp.analysis.sources import Module, Sources
from heal_lsp.core.model import Target

_log = logging.getLogger(__name__)
_lock = threading.Lock()  # jedi's caches are shared by its scripts and know nothing of threads


def functions_at(sources: Sources, module: Module, line: int, column: int) -> list[Target]:
    """The workspace's functions that a name stands for. ``column`` counts UTF-8 bytes, as :mod:`ast` does.

    Empty when jedi knows none, and when it fails: its answer is help, not a condition.
    """
    try:
        with _lock, _own_cache():
            names = _script(sources, module).goto(
                line, _characters(module, line, column), follow_imports=True, follow_builtin_imports=False
            )
            places = [(str(each.module_path or ""), each.line or 0, each.type, each.name) for each in names]
    except Exception:  # jedi raises whatever it stumbles over in unusual code
        _log.debug("jedi could not follow %s, line %d.", module.path, line, exc_info=True)
        return []
    return [found for place in places if (found := _found(sources, *place)) is not None]


def _found(sources: Sources, path: str, line: int, kind: str, name: str) -> Target | None:
    inside = sources.relative(path) if path else None
    module = sources.module(inside) if inside is not None else None
    if module is None or kind not in ("function", "property", "class"):
        return None
    for each in module.functions:
        holds_name = each.name == name if kind != "class" else each.qualname.endswith(f"{name}.__init__")
        if holds_name and (each.line == line or kind == "class"):
            return each
    return None


def _characters(module: Module, line: int, column: int) -> int:
    start = module.starts[line - 1]
    data = module.text.encode("utf-8", "surrogatepass")
    return len(data[start : start + column].decode("utf-8", "surrogatepass"))


@cache
def _cache_folder() -> tempfile.TemporaryDirectory[str]:
    return own_folder("heal-lsp-jedi-")


@contextmanager
def _own_cache() -> Iterator[None]:
    """Keep jedi's pickled trees in a folder of this process: none from elsewhere is ever loaded."""
    import jedi

    before = jedi.settings.cache_directory
    jedi.settings.cache_directory = _cache_folder().name
    try:
        yield
    finally:
        jedi.settings.cache_directory = before


def _script(sources: Sources, module: Module) -> Any:
    import jedi

    project = jedi.Project(sources.root, sys_path=_search_path(sources, module), smart_sys_path=False)
    path = os.path.join(sources.root, module.path)
    return jedi.Script(module.text, path=path, project=project, environment=_environment(sources))


def _search_path(sources: Sources, module: Module) -> list[str]:
    """Folders of the workspace that imports may start from, then this interpreter's own."""
    root = os.path.abspath(sources.root)
    folder = os.path.dirname(os.path.join(root, module.path))
    above = [folder]
    while above[-1] != root and len(above) < 40:
        above.append(os.path.dirname(above[-1]))
    plain = [each for each in above if not os.path.exists(os.path.join(each, "__init__.py"))]
    named = [os.path.join(root, each) for each in pythonpath(sources, os.path.dirname(module.path))]
    own = [*plain[:1], *named, root, os.path.join(root, "src"), *plain[1:]]
    return list(dict.fromkeys([*own, *_own_path(root)]))


def _own_path(root: str) -> list[str]:
    """This interpreter's search path without anything inside the workspace."""
    inside = os.path.join(os.path.realpath(root), "")
    return [
        each for each in sys.path if each and not os.path.join(os.path.realpath(each), "").startswith(inside)
    ]


def _environment(sources: Sources) -> Any:
    """An environment that finds modules without importing or exchanging anything."""
    from jedi.api.environment import InterpreterEnvironment
    from jedi.file_io import KnownContentFileIO
    from jedi.inference.compiled.subprocess import InferenceStateSameProcess
    from jedi.inference.compiled.subprocess.functions import ImplicitNSInfo

    class Buffer(KnownContentFileIO):  # type: ignore[misc]
        def get_last_modified(self) -> None:
            """Without a time jedi never takes its own, possibly older, copy."""

    class Process(InferenceStateSameProcess):  # type: ignore[misc]
        def get_module_info(
            self,
            string: str,
            sys_path: list[str] | None = None,
            path: list[str] | None = None,
            full_name: str | None = None,
            is_global_search: bool = True,
        ) -> tuple[Any, bool | None]:
            places = list(path if path is not None else sys_path or ())
            name = string if is_global_search else (full_name or string)
            if is_global_search and string in sys.builtin_module_names:
                return None, False
            spec = PathFinder.find_spec(name, places)
            if spec is None:
                return None, None
            if spec.origin is None and spec.submodule_search_locations is not None:
                return ImplicitNSInfo(name, list(spec.submodule_search_locations)), True
            is_package = spec.submodule_search_locations is not None
            if spec.origin is None or not spec.origin.endswith((".py", ".pyi")):
                return None, is_package
            inside = sources.relative(spec.origin)
            text = sources.text(inside) if inside is not None else None
            if text is None:
                with open(spec.origin, "rb") as file:
                    return KnownContentFileIO(spec.origin, file.read()), is_package
            return Buffer(spec.origin, text), is_package

    class Environment(InterpreterEnvironment):  # type: ignore[misc]
        def get_inference_state_subprocess(self, inference_state: Any) -> Any:
            return Process(inference_state)

        def get_sys_path(self) -> list[str]:
            return _own_path(os.path.abspath(sources.root))

    return Environment()
