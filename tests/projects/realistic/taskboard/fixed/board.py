"""A board with columns of cards."""

from __future__ import annotations

from card import Card


class Column:
    """Cards in the order of work, perhaps with a limit to how many there may be."""

    def __init__(self, title: str, limit: int | None = None) -> None:
        self.title = title
        self.limit = limit
        self.cards: list[Card] = []

    @property
    def is_full(self) -> bool:
        return self.limit is not None and len(self.cards) >= self.limit

    def put(self, card: Card, position: int | None = None) -> None:
        """Put a card in, at the end if nothing else is said.

        Raises:
            ValueError: the column is full.
        """
        if self.is_full:
            raise ValueError(f"{self.title} is full")
        self.cards.insert(len(self.cards) if position is None else position, card)

    def take(self, title: str) -> Card:
        """Take a card out.

        Raises:
            KeyError: no card has that title.
        """
        for card in self.cards:
            if card.title == title:
                self.cards.remove(card)
                return card
        raise KeyError(title)


class Board:
    """Columns, from what is to be done to what is done."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def column_of(self, title: str) -> Column:
        """The column that a card is in.

        Raises:
            KeyError: no card has that title.
        """
        for column in self.columns:
            if any(card.title == title for card in column.cards):
                return column
        raise KeyError(title)

    def advance(self, title: str) -> None:
        """Move a card to the next column; a card in the last one stays.

        Raises:
            ValueError: the next column is full.
        """
        here = self.columns.index(self.column_of(title))
        if here + 1 < len(self.columns):
            following = self.columns[here + 1]
            if following.is_full:
                raise ValueError(f"{following.title} is full")
            following.put(self.columns[here].take(title))
