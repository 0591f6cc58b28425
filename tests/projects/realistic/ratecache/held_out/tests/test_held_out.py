from datetime import date
from itertools import permutations

import pytest
from rates.converter import Converter
from rates.table import Table

DAY = date(2024, 1, 2)


def test_every_pair(table):
    converter = Converter(table)
    for _ in range(2):
        for source, target in permutations(["EUR", "USD", "GBP", "JPY"], 2):
            assert converter.rate(DAY, source, target) == pytest.approx(
                Table({DAY: {"USD": 1.1, "GBP": 0.88, "JPY": 155.0}}).rate(DAY, source, target)
            )
    assert table.questions == 12


def test_days_apart(table):
    converter = Converter(table)
    rates = [converter.rate(date(2024, 1, day), "USD", "EUR") for day in (2, 3, 2, 3)]
    assert rates == pytest.approx([1 / 1.1, 1 / 1.2] * 2)
    assert table.questions == 2


def test_least_recently_used_is_forgotten(table):
    converter = Converter(table, remembered=2)
    converter.rate(DAY, "EUR", "USD")
    converter.rate(DAY, "EUR", "GBP")
    converter.rate(DAY, "EUR", "USD")
    converter.rate(DAY, "EUR", "JPY")
    assert table.questions == 3
    converter.rate(DAY, "EUR", "USD")
    assert table.questions == 3
    converter.rate(DAY, "EUR", "GBP")
    assert table.questions == 4
