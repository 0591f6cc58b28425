"""Statistics of readings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from readings import Reading


@dataclass(frozen=True)
class Stats:
    """How many values there were, their mean and their standard deviation."""

    count: int
    mean: float
    deviation: float


def stats(readings: Iterable[Reading], station: str | None = None) -> Stats:
    """The statistics of all readings, or of one station's; of none all is zero."""
    values = [each.value for each in readings if station in (None, each.station)]
    total, count = 0.0, 0
    for value in values:
        total += value
        count += 1
    if not count:
        return Stats(0, 0.0, 0.0)
    mean = total / count
    variance = sum((value - mean) ** 2 for value in values) / count
    return Stats(count, mean, math.sqrt(variance))


def stations(readings: Iterable[Reading]) -> list[str]:
    """The stations that sent readings, in alphabetical order."""
    return sorted({each.station for each in readings})
