from decimal import Decimal

import pytest
from invoices.money import CENT, split


@pytest.mark.parametrize("amount", ["0.00", "0.01", "0.05", "1.00", "99.99", "100.00", "1234.56"])
def test_parts_add_up(amount):
    for parts in (1, 2, 3, 6, 7, 12, 100):
        found = split(Decimal(amount), parts)
        assert len(found) == parts
        assert sum(found) == Decimal(amount)
        assert found == sorted(found, reverse=True)
        assert found[0] - found[-1] in (0, CENT)
        assert all(each == each.quantize(CENT) for each in found)


def test_two_cents_more():
    assert split(Decimal("0.11"), 3) == [Decimal("0.04"), Decimal("0.04"), Decimal("0.03")]
    assert split(Decimal("20.00"), 6) == [Decimal("3.34")] * 2 + [Decimal("3.33")] * 4


def test_instalments(invoice):
    assert invoice.instalments(4) == [Decimal("80.99")] + [Decimal("80.98")] * 3


def test_negative():
    with pytest.raises(ValueError, match="nothing"):
        split(Decimal("-0.01"), 2)
