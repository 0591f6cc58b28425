from datetime import datetime, timedelta, timezone

import pytest
from shifts.shift import Shift, local, night_shift
from shifts.wages import hours
from shifts.zone import CENTRAL_EUROPE


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ((2023, 3, 25), 7),
        ((2023, 3, 26), 8),
        ((2023, 10, 28), 9),
        ((2023, 10, 29), 8),
        ((2025, 3, 29), 7),
    ],
)
def test_nights(day, worked):
    assert night_shift("x", *day).worked == timedelta(hours=worked)


def test_zones_may_differ():
    start = datetime(2024, 3, 30, 21, tzinfo=timezone.utc)
    assert Shift("x", start, local(2024, 3, 31, 6)).worked == timedelta(hours=7)
    assert Shift(
        "x", local(2024, 7, 1, 2), datetime(2024, 7, 1, 2, tzinfo=timezone.utc)
    ).worked == timedelta(hours=2)


def test_within_the_hour_that_comes_twice():
    first = datetime(2024, 10, 27, 2, 30, tzinfo=CENTRAL_EUROPE)
    second = first.replace(fold=1)
    assert Shift("x", first, second).worked == timedelta(hours=1)
    assert Shift("x", second, local(2024, 10, 27, 3)).worked == timedelta(minutes=30)


def test_a_whole_year():
    assert hours([Shift("x", local(2023, 1, 1), local(2024, 1, 1))], "x") == 365 * 24
    assert hours([Shift("x", local(2023, 1, 1), local(2023, 7, 1))], "x") == 181 * 24 - 1
