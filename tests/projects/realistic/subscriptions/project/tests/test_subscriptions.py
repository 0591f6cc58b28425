from datetime import date
from itertools import islice

import pytest

from subscriptions.ledger import due, income
from subscriptions.months import add_months, months_between
from subscriptions.subscription import Subscription


def test_months():
    assert add_months(date(2024, 11, 15), 2) == date(2025, 1, 15)
    assert add_months(date(2024, 1, 15), -1) == date(2023, 12, 15)
    assert months_between(date(2024, 1, 15), date(2024, 4, 14)) == 2


def test_renewals():
    days = islice(Subscription("ada", date(2024, 10, 5), every=3).renewals(), 2)
    assert list(days) == [date(2025, 1, 5), date(2025, 4, 5)]


def test_next_renewal():
    assert Subscription("ada", date(2024, 1, 5)).next_renewal(date(2024, 2, 5)) == date(2024, 3, 5)


def test_begun_on_the_last_day_of_a_month():
    days = islice(Subscription("ada", date(2024, 1, 31)).renewals(), 3)
    assert list(days) == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]


def test_income():
    some = [Subscription("ada", date(2024, 1, 5)), Subscription("bob", date(2024, 3, 1), cents=700)]
    assert income(some, date(2024, 3, 5)) == 3 * 500 + 700


def test_due():
    some = [Subscription("bob", date(2024, 1, 5)), Subscription("ada", date(2023, 12, 5), every=2)]
    assert due(some, date(2024, 2, 5)) == ["ada", "bob"]
    assert due(some, date(2024, 3, 5)) == ["bob"]


def test_due_at_the_end_of_february():
    assert due([Subscription("eve", date(2022, 12, 30))], date(2023, 2, 28)) == ["eve"]


def test_every_month_at_most():
    with pytest.raises(ValueError, match="every month"):
        Subscription("ada", date(2024, 1, 5), every=0)
