"""One card."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Card:
    title: str
    points: int = 1
    labels: set[str] = field(default_factory=set)
