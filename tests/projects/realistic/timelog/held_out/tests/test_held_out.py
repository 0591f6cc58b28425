from datetime import datetime

import pytest
from timelog import Entry, billable_hours, parse_entry


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (datetime(2024, 1, 1), datetime(2024, 1, 2), 24),
        (datetime(2024, 1, 1, 6), datetime(2024, 1, 1, 6), 0),
        (datetime(2024, 2, 28, 12), datetime(2024, 3, 1, 12), 48),
        (datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 36), 0.01),
        (datetime(2023, 12, 31, 23), datetime(2024, 1, 1, 1, 30), 2.5),
        (datetime(2024, 1, 1, 0, 0), datetime(2024, 1, 31, 0, 45), 720.75),
    ],
)
def test_hours(start, end, hours):
    assert Entry("any", start, end).hours == pytest.approx(hours)


def test_billable_hours():
    paid = parse_entry("web; 2024-03-04 08:00; 2024-03-05 09:00")
    unpaid = parse_entry("web; 2024-03-05 08:00; 2024-03-06 09:00; internal")
    assert billable_hours([paid, unpaid]) == 25
