from statistics import fmean, pstdev

import pytest
from readings import Reading, parse
from stats import stats


@pytest.mark.parametrize("values", [[1], [1, 1], [0, 10, 20], [-3.5, 2, 8.25, 100], [1e6, 1e6 + 2]])
def test_against_the_library(values):
    readings = [Reading("a", value) for value in values]
    for given in (readings, iter(readings), (each for each in readings)):
        found = stats(given)
        assert found.count == len(values)
        assert found.mean == pytest.approx(fmean(values))
        assert found.deviation == pytest.approx(pstdev(values))


def test_one_station_of_a_stream():
    lines = (f"{'ab'[number % 2]} {number}" for number in range(10))
    found = stats(parse(lines), "b")
    assert (found.count, found.mean) == (5, 5)
    assert found.deviation == pytest.approx(pstdev([1, 3, 5, 7, 9]))


def test_none():
    assert stats(iter([])).deviation == 0
    assert stats([Reading("a", 1)], "b").count == 0
