"""pytest and its plugins, imported before the fork as pytest itself would import them.

Nothing of the workspace is imported or looked up: its folders leave the import path for that time. Standard library
only, Python 3.9 up. Where pytest is made otherwise than is known here, less is preloaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Any


def preload(root: str, used: list[str]) -> None:
    """Import pytest and those of its installed plugins that a run was seen to use (module names)."""
    path, folder = list(sys.path), os.getcwd()
    sys.path[:] = [each for each in path if each and not _is_own(each, root)]
    os.chdir("/")
    try:
        importlib.import_module("pytest")
        _import(_pytest_modules())
        rewriting = _rewriting()
        if rewriting is not None:
            _import([each for each in _plugins() if each in used and _is_installed(each)])
            sys.meta_path.remove(rewriting)
    finally:
        sys.path[:] = path
        os.chdir(folder)


def loaded_files() -> list[str]:
    """The files of everything that is imported here: when one changes, this process is out of date."""
    files = (getattr(each, "__file__", None) for each in list(sys.modules.values()))
    return sorted({each for each in files if isinstance(each, str) and not each.startswith("<")})


def _pytest_modules() -> list[str]:
    config: Any = importlib.import_module("_pytest.config")
    return [f"_pytest.{each}" for each in getattr(config, "default_plugins", ())]


def _import(names: list[str]) -> None:
    for each in names:
        try:
            importlib.import_module(each)
        except BaseException:  # whatever it is, the run that needs the module meets it again
            continue


def _plugins() -> list[str]:
    """The modules of the plugins that are installed."""
    found = (
        each.value.partition(":")[0].strip() for dist in metadata.distributions() for each in _entries(dist)
    )
    return list(dict.fromkeys(found))


def _entries(dist: Any) -> Iterator[Any]:
    try:
        yield from (each for each in dist.entry_points if each.group == "pytest11")
    except Exception:  # a broken distribution is none of a run's business either
        return


def _is_own(path: str, root: str) -> bool:
    inside = os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(root), ""))
    return inside and "site-packages" not in path.split(os.sep)


def _is_installed(name: str) -> bool:
    """Whether a module lies where packages are installed, not in a folder where somebody works on it."""
    try:
        spec = importlib.util.find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec is not None else []
    return any({"site-packages", "dist-packages"} & set(each.split(os.sep)) for each in places)


def _rewriting() -> Any:
    """pytest's own import hook, so that the asserts in plugins are rewritten as they always are; None without it."""
    before = list(sys.meta_path)
    try:
        config_module: Any = importlib.import_module("_pytest.config")
        assertion: Any = importlib.import_module("_pytest.assertion")
        config = config_module.get_config()
        if not hasattr(config, "inicfg"):
            config.inicfg = {}
        hook = assertion.install_importhook(config)
        files = (
            str(each) for dist in metadata.distributions() if any(_entries(dist)) for each in dist.files or ()
        )
        hook.mark_rewrite(*config_module._iter_rewritable_modules(files))
    except Exception:
        sys.meta_path[:] = before
        return None
    return hook
