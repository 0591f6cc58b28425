"""The stays of a house."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from bookings.stay import Stay


class RoomTaken(Exception):
    """Somebody else has the room."""


class Calendar:
    """Rooms and who stays in them."""

    def __init__(self, rooms: Iterable[int]) -> None:
        self.rooms = tuple(rooms)
        self.stays: list[Stay] = []

    def book(self, stay: Stay) -> None:
        """Add a stay.

        Raises:
            KeyError: there is no such room.
            RoomTaken: it clashes with another stay.
        """
        if stay.room not in self.rooms:
            raise KeyError(stay.room)
        for other in self.stays:
            if stay.clashes_with(other):
                raise RoomTaken(f"room {stay.room} is taken by {other.guest}")
        self.stays.append(stay)

    def free_rooms(self, arrival: date, nights: int = 1) -> list[int]:
        """The rooms that somebody could have for some nights."""
        departure = arrival + timedelta(days=nights)
        wanted = [Stay("", room, arrival, departure) for room in self.rooms]
        return [
            each.room
            for each in wanted
            if not any(each.clashes_with(other) for other in self.stays)
        ]

    def nights_sold(self) -> int:
        return sum(stay.nights for stay in self.stays)
