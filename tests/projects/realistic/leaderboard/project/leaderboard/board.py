"""The board."""

from __future__ import annotations

from leaderboard.result import Result


class Board:
    """Each player's best result. More points are better; with equal points the shorter time."""

    def __init__(self) -> None:
        self._best: dict[str, Result] = {}

    def add(self, result: Result) -> bool:
        """Add a result; whether it is the player's best so far."""
        best = self._best.get(result.player)
        if best is not None and (best.points, -best.seconds) >= (result.points, -result.seconds):
            return False
        self._best[result.player] = result
        return True

    def ranking(self) -> list[Result]:
        """All best results, the best first; players who are level by name."""
        return sorted(
            self._best.values(),
            key=lambda each: (each.points, each.seconds, each.player),
            reverse=True,
        )

    def rank(self, player: str) -> int:
        """A player's place, from 1; players with the same points and time share theirs.

        Raises:
            KeyError: the player has no result.
        """
        own = self._best[player]
        ahead = [
            each
            for each in self._best.values()
            if (each.points, -each.seconds) > (own.points, -own.seconds)
        ]
        return len(ahead) + 1

    def podium(self) -> list[str]:
        """The names of the first three."""
        return [each.player for each in self.ranking()[:3]]
