import pytest
from geometry import Displacement, Vector, Velocity


@pytest.mark.parametrize("kind", [Vector, Displacement, Velocity])
def test_polar_keeps_the_type(kind):
    made = kind.polar(5, 60)
    assert type(made) is kind
    assert made.length == pytest.approx(5)
    assert made.x == pytest.approx(2.5)


def test_a_subclass_of_ones_own():
    class Force(Vector):
        pass

    assert type(Force.polar(1, 0)) is Force
    assert Force.polar(1, 0) == Force(1, 0)


def test_a_way_in_a_direction():
    assert Displacement.polar(20, 0).over(10) == Velocity(2, 0)
    assert repr(Velocity.polar(3, 0)) == "Velocity(3, 0)"
