"""Converting amounts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date

from rates.table import Table


class Converter:
    """Converts amounts, and asks the table for each rate only once while it is remembered."""

    def __init__(self, table: Table, remembered: int = 128) -> None:
        self._table = table
        self._remembered = remembered
        self._cache: OrderedDict[tuple[object, ...], float] = OrderedDict()

    def rate(self, day: date, source: str, target: str) -> float:
        """The rate of a day; the least recently used one is forgotten first."""
        if source == target:
            return 1.0
        key = (day, source, target)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        rate = self._table.rate(day, source, target)
        self._cache[key] = rate
        if len(self._cache) > self._remembered:
            self._cache.popitem(last=False)
        return rate

    def convert(self, amount: float, source: str, target: str, day: date) -> float:
        """An amount in another currency, rounded to hundredths."""
        return round(amount * self.rate(day, source, target), 2)
