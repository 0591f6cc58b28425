"""A report on a file of readings."""

from __future__ import annotations

from collections.abc import Iterable

from readings import parse
from stats import stations, stats


def report(lines: Iterable[str]) -> str:
    """One line for each station, and one for all together."""
    readings = list(parse(lines))
    rows = [(name, stats(readings, name)) for name in stations(readings)]
    rows.append(("all", stats(readings)))
    return "\n".join(
        f"{name}: {row.count} readings, {row.mean:.1f} ± {row.deviation:.1f}" for name, row in rows
    )
