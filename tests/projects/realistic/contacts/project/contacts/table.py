"""Contacts as a table with comma-separated values and a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple

from contacts.contact import COLUMNS, Contact


def dump(contacts: Iterable[Contact]) -> str:
    """The table of some contacts, for spreadsheet programs and for ``load``."""
    lines = [",".join(COLUMNS)]
    for contact in contacts:
        lines.append(",".join(astuple(contact)))
    return "\n".join(lines) + "\n"


def load(text: str) -> list[Contact]:
    """The contacts of a table; columns that we do not know are passed over."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [Contact(**{name: row.get(name) or "" for name in COLUMNS}) for row in rows]
