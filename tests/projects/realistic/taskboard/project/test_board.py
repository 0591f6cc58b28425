import pytest

from board import Board, Column
from card import Card
from summary import labelled


def titles(column):
    return [card.title for card in column.cards]


def test_order_of_cards():
    column = Column("todo")
    for title in "abc":
        column.put(Card(title), position=0)
    assert titles(column) == ["c", "b", "a"]


def test_limit():
    column = Column("doing", limit=0)
    with pytest.raises(ValueError, match="doing is full"):
        column.put(Card("a"))


def test_card_that_is_not_there():
    with pytest.raises(KeyError):
        Column("todo").take("missing")


def test_labels():
    board = Board(Column("todo"))
    board.columns[0].put(Card("paint", labels={"house"}))
    assert labelled(board, "house") == ["paint"]


def test_advance():
    todo, doing = Column("todo"), Column("doing", limit=1)
    board = Board(todo, doing)
    todo.put(Card("x"))
    todo.put(Card("y"))
    board.advance("x")
    assert titles(todo) == ["y"]
    assert titles(doing) == ["x"]
    with pytest.raises(ValueError, match="doing is full"):
        board.advance("y")
