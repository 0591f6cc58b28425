"""One player's result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Points and the time they took."""

    player: str
    points: int
    seconds: float

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError("a time cannot be negative")
