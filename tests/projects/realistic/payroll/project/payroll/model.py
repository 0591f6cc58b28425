"""Employees and what they earn."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

REGULAR_HOURS = Decimal(160)
OVERTIME_FACTOR = Decimal("1.5")


@dataclass(frozen=True)
class Employee:
    """Somebody who works by the hour."""

    name: str
    hours: Decimal
    rate: Decimal

    @property
    def pay(self) -> Decimal:
        """Pay for the month; hours beyond the regular ones count one and a half times."""
        overtime = max(self.hours - REGULAR_HOURS, Decimal(0))
        regular = self.hours - overtime
        return regular * self.rate + overtime * self.rate * OVERTIME_FACTOR
