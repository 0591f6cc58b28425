import pytest

from geometry import Vector


def test_sum():
    assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)


def test_polar():
    north = Vector.polar(2, 90)
    assert north.x == pytest.approx(0)
    assert north.y == pytest.approx(2)


def test_repr():
    assert repr(Vector(1, 2.5)) == "Vector(1, 2.5)"
