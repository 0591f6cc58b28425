"""One entry of a time sheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FORMAT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Entry:
    """Work on a project from one moment to another."""

    project: str
    start: datetime
    end: datetime
    billable: bool = True

    @property
    def hours(self) -> float:
        """How long the work took, in hours."""
        return (self.end - self.start).total_seconds() / 3600

    def overlaps(self, other: Entry) -> bool:
        """Whether two entries share some time."""
        return self.start < other.end and other.start < self.end


def parse_entry(line: str) -> Entry:
    """Read ``project; start; end`` with an optional ``; internal`` for work that nobody pays.

    Raises:
        ValueError: the line has too few fields, or the end lies before the start.
    """
    fields = [field.strip() for field in line.split(";")]
    if len(fields) < 3:
        raise ValueError(f"expected at least three fields: {line!r}")
    project, start, end = fields[:3]
    entry = Entry(
        project,
        datetime.strptime(start, FORMAT),
        datetime.strptime(end, FORMAT),
        billable="internal" not in fields[3:],
    )
    if entry.end < entry.start:
        raise ValueError(f"the end lies before the start: {line!r}")
    return entry
