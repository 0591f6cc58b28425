"""The board as text."""

from __future__ import annotations

from leaderboard.board import Board


def table(board: Board) -> str:
    return "\n".join(
        f"{board.rank(each.player):>2}. {each.player:<10} {each.points:>4} {each.seconds:>7.1f}s"
        for each in board.ranking()
    )
