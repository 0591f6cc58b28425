from timelog import billable_hours, hours_by_project, parse_entry

LINES = [
    "web; 2024-03-04 09:00; 2024-03-04 12:00",
    "ops; 2024-03-04 13:00; 2024-03-06 13:30",
    "web; 2024-03-07 09:00; 2024-03-07 09:15; internal",
]


def test_hours_by_project():
    totals = hours_by_project(parse_entry(line) for line in LINES)
    assert list(totals) == ["ops", "web"]
    assert totals == {"ops": 48.5, "web": 3.25}


def test_nothing_logged():
    assert hours_by_project([]) == {}
    assert billable_hours([]) == 0
