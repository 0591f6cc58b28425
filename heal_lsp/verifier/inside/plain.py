"""How pytest runs here, whatever a project and its plugins would have. Standard library only, Python 3.9 up."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

_TAKEN_BACK: dict[str, Any] = {
    # pytest-xdist
    "numprocesses": 0,
    "dist": "no",
    "tx": [],
    "distload": False,
    "looponfail": False,
    # pytest-cov
    "no_cov": True,
    # pytest-randomly
    "randomly_reorganize": False,
}
"""Options of plugins, by their names in pytest's namespace. Which of them there are is known only when pytest has read
its configuration: that can load a plugin as well as switch it off."""


def pytest_arguments() -> list[str]:
    """What every run adds to pytest's command line."""
    # the recorder reads the exceptions; what pytest would print of them is the dearest part of a failing test
    cache = f"cache_dir={tempfile.gettempdir()}/heal-pytest-cache"
    return ["-s", "-q", "--tb=line", "--maxfail=0", "-o", cache]


def make_plain_plugin(report: Any) -> Any:
    """What keeps other plugins from spreading tests over processes, shuffling them or measuring them."""

    class Plugin:
        @report.hookimpl(hookwrapper=True, tryfirst=True)  # type: ignore[untyped-decorator,unused-ignore]
        def pytest_load_initial_conftests(self, early_config: Any) -> Any:
            _take_back(early_config.known_args_namespace)
            yield

        @report.hookimpl(hookwrapper=True, tryfirst=True)  # type: ignore[untyped-decorator,unused-ignore]
        def pytest_cmdline_main(self, config: Any) -> Any:
            _take_back(config.option)
            yield

    return Plugin()


def _take_back(options: Any) -> None:
    for name, value in _TAKEN_BACK.items():
        if hasattr(options, name):
            setattr(options, name, list(value) if isinstance(value, list) else value)


def fail_fast() -> None:
    """Let hypothesis stop at the first counterexample that it finds: to refuse a candidate it need not be the smallest.

    Looking for that takes many times as long as finding one. What a test asks for by itself stays as it is.
    """
    hypothesis = sys.modules.get("hypothesis")
    try:
        settings, phases = hypothesis.settings, hypothesis.Phase  # type: ignore[union-attr]
        wanted = [each for each in settings.default.phases if each.name in ("explicit", "reuse", "generate")]
        if phases.generate in wanted:
            settings.register_profile("heal-lsp", settings.default, phases=wanted)
            settings.load_profile("heal-lsp")
    except Exception:  # not there, or of another version: it is only slower then
        return
