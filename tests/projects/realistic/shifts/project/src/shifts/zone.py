"""Central European time by its current rule, without a time zone database."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

STANDARD = timedelta(hours=1)
SUMMER = timedelta(hours=2)


def last_sunday(year: int, month: int) -> datetime:
    """One in the morning of the last Sunday of a month that has 31 days."""
    day = datetime(year, month, 31, 1)
    return day - timedelta(days=(day.weekday() + 1) % 7)


class CentralEurope(tzinfo):
    """Clocks change on the last Sundays of March and October, at 01:00 UTC."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return STANDARD + self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return timedelta(0)
        wall = moment.replace(tzinfo=None)
        begin = last_sunday(wall.year, 3) + SUMMER
        end = last_sunday(wall.year, 10) + (STANDARD if moment.fold else SUMMER)
        return SUMMER - STANDARD if begin <= wall < end else timedelta(0)

    def fromutc(self, moment: datetime) -> datetime:
        utc = moment.replace(tzinfo=None)
        begin, end = last_sunday(utc.year, 3), last_sunday(utc.year, 10)
        wall = utc + (SUMMER if begin <= utc < end else STANDARD)
        return wall.replace(tzinfo=self, fold=end <= utc < end + STANDARD)

    def tzname(self, moment: datetime | None) -> str:
        return "CEST" if self.dst(moment) else "CET"


CENTRAL_EUROPE = CentralEurope()
