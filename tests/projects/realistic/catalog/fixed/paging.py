"""Pages of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page. Pages are counted from 1; there is always a first one, be it empty."""

    items: Sequence[T]
    number: int
    pages: int
    total: int

    @property
    def has_next(self) -> bool:
        return self.number < self.pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def page_of(items: Sequence[T], number: int, size: int) -> Page[T]:
    """A page of some items; a number beyond the last page gives the last page.

    Raises:
        ValueError: the size or the number is not positive.
    """
    if size < 1 or number < 1:
        raise ValueError("pages and their sizes are counted from 1")
    pages = max(1, -(-len(items) // size))
    number = min(number, pages)
    start = (number - 1) * size
    return Page(items[start : start + size], number, pages, len(items))
