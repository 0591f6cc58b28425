from datetime import datetime, timedelta, timezone

from shifts.shift import local
from shifts.zone import CENTRAL_EUROPE


def test_offsets():
    assert local(2024, 1, 1).utcoffset() == timedelta(hours=1)
    assert local(2024, 7, 1).utcoffset() == timedelta(hours=2)
    assert local(2024, 3, 31, 1, 59).tzname() == "CET"
    assert local(2024, 3, 31, 3, 0).tzname() == "CEST"


def test_there_and_back():
    for hour in range(48):
        moment = datetime(2024, 10, 26, tzinfo=timezone.utc) + timedelta(hours=hour)
        assert moment.astimezone(CENTRAL_EUROPE).astimezone(timezone.utc) == moment
