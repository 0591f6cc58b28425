from decimal import Decimal

import pytest

from invoices.money import rounded, split


def test_half_a_cent():
    assert rounded(Decimal("0.125")) == Decimal("0.13")


def test_equal_parts():
    assert split(Decimal("9.00"), 3) == [Decimal("3.00")] * 3


def test_unequal_parts():
    assert split(Decimal("10.00"), 3) == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


def test_no_parts():
    with pytest.raises(ValueError, match="at least one part"):
        split(Decimal(1), 0)
