from itertools import permutations

from leaderboard import Board, Result

EXPECTED = [
    Result("dan", 30, 9),
    Result("bob", 20, 5),
    Result("Zoe", 20, 7.5),
    Result("ada", 20, 7.5),
    Result("eve", 20, 7.5),
    Result("flo", 0, 0),
    Result("gus", -5, 1),
]


def test_any_order_of_results():
    for order in [*permutations(EXPECTED[:5]), EXPECTED, EXPECTED[::-1]]:
        board = Board()
        for each in order:
            board.add(each)
        assert board.ranking() == [each for each in EXPECTED if each in order]
        assert board.rank("eve") == board.rank("ada") == 3


def test_level_players_by_name():
    board = Board()
    for player in ("b", "c", "a", "d"):
        board.add(Result(player, 1, 2.5))
    assert board.podium() == ["a", "b", "c"]
