"""What is asked of a worker."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heal_lsp.core.text import Encoding, decode, encode

Request = dict[str, Any]
Event = dict[str, Any]


def probe(cwd: str, *, look_for_pytest: bool, seconds: float) -> Request:
    """Ask what the interpreter and its sandbox are."""
    request = open_session("probe", "probe", cwd, seconds=seconds)
    return {**request, "look_for_pytest": look_for_pytest}


def open_session(
    session: str,
    mode: str,
    cwd: str,
    *,
    seconds: float,
    texts: Mapping[str, bytes] | None = None,
    arguments: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    modules: tuple[str, ...] = (),
    masked: tuple[str, ...] | None = None,
) -> Request:
    """Start a session in a mode of ``inside/session.py``, with these texts in place of those on the disk.

    ``masked`` names the files that are hidden in it; None lets the worker look for them.
    """
    return {
        "op": "open",
        "session": session,
        "mode": mode,
        "cwd": cwd,
        "seconds": seconds,
        "texts": encoded(texts or {}),
        "arguments": list(arguments),
        "files": list(files),
        "modules": list(modules),
        "masked": None if masked is None else list(masked),
    }


def run(
    session: str,
    *,
    seconds: float,
    limit: float,
    limits: Mapping[str, float] | None = None,
    select: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    first: tuple[str, ...] = (),
    texts: Mapping[str, bytes] | None = None,
    restore: Mapping[str, bytes] | None = None,
    stop: bool = False,
    coverage: bool = False,
    modules: bool = False,
) -> Request:
    """Run tests in a child of a session, those in ``first`` before the others.

    ``limit`` and ``limits`` bound each test, ``seconds`` all.
    """
    return {
        "op": "run",
        "session": session,
        "seconds": seconds,
        "limit": limit,
        "limits": dict(limits or {}),
        "select": list(select),
        "files": list(files),
        "skip": list(skip),
        "first": list(first),
        "texts": encoded(texts or {}),
        "restore": encoded(restore or {}),
        "stop": stop,
        "coverage": coverage,
        "modules": modules,
    }


def run_script(session: str, path: str, arguments: tuple[str, ...], *, seconds: float) -> Request:
    """Run a script in a child of a session."""
    return {
        **run(session, seconds=seconds, limit=seconds),
        "script": path,
        "arguments": list(arguments),
    }


def encoded(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Files by path, in base64."""
    return {path: base64.b64encode(data).decode("ascii") for path, data in texts.items()}


def on_disk(root: Path, path: str, text: str) -> bytes:
    """The bytes that a text has in its file: the file's present encoding, byte order mark and all.

    Raises:
        UnicodeEncodeError: the text has a character that the encoding lacks.
    """
    return encode(text, encoding_of(root, path, text))


def encoding_of(root: Path, path: str, text: str) -> Encoding:
    """The encoding that a text's own cookie names, with the byte order mark of the file that it replaces."""
    full = root / path
    if os.path.isfile(full):
        with contextlib.suppress(OSError), open(full, "rb") as stream:
            if stream.read(3) == b"\xef\xbb\xbf":
                return Encoding("utf-8", bom=True)
    try:
        # only the first two lines matter, and a cookie is plain ASCII
        head = "".join(text.splitlines(keepends=True)[:2]).encode("utf-8", "replace")
        return decode(head)[1]
    except (SyntaxError, ValueError):
        return Encoding()
