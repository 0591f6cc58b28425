from tickets.model import Ticket, save, tickets, waiting


def ids(query):
    return [each.id for each in query]


def test_all(database):
    assert ids(tickets(database)) == [1, 2, 3, 4, 5]


def test_equal(database):
    assert ids(tickets(database).filter(assignee="ada")) == [1]
    assert tickets(database).filter(title="typo").first() == Ticket(2, "typo", 1)


def test_compared(database):
    assert ids(tickets(database).filter(priority__gte=2, priority__lt=5)) == [1, 4, 5]


def test_queries_stay_as_they_are(database):
    urgent = tickets(database).filter(priority__gt=1)
    assert urgent.filter(assignee="bob").count() == 1
    assert urgent.count() == 4


def test_waiting(database):
    assert ids(waiting(database)) == [3, 2]


def test_saved_again(database):
    save(database, Ticket(2, "typo", 1, "eve"))
    assert ids(tickets(database).filter(assignee="eve")) == [2]


def test_nobody(database):
    assert tickets(database).filter(assignee=None).count() == 3
