"""Contacts as a table with comma-separated values and a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple

from contacts.contact import COLUMNS, Contact


def dump(contacts: Iterable[Contact]) -> str:
    """The table of some contacts, for spreadsheet programs and for ``load``."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerows(astuple(contact) for contact in contacts)
    return table.getvalue()


def load(text: str) -> list[Contact]:
    """The contacts of a table; columns that we do not know are passed over."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [Contact(**{name: row.get(name) or "" for name in COLUMNS}) for row in rows]
