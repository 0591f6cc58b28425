"""Results of a contest and who leads it."""

from leaderboard.board import Board
from leaderboard.result import Result

__all__ = ["Board", "Result"]
