import sqlite3

import pytest

from tickets.model import Ticket, create, save


@pytest.fixture
def database():
    connection = sqlite3.connect(":memory:")
    create(connection)
    for ticket in (
        Ticket(1, "leak", 3, "ada"),
        Ticket(2, "typo", 1),
        Ticket(3, "crash", 5),
        Ticket(4, "slow", 2, "bob", "2024-03-01"),
        Ticket(5, "noise", 2, None, "2024-04-01"),
    ):
        save(connection, ticket)
    yield connection
    connection.close()
