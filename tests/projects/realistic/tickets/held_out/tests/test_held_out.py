import pytest
from tickets.model import Ticket, save, tickets, waiting


def ids(query):
    return [each.id for each in query]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"assignee": None}, [2, 3, 5]),
        ({"closed": None}, [1, 2, 3]),
        ({"assignee": None, "priority__gt": 1}, [3, 5]),
        ({"priority__gt": 1, "assignee": None, "title": "noise"}, [5]),
        ({"assignee": "ada", "closed": None}, [1]),
        ({"assignee": "None"}, []),
        ({"assignee": ""}, []),
        ({"priority": 2}, [4, 5]),
        ({"priority__ne": 2}, [1, 2, 3]),
        ({"priority": 0}, []),
    ],
)
def test_filters(database, wanted, found):
    assert ids(tickets(database).filter(**wanted)) == found
    assert tickets(database).filter(**wanted).count() == len(found)


def test_values_that_are_false_are_no_null(database):
    save(database, Ticket(6, "later", 0, ""))
    assert ids(tickets(database).filter(priority=0)) == [6]
    assert ids(tickets(database).filter(assignee="")) == [6]
    assert ids(tickets(database).filter(assignee=None)) == [2, 3, 5]


def test_step_by_step(database):
    nobody = tickets(database).filter(assignee=None)
    assert ids(nobody.filter(priority=5)) == [3]
    assert ids(nobody.order_by("-id")) == [5, 3, 2]
    assert [each.title for each in waiting(database)] == ["crash", "typo"]
