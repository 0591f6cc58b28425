import pytest

from accounts.bank import Bank
from accounts.unit import connect


@pytest.fixture
def bank():
    connection = connect()
    made = Bank(connection)
    made.open("ada", 500)
    made.open("bob")
    yield made
    connection.close()
