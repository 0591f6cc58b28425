from datetime import date, timedelta
from itertools import product

from bookings.stay import Stay

FIRST = date(2024, 5, 1)


def stay(start, end, room=1):
    return Stay("x", room, FIRST + timedelta(start), FIRST + timedelta(end))


SPANS = [(start, end) for start in range(6) for end in range(start + 1, 7)]


def test_a_clash_is_a_shared_night():
    for (start, end), (other_start, other_end) in product(SPANS, SPANS):
        shared = set(range(start, end)) & set(range(other_start, other_end))
        assert stay(start, end).clashes_with(stay(other_start, other_end)) == bool(shared)
        assert not stay(start, end).clashes_with(stay(other_start, other_end, room=2))


def test_free_before_an_arrival(calendar):
    assert calendar.free_rooms(date(2024, 5, 9)) == [1, 2]
    assert calendar.free_rooms(date(2024, 5, 9), nights=2) == [2]
    assert calendar.free_rooms(date(2024, 5, 1), nights=30) == [2]
