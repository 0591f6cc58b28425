"""Readings of sensors, one a line: ``station value``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


class BadReading(ValueError):
    """A line that is no reading."""


@dataclass(frozen=True)
class Reading:
    station: str
    value: float


def parse(lines: Iterable[str]) -> Iterator[Reading]:
    """The readings of lines; blank lines and comments after ``#`` do not count.

    Raises:
        BadReading: a line is no reading.
    """
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            station, value = text.split()
            yield Reading(station, float(value))
        except ValueError:
            raise BadReading(f"line {number}: {text}") from None
