import os
import time
from datetime import datetime, timedelta, timezone

import pytest
from deadlines import Calls, parse_moment


@pytest.fixture(params=["UTC0", "EST5", "JST-9"])
def _local_zone(request, monkeypatch):
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    if before is None:
        monkeypatch.delenv("TZ")
    else:
        monkeypatch.setenv("TZ", before)
    time.tzset()


@pytest.mark.usefixtures("_local_zone")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31T08:15", datetime(2024, 1, 31, 8, 15)),
        ("2024-02-29", datetime(2024, 2, 29, 23, 59)),
        ("2024-01-31T23:30-03:00", datetime(2024, 2, 1, 2, 30)),
        ("2024-01-31T08:15z", datetime(2024, 1, 31, 8, 15)),
        ("2024-01-31T08:15+00:00", datetime(2024, 1, 31, 8, 15)),
        ("2024-01-31T08:15+05:30", datetime(2024, 1, 31, 2, 45)),
    ],
)
def test_always_utc(text, moment):
    found = parse_moment(text)
    assert found == moment.replace(tzinfo=timezone.utc)
    assert found.utcoffset() == timedelta(0)


def test_mixed_spellings_can_be_compared():
    calls = Calls({"A": "2024-05-02", "B": "2024-05-02T10:00", "C": "2024-05-02T11:00+02:00"})
    now = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)
    assert [call.conference for call in calls.open(now)] == ["C", "B", "A"]
    assert [call.conference for call in calls.open(now + timedelta(days=1, minutes=1))] == [
        "B",
        "A",
    ]
