"""The key under which a fix is remembered: what failed, not when and where it happened to fail."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from heal_lsp.core.model import Failure

_UNIT = r"(?:ns|µs|us|ms|s|secs?|seconds?|min|minutes?|h|hours?)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), word)
    for pattern, flags, word in (
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE, "<uuid>"),
        (r"\b0x[0-9a-f]+\b", re.IGNORECASE, "<address>"),
        (r"\bdatetime\.(?:datetime|date|time|timedelta)\((?:[^()]|\([^()]*\))*\)", 0, "<time>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", 0, "<time>"),
        (r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b", 0, "<time>"),
        (r"(['\"])(?:file://)?/[^'\"\r\n]*/[^'\"\r\n]*\1", 0, "<path>"),
        (r"(['\"])[a-z]:[\\/][^'\"\r\n]*\1", re.IGNORECASE, "<path>"),
        (r"(?:file://|(?<![\w./<]))/[^\s'\",;:()\[\]{}<>/]+(?:/[^\s'\",;:()\[\]{}<>/]+)+/?", 0, "<path>"),
        (r"\b[a-z]:[\\/][^\s'\",;:()\[\]{}<>]+", re.IGNORECASE, "<path>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", re.IGNORECASE, "<id>"),
        (rf"\b\d+(?:\.\d+)?(?:e-?\d+)? ?{_UNIT}\b", 0, "<duration>"),
        (r"\b\d{7,}(?:\.\d+)?\b", 0, "<number>"),
    )
)


def normalised_message(message: str) -> str:
    """A failure's message without what differs from run to run.

    Addresses, absolute paths, times, durations, uuids and long numbers give way to words; white space is
    evened out.
    """
    for pattern, word in _RULES:
        message = pattern.sub(word, message)
    return " ".join(message.split())


def fix_key(
    normalised_source: str, failure: Failure, test_sources: Mapping[str, str], python_minor: str
) -> str:
    """Name a failure of a function so that the same failure next time has the same name.

    Args:
        normalised_source: the function's source without comments, formatting and docstring.
        failure: the first failure of the repair.
        test_sources: the failing tests' sources by test id; only the sources count.
        python_minor: the project's Python version, such as ``3.12``.
    """
    parts = {
        "function": normalised_source,
        "exception": failure.exception,
        "message": normalised_message(failure.message),
        "tests": sorted({_plain(each) for each in test_sources.values()}),
        "python": python_minor,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8")).hexdigest()


def _plain(source: str) -> str:
    """A test's source whatever its line endings and trailing white space."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()
