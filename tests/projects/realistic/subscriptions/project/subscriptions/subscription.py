"""One subscription."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from subscriptions.months import add_months, months_between


@dataclass(frozen=True)
class Subscription:
    """Paid for in advance, every so many months, from its first day on."""

    customer: str
    start: date
    every: int = 1
    cents: int = 500

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError("a subscription is renewed every month at most")

    def renewals(self) -> Iterator[date]:
        """The days of renewal, without end. The first day is none of them."""
        number = 1
        while True:
            yield add_months(self.start, number * self.every)
            number += 1

    def next_renewal(self, today: date) -> date:
        """The first renewal after a day."""
        return next(day for day in self.renewals() if day > today)

    def paid(self, today: date) -> int:
        """What was paid up to a day, that day included, in cents."""
        if today < self.start:
            return 0
        return (months_between(self.start, today) // self.every + 1) * self.cents
