"""Lines of a web server's access log in the combined format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Hit:
    """One request and how it was answered."""

    host: str
    user: str | None
    time: datetime
    request: str
    status: int
    size: int
    referrer: str | None
    agent: str | None

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path that was asked for, without the query."""
        words = self.request.split(" ")
        return words[1].partition("?")[0] if len(words) > 1 else ""


LINE = re.compile(
    r"(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<request>.*)" (?P<status>\d{3}) (?P<size>\d+|-)'
    r'(?: "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)")?'
)


def parse(line: str) -> Hit | None:
    """The hit that a line tells of; None for a line of another form. A dash stands for nothing."""
    match = LINE.match(line)
    if match is None:
        return None
    return Hit(
        host=match["host"],
        user=_or_none(match["user"]),
        time=datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z"),
        request=match["request"],
        status=int(match["status"]),
        size=0 if match["size"] == "-" else int(match["size"]),
        referrer=_or_none(match["referrer"]),
        agent=_or_none(match["agent"]),
    )


def _or_none(text: str | None) -> str | None:
    return None if text in (None, "-", "") else text
