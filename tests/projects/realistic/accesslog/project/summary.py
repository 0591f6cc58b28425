"""What an access log says on the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from logline import Hit, parse


def hits(lines: Iterable[str]) -> list[Hit]:
    """The hits of a log; lines of another form are passed over."""
    return [hit for hit in map(parse, lines) if hit is not None]


def top_paths(lines: Iterable[str], count: int = 3) -> list[tuple[str, int]]:
    """The paths asked for most often, with how often."""
    return Counter(hit.path for hit in hits(lines)).most_common(count)


def error_rate(lines: Iterable[str]) -> float:
    """The share of answers that were errors of the server; 0 for an empty log."""
    found = hits(lines)
    if not found:
        return 0.0
    return sum(hit.status >= 500 for hit in found) / len(found)
