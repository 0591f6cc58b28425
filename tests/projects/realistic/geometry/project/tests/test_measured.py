import pytest

from geometry import Displacement, Velocity


def test_velocity_of_a_way():
    assert Displacement(10, 0).over(5) == Velocity(2, 0)


def test_velocity_in_a_direction():
    wind = Velocity.polar(10, 180)
    assert wind.kilometres_per_hour == pytest.approx(36)
    assert wind.during(3).x == pytest.approx(-30)


def test_total_keeps_the_type():
    assert Displacement.total([Displacement(1, 1), Displacement(2, 0)]) == Displacement(3, 1)


def test_time_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        Displacement(1, 1).over(0)
