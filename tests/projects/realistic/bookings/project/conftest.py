from datetime import date

import pytest

from bookings.calendar import Calendar
from bookings.stay import Stay


@pytest.fixture
def calendar():
    house = Calendar([1, 2])
    house.book(Stay("Ada", 1, date(2024, 5, 10), date(2024, 5, 13)))
    return house
