"""Where rates come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date


class UnknownCurrency(KeyError):
    """A currency that the table does not have."""


class Table:
    """Rates of each day: how much of a currency one euro buys."""

    def __init__(self, days: Mapping[date, Mapping[str, float]]) -> None:
        self._days = days
        self.questions = 0

    def rate(self, day: date, source: str, target: str) -> float:
        """How much of the target currency one unit of the source currency buys.

        Raises:
            UnknownCurrency: a currency is not in the table of that day.
        """
        self.questions += 1
        rates = {"EUR": 1.0, **self._days.get(day, {})}
        for currency in (source, target):
            if currency not in rates:
                raise UnknownCurrency(currency)
        return rates[target] / rates[source]
