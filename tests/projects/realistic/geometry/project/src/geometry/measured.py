"""Vectors with a unit."""

from __future__ import annotations

from geometry.vector import Vector


class Displacement(Vector):
    """A way in metres."""

    def over(self, seconds: float) -> Velocity:
        """The velocity that covers this way in a time.

        Raises:
            ValueError: the time is not positive.
        """
        if seconds <= 0:
            raise ValueError("the time must be positive")
        return Velocity(self.x / seconds, self.y / seconds)


class Velocity(Vector):
    """Metres a second."""

    @property
    def kilometres_per_hour(self) -> float:
        return self.length * 3.6

    def during(self, seconds: float) -> Displacement:
        """The way covered in a time."""
        return Displacement(self.x * seconds, self.y * seconds)
