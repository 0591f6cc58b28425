from datetime import date

import pytest

from rates.converter import Converter
from rates.table import UnknownCurrency

MONDAY = date(2024, 1, 2)
TUESDAY = date(2024, 1, 3)


def test_into_euros(table):
    assert Converter(table).convert(11, "USD", "EUR", MONDAY) == 10


def test_day_matters(table):
    converter = Converter(table)
    assert converter.convert(10, "EUR", "USD", MONDAY) == 11
    assert converter.convert(10, "EUR", "USD", TUESDAY) == 12


def test_several_currencies(table):
    converter = Converter(table)
    assert converter.convert(10, "EUR", "USD", MONDAY) == 11
    assert converter.convert(10, "EUR", "GBP", MONDAY) == 8.8


def test_asked_once(table):
    converter = Converter(table)
    for _ in range(3):
        converter.convert(10, "EUR", "USD", MONDAY)
    assert table.questions == 1


def test_same_currency(table):
    assert Converter(table).convert(10, "USD", "USD", TUESDAY) == 10
    assert table.questions == 0


def test_unknown_currency(table):
    with pytest.raises(UnknownCurrency):
        Converter(table).convert(1, "EUR", "GBP", TUESDAY)
