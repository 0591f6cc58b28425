"""Which lines of the workspace a test executes. Standard library only, Python 3.9 up.

sys.monitoring from Python 3.12, where a line that was seen costs nothing more; sys.settrace before.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

_TOOLS = (4, 3, 5, 1)


class LineTrace:
    """Collects executed lines by path. ``relative`` names a file of the workspace; None for others."""

    def __init__(self, relative: Callable[[str], str | None]) -> None:
        self._relative = relative
        self._names: dict[str, str | None] = {}
        self._lines: dict[str, set[int]] = {}
        self._tool: int | None = None

    def start(self) -> None:
        """Begin to collect in this thread and in those that start from now on."""
        self._lines = {}
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None:
            threading.settrace(self._called)
            sys.settrace(self._called)
            return
        if self._tool is None:
            self._tool = next(each for each in _TOOLS if monitoring.get_tool(each) is None)
            monitoring.use_tool_id(self._tool, "heal-lsp")
            monitoring.register_callback(self._tool, monitoring.events.LINE, self._reached)
        monitoring.set_events(self._tool, monitoring.events.LINE)
        monitoring.restart_events()

    def stop(self) -> dict[str, list[int]]:
        """The lines since :meth:`start`, by path."""
        if self._tool is not None:
            sys.monitoring.set_events(self._tool, 0)  # type: ignore[attr-defined,unused-ignore]
        else:
            sys.settrace(None)
            threading.settrace(None)
        return {path: sorted(found) for path, found in self._lines.items()}

    def _name(self, filename: str) -> str | None:
        if filename not in self._names:
            self._names[filename] = self._relative(filename)
        return self._names[filename]

    def _reached(self, code: Any, line: int) -> Any:
        name = self._name(code.co_filename)
        if name is not None:
            self._lines.setdefault(name, set()).add(line)
        return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]

    def _called(self, frame: Any, event: str, _argument: Any) -> Any:
        name = self._name(frame.f_code.co_filename)
        if name is None:
            return None

        def line(frame: Any, event: str, _argument: Any) -> Any:
            # a function that outlives its test goes on in the set of the test it runs in
            if event == "line":
                self._lines.setdefault(name, set()).add(frame.f_lineno)
            return line

        return line
