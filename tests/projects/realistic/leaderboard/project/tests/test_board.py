import pytest

from leaderboard import Board, Result
from leaderboard.text import table


def board(*results):
    made = Board()
    for each in results:
        made.add(Result(*each))
    return made


def test_best_result_counts():
    made = Board()
    assert made.add(Result("ada", 10, 5))
    assert not made.add(Result("ada", 9, 1))
    assert made.add(Result("ada", 10, 4))
    assert made.ranking() == [Result("ada", 10, 4)]


def test_most_points_first():
    assert board(("ada", 10, 5), ("bob", 30, 9), ("eve", 20, 1)).podium() == ["bob", "eve", "ada"]


def test_shorter_time_first():
    made = board(("ada", 10, 8), ("bob", 10, 5), ("eve", 20, 9))
    assert made.podium() == ["eve", "bob", "ada"]


def test_rank():
    made = board(("ada", 10, 8), ("bob", 10, 5), ("eve", 10, 8))
    assert [made.rank(name) for name in ("bob", "ada", "eve")] == [1, 2, 2]


def test_level_players_by_name():
    assert board(("eve", 10, 8), ("ada", 10, 8)).podium() == ["ada", "eve"]


def test_table():
    assert table(board(("ada", 10, 8), ("bob", 20, 8))).splitlines() == [
        " 1. bob          20     8.0s",
        " 2. ada          10     8.0s",
    ]


def test_negative_time():
    with pytest.raises(ValueError, match="negative"):
        Result("ada", 1, -1)
