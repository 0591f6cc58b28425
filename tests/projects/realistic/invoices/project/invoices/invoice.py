"""Invoices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from invoices.money import rounded, split


@dataclass(frozen=True)
class Item:
    """Something sold; the price is for one and without tax."""

    name: str
    price: Decimal
    quantity: int = 1
    tax: Decimal = Decimal(19)

    @property
    def net(self) -> Decimal:
        return self.price * self.quantity


@dataclass
class Invoice:
    """Items for a customer. Tax is computed for each rate on the sum of its items."""

    customer: str
    items: list[Item] = field(default_factory=list)

    def add(self, items: Iterable[Item]) -> None:
        self.items.extend(items)

    @property
    def net(self) -> Decimal:
        return sum((item.net for item in self.items), Decimal(0))

    @property
    def taxes(self) -> dict[Decimal, Decimal]:
        """Tax by rate, the lowest rate first."""
        nets: dict[Decimal, Decimal] = {}
        for item in self.items:
            nets[item.tax] = nets.get(item.tax, Decimal(0)) + item.net
        return {rate: rounded(net * rate / 100) for rate, net in sorted(nets.items())}

    @property
    def gross(self) -> Decimal:
        return rounded(self.net) + sum(self.taxes.values(), Decimal(0))

    def instalments(self, count: int) -> list[Decimal]:
        """What is paid each month when the invoice is paid in instalments."""
        return split(self.gross, count)
