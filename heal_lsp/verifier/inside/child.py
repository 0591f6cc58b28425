"""One run of tests or of a script, in a process forked for it. Standard library only, Python 3.9 up."""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from . import confine
from .enclosure import Enclosure
from .listeners import Listeners
from .plain import make_plain_plugin, pytest_arguments

MAX_OUTPUT = 1 << 18
"""Bytes of a script's output that are kept: its end."""
DRAIN_SECONDS = 1.0
"""How long a script's own children may go on writing after it ended."""


def texts_of(encoded: dict[str, str]) -> dict[str, bytes]:
    """Files as they cross a boundary: by path, in base64."""
    return {path: base64.b64decode(data) for path, data in encoded.items()}


class Child:
    """The child's side: one run of tests or of a script."""

    def __init__(
        self,
        config: dict[str, Any],
        request: dict[str, Any],
        tell: Callable[[dict[str, Any]], None],
        report: Any,
    ) -> None:
        self.config = config
        self.request = request
        self.tell = tell
        self._report = report
        self._errors = _Tail()

    def enter(self, enclosure: Enclosure) -> None:
        """Shut this process into its own view of the workspace."""
        os.setsid()
        try:
            confine.die_with_parent()
            enclosure.enter(texts_of(self.request["texts"]))
        except (OSError, ValueError) as error:
            self.finish(exit=-1, reason=str(error))
        importlib.invalidate_caches()

    def finish(self, **what: Any) -> None:
        """Tell that the run is over, and end the process at once."""
        self.tell({"event": "done", **what})
        os._exit(0)

    def run_script(self) -> None:
        """Run a file as ``__main__``."""
        path, arguments = self.request["script"], self.request["arguments"]
        listeners = Listeners(self.config, self._report)
        listeners.begin(self)
        full = os.path.join(self.config["root"], path)
        sys.argv = [full, *arguments]
        sys.path[0] = os.path.dirname(full)
        main = types.ModuleType("__main__")
        main.__dict__.update({"__file__": full, "__builtins__": __builtins__})
        sys.modules["__main__"] = main
        self.tell({"event": "start", "id": path})
        output = _Output()
        try:
            with open(full, "rb") as stream:
                code = compile(stream.read(), full, "exec", dont_inherit=True)
            exec(code, main.__dict__)
            for each in threading.enumerate():
                if each is not threading.current_thread() and not each.daemon:
                    each.join()
        except SystemExit:
            pass
        except BaseException as error:
            listeners.recorder.add_exception(error, "run", (path, *arguments))
        self.finish(exit=0, output=output.text())

    def run_pytest(self) -> None:
        """Configure pytest and run it to the end."""
        import pytest

        listeners = Listeners(self.config, self._report)
        listeners.begin(self)
        arguments = [*self.config["arguments"], *pytest_arguments(), *self.request["files"]]
        sys.argv = ["pytest", *arguments]
        sys.stderr = self._errors
        code = pytest.main(arguments, plugins=[make_plain_plugin(self._report), *listeners.plugins])
        self.finish(exit=int(code), reason=self._errors.text)

    def restore_errors(self) -> None:
        """From here on pytest's complaints come as reports."""
        sys.stderr = sys.__stderr__


class _Output:
    """Reads what this process and its children write to standard output and error; keeps the end of it."""

    def __init__(self) -> None:
        self._kept = b""
        self._reader, writer = os.pipe()
        for standard in (1, 2):
            os.dup2(writer, standard)
        os.close(writer)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            data = os.read(self._reader, 1 << 16)
            if not data:
                return
            self._kept = (self._kept + data)[-MAX_OUTPUT:]

    def text(self) -> str:
        """What was written, from here on to nowhere."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        null = os.open(os.devnull, os.O_WRONLY)
        for standard in (1, 2):
            os.dup2(null, standard)
        self._thread.join(DRAIN_SECONDS)
        return self._kept.decode("utf-8", "replace")


class _Tail(io.TextIOBase):
    """Keeps the end of what is written: what pytest says when it cannot begin."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = (self.text + text)[-2000:]
        return len(text)
