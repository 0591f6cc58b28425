import sqlite3

import pytest
from accounts.bank import InsufficientFunds
from accounts.unit import UnitOfWork


def test_any_error_goes_on_and_nothing_is_written(bank):
    with pytest.raises(ZeroDivisionError), UnitOfWork(bank.connection) as work:
        work.execute("update account set cents = 1")
        raise ZeroDivisionError
    assert (bank.balance("ada"), bank.balance("bob")) == (500, 0)


def test_interrupt_goes_on(bank):
    with pytest.raises(KeyboardInterrupt), UnitOfWork(bank.connection):
        raise KeyboardInterrupt
    bank.transfer("ada", "bob", 1)
    assert bank.movements() == 1


def test_opening_twice(bank):
    with pytest.raises(sqlite3.IntegrityError):
        bank.open("ada", 7)
    assert bank.balance("ada") == 500


def test_failed_transfers_leave_no_trace(bank):
    for source, target, error in [
        ("bob", "ada", InsufficientFunds),
        ("eve", "ada", KeyError),
        ("ada", "eve", KeyError),
    ]:
        with pytest.raises(error):
            bank.transfer(source, target, 3)
    assert (bank.balance("ada"), bank.balance("bob"), bank.movements()) == (500, 0, 0)
