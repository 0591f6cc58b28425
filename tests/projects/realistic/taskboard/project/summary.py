"""Numbers about a board."""

from __future__ import annotations

from board import Board


def points(board: Board) -> dict[str, int]:
    """Points by column."""
    return {column.title: sum(card.points for card in column.cards) for column in board.columns}


def labelled(board: Board, label: str) -> list[str]:
    """Titles of the cards with a label."""
    return [card.title for column in board.columns for card in column.cards if label in card.labels]
