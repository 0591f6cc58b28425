import pytest

from readings import BadReading, Reading, parse
from report import report
from stats import stations, stats

LINES = ["# May", "north 2", "south 10  # repaired", "", "north 4"]


def test_parse():
    assert list(parse(LINES)) == [Reading("north", 2), Reading("south", 10), Reading("north", 4)]


def test_bad_line():
    with pytest.raises(BadReading, match="line 2: north"):
        list(parse(["north 1", "north"]))


def test_stations():
    assert stations(parse(LINES)) == ["north", "south"]


def test_mean():
    assert stats(parse(LINES), "north").mean == 3


def test_no_readings():
    assert stats([]).count == 0


def test_deviation():
    assert stats(parse(LINES), "north").deviation == 1


def test_report():
    assert report(["a 1", "a 5", "b 3"]).splitlines() == [
        "a: 2 readings, 3.0 ± 2.0",
        "b: 1 readings, 3.0 ± 0.0",
        "all: 3 readings, 3.0 ± 1.6",
    ]
