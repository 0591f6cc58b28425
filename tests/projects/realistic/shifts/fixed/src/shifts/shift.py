"""One shift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shifts.zone import CENTRAL_EUROPE


@dataclass(frozen=True)
class Shift:
    """Somebody's work from one moment to another, both with a time zone."""

    worker: str
    start: datetime
    end: datetime

    @property
    def worked(self) -> timedelta:
        """How long the shift really lasted."""
        return self.end.astimezone(timezone.utc) - self.start.astimezone(timezone.utc)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment by the clocks of the works."""
    return datetime(year, month, day, hour, minute, tzinfo=CENTRAL_EUROPE)


def night_shift(worker: str, year: int, month: int, day: int) -> Shift:
    """The shift from 22:00 of a day to 06:00 of the next."""
    start = local(year, month, day, 22)
    return Shift(worker, start, (start + timedelta(days=1)).replace(hour=6))
