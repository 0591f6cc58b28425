from datetime import date

import pytest

from bookings.calendar import RoomTaken
from bookings.stay import Stay


def test_same_nights(calendar):
    with pytest.raises(RoomTaken, match="Ada"):
        calendar.book(Stay("Bob", 1, date(2024, 5, 11), date(2024, 5, 12)))


def test_another_room(calendar):
    calendar.book(Stay("Bob", 2, date(2024, 5, 11), date(2024, 5, 12)))
    assert calendar.nights_sold() == 4


def test_arrival_on_the_day_of_departure(calendar):
    calendar.book(Stay("Bob", 1, date(2024, 5, 13), date(2024, 5, 15)))
    assert calendar.nights_sold() == 5


def test_departure_on_the_day_of_arrival(calendar):
    calendar.book(Stay("Bob", 1, date(2024, 5, 8), date(2024, 5, 10)))
    assert calendar.nights_sold() == 5


def test_free_rooms(calendar):
    assert calendar.free_rooms(date(2024, 5, 12)) == [2]
    assert calendar.free_rooms(date(2024, 5, 13)) == [1, 2]


def test_no_night():
    with pytest.raises(ValueError, match="one night"):
        Stay("Bob", 1, date(2024, 5, 8), date(2024, 5, 8))
