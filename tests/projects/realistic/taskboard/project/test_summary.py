from board import Board, Column
from card import Card
from summary import points


def test_points():
    board = Board(Column("todo"), Column("done"))
    board.columns[0].put(Card("s", 2))
    board.columns[1].put(Card("t", 3))
    assert points(board) == {"todo": 2, "done": 3}
