import pytest
from board import Board, Column
from card import Card
from summary import points


def test_new_columns_are_empty():
    for _ in range(3):
        column = Column("todo", 1)
        assert column.cards == []
        column.put(Card("a"))
        assert column.is_full


def test_columns_are_apart():
    first, second = Column("one"), Column("two")
    first.put(Card("a"))
    first.put(Card("b"))
    second.put(Card("c"))
    assert first.take("a").title == "a"
    assert [card.title for card in first.cards] == ["b"]
    assert [card.title for card in second.cards] == ["c"]
    with pytest.raises(KeyError):
        second.take("b")


def test_all_the_way():
    board = Board(Column("a"), Column("b", 1), Column("c"))
    board.columns[0].put(Card("x", 5))
    seen = []
    for _ in range(4):
        seen.append(points(board))
        board.advance("x")
    assert (
        seen
        == [{"a": 5, "b": 0, "c": 0}, {"a": 0, "b": 5, "c": 0}] + [{"a": 0, "b": 0, "c": 5}] * 2
    )


def test_the_same_list_over_time():
    column = Column("a")
    column.put(Card("x"))
    column.put(Card("y"))
    assert len(column.cards) == 2
    assert [column.take("x"), column.take("y")] == [Card("x"), Card("y")]
    assert column.cards == []
