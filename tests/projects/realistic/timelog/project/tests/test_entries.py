from datetime import datetime

import pytest

from timelog import Entry, parse_entry


def test_fields():
    entry = parse_entry("web; 2024-03-04 09:00; 2024-03-04 10:30")
    assert entry.project == "web"
    assert entry.hours == 1.5
    assert entry.billable


def test_internal_work():
    entry = parse_entry("web; 2024-03-04 09:00; 2024-03-04 10:00; internal")
    assert not entry.billable


def test_end_before_start():
    with pytest.raises(ValueError, match="before the start"):
        parse_entry("web; 2024-03-04 09:00; 2024-03-04 08:00")


def test_work_over_a_weekend():
    entry = Entry("ops", datetime(2024, 3, 8, 22, 0), datetime(2024, 3, 10, 1, 0))
    assert entry.hours == 27


def test_overlap():
    morning = parse_entry("web; 2024-03-04 09:00; 2024-03-04 11:00")
    late = parse_entry("ops; 2024-03-04 10:59; 2024-03-04 12:00")
    noon = parse_entry("ops; 2024-03-04 11:00; 2024-03-04 12:00")
    assert morning.overlaps(late)
    assert not morning.overlaps(noon)
