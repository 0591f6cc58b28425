"""The catalogue as text."""

from __future__ import annotations

from catalog import Product
from paging import Page


def price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def listing(page: Page[Product]) -> str:
    """A page's products, one a line, and where one is."""
    lines = [f"{each.name:<20}{price(each.cents):>8}" for each in page.items]
    lines.append(f"page {page.number} of {page.pages}")
    return "\n".join(lines)
