import codecs
from decimal import Decimal

import pytest

from payroll.model import Employee
from payroll.reader import BadTable, read_employees
from payroll.slips import slips


def write(path, text, mark=b""):
    path.write_bytes(mark + text.encode("utf-8"))
    return path


def test_own_export(tmp_path):
    table = write(tmp_path / "may.csv", "name,hours,rate\nZoë,150,20\n")
    assert read_employees(table) == [Employee("Zoë", Decimal(150), Decimal(20))]


def test_export_of_the_spreadsheet_program(tmp_path):
    table = write(tmp_path / "may.csv", "name,hours,rate\r\nZoë,150,20\r\n", codecs.BOM_UTF8)
    assert read_employees(table) == [Employee("Zoë", Decimal(150), Decimal(20))]


def test_missing_column(tmp_path):
    table = write(tmp_path / "may.csv", "name,hours\nZoë,150\n")
    with pytest.raises(BadTable, match="rate"):
        read_employees(table)


def test_overtime():
    assert Employee("Zoë", Decimal(170), Decimal(10)).pay == Decimal(1750)


def test_slips_by_name():
    text = slips([Employee("Zoë", Decimal(1), Decimal(2)), Employee("Al", Decimal(1), Decimal(3))])
    assert text == "Al: 3.00\nZoë: 2.00"
