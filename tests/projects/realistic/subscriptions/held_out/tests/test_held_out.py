from datetime import date, timedelta
from itertools import islice

import pytest
from subscriptions.months import add_months, months_between
from subscriptions.subscription import Subscription


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2023, 1, 29), 1, date(2023, 2, 28)),
        (date(2024, 1, 29), 1, date(2024, 2, 29)),
        (date(2024, 1, 30), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 5, 31), -3, date(2024, 2, 29)),
        (date(2024, 5, 31), 1, date(2024, 6, 30)),
        (date(2024, 8, 31), 1, date(2024, 9, 30)),
        (date(2024, 10, 31), 2, date(2024, 12, 31)),
        (date(2024, 5, 30), 1, date(2024, 6, 30)),
        (date(2024, 5, 31), 0, date(2024, 5, 31)),
        (date(1900, 1, 31), 1, date(1900, 2, 28)),
    ],
)
def test_add_months(day, months, result):
    assert add_months(day, months) == result


def test_every_day_of_two_years():
    day = date(2023, 1, 1)
    while day.year < 2025:
        for months in range(-13, 14):
            moved = add_months(day, months)
            assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
            last = (moved + timedelta(1)).day == 1
            assert moved.day == day.day or (last and moved.day < day.day)
        day += timedelta(1)


def test_the_day_of_the_month_comes_back():
    days = list(islice(Subscription("x", date(2023, 8, 31)).renewals(), 7))
    assert [each.day for each in days] == [30, 31, 30, 31, 31, 29, 31]


def test_months_between():
    assert months_between(date(2024, 1, 31), date(2024, 2, 28)) == 0
    assert months_between(date(2024, 1, 31), date(2024, 2, 29)) == 1
    assert Subscription("x", date(2024, 1, 31)).paid(date(2024, 4, 30)) == 2000
