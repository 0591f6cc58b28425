from datetime import timedelta

from shifts.shift import Shift, local, night_shift
from shifts.wages import hours, wage


def test_day_shift():
    assert Shift("ada", local(2024, 5, 2, 8), local(2024, 5, 2, 16, 30)).worked == timedelta(
        hours=8.5
    )


def test_night_shift():
    assert night_shift("ada", 2024, 5, 2).worked == timedelta(hours=8)


def test_night_in_which_an_hour_is_left_out():
    assert night_shift("ada", 2024, 3, 30).worked == timedelta(hours=7)


def test_hours_of_a_worker():
    shifts = [night_shift("ada", 2024, 5, 2), night_shift("bob", 2024, 5, 2)]
    assert hours(shifts, "ada") == 8


def test_wage_for_the_long_night():
    assert wage([night_shift("bob", 2024, 10, 26)], "bob", 20) == 180
