import pytest

from accounts.bank import InsufficientFunds


def test_transfer(bank):
    bank.transfer("ada", "bob", 200)
    assert (bank.balance("ada"), bank.balance("bob")) == (300, 200)
    assert bank.movements() == 1


def test_everything(bank):
    bank.transfer("ada", "bob", 500)
    assert bank.balance("ada") == 0


def test_too_much(bank):
    with pytest.raises(InsufficientFunds):
        bank.transfer("ada", "bob", 501)
    assert (bank.balance("ada"), bank.balance("bob")) == (500, 0)


def test_unknown_account(bank):
    with pytest.raises(KeyError):
        bank.balance("eve")


def test_unknown_target(bank):
    with pytest.raises(KeyError):
        bank.transfer("ada", "eve", 1)
    assert bank.movements() == 0
