"""Wages by the hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from shifts.shift import Shift

HOUR = timedelta(hours=1)


def hours(shifts: Iterable[Shift], worker: str) -> float:
    """Hours that somebody worked."""
    worked = (each.worked for each in shifts if each.worker == worker)
    return sum(worked, timedelta()) / HOUR


def wage(shifts: Iterable[Shift], worker: str, hourly: float) -> float:
    return round(hours(shifts, worker) * hourly, 2)
