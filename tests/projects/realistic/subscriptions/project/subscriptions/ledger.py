"""All subscriptions of a shop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from subscriptions.subscription import Subscription


def due(subscriptions: Iterable[Subscription], day: date) -> list[str]:
    """The customers whose subscription is renewed on a day, in alphabetical order."""
    found = []
    for each in subscriptions:
        if day > each.start and day == next(when for when in each.renewals() if when >= day):
            found.append(each.customer)
    return sorted(found)


def income(subscriptions: Iterable[Subscription], today: date) -> int:
    return sum(each.paid(today) for each in subscriptions)
