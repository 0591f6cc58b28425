"""Plane vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any


class Vector:
    """A vector of the plane. Subclasses keep their type under the operations."""

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y

    @classmethod
    def polar(cls, length: float, degrees: float) -> Vector:
        """The vector of a length in a direction, counted from the x axis to the left."""
        angle = math.radians(degrees)
        return Vector(length * math.cos(angle), length * math.sin(angle))

    @classmethod
    def total(cls, vectors: Iterable[Vector]) -> Vector:
        """The sum of vectors."""
        result = cls(0, 0)
        for each in vectors:
            result = result + each
        return result

    @property
    def length(self) -> float:
        return math.hypot(self.x, self.y)

    def __add__(self, other: Vector) -> Vector:
        return type(self)(self.x + other.x, self.y + other.y)

    def __mul__(self, factor: float) -> Vector:
        return type(self)(self.x * factor, self.y * factor)

    def __eq__(self, other: Any) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.x, self.y) == (other.x, other.y)

    def __hash__(self) -> int:
        return hash((type(self), self.x, self.y))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.x:g}, {self.y:g})"
