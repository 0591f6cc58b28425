"""A shop's catalogue in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from paging import Page, page_of


@dataclass(frozen=True)
class Product:
    name: str
    cents: int
    tags: frozenset[str] = frozenset()


class Catalog:
    """Products that can be looked through page by page."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = sorted(products, key=lambda each: each.name.casefold())

    def search(self, words: str = "", tag: str | None = None) -> list[Product]:
        """Products with all words in their name and with the tag, by name."""
        wanted = words.casefold().split()
        return [
            each
            for each in self._products
            if all(word in each.name.casefold() for word in wanted)
            and (tag is None or tag in each.tags)
        ]

    def browse(self, number: int = 1, size: int = 10, tag: str | None = None) -> Page[Product]:
        """One page of the products with a tag."""
        return page_of(self.search(tag=tag), number, size)
