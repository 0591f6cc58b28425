"""Calls for papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deadlines.moments import days_left, parse_moment


@dataclass(frozen=True)
class Call:
    """A conference that takes papers until a moment."""

    conference: str
    deadline: datetime

    def is_open(self, now: datetime) -> bool:
        return now <= self.deadline


class Calls:
    """Several calls."""

    def __init__(self, deadlines: Mapping[str, str]) -> None:
        self._calls = [Call(name, parse_moment(text)) for name, text in deadlines.items()]

    def open(self, now: datetime) -> list[Call]:
        """The calls that still take papers, the most urgent first."""
        found = [call for call in self._calls if call.is_open(now)]
        return sorted(found, key=lambda call: call.deadline)

    def reminder(self, now: datetime) -> str:
        """One line for each open call."""
        lines = []
        for call in self.open(now):
            days = days_left(call.deadline, now)
            left = {0: "today", 1: "1 day left"}.get(days, f"{days} days left")
            lines.append(f"{call.conference}: {left}")
        return "\n".join(lines)
