"""Sums over entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from timelog.entries import Entry


def hours_by_project(entries: Iterable[Entry]) -> dict[str, float]:
    """Hours by project, the projects in alphabetical order."""
    totals: dict[str, float] = defaultdict(float)
    for entry in entries:
        totals[entry.project] += entry.hours
    return dict(sorted(totals.items()))


def billable_hours(entries: Iterable[Entry]) -> float:
    """Hours that a customer pays for."""
    return sum(entry.hours for entry in entries if entry.billable)
