"""Reading the exported tables."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from payroll.model import Employee

COLUMNS = ("name", "hours", "rate")


class BadTable(Exception):
    """A table lacks a column."""


def read_employees(path: Path) -> list[Employee]:
    """The employees of a table. Tables are UTF-8, as the office's spreadsheet program writes it, or
    our own exports; columns may come in any order.

    Raises:
        BadTable: a column is missing.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise BadTable(f"{path.name} lacks the column {missing[0]}")
        return [
            Employee(row["name"].strip(), Decimal(row["hours"]), Decimal(row["rate"]))
            for row in reader
        ]
