"""A stay in a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Stay:
    """A guest's stay, until the day of departure, on which the room is free again."""

    guest: str
    room: int
    arrival: date
    departure: date

    def __post_init__(self) -> None:
        if self.departure <= self.arrival:
            raise ValueError("a stay lasts one night at least")

    @property
    def nights(self) -> int:
        return (self.departure - self.arrival).days

    def clashes_with(self, other: Stay) -> bool:
        """Whether two stays need the same room in the same night."""
        return (
            self.room == other.room
            and self.arrival < other.departure
            and self.departure > other.arrival
        )
