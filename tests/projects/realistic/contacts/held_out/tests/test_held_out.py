import csv
import io

import pytest
from contacts import Contact
from contacts.table import dump, load

NASTY = [
    "a,b",
    '"',
    '""',
    'say "hi", ok',
    "two\nlines",
    "a\r\nb",
    "'",
    ";",
    "tab\there",
    " blank ",
    "Ω",
]


@pytest.mark.parametrize("text", NASTY)
def test_there_and_back(text):
    contacts = [Contact("x" + text, text, text, text), Contact("y", notes=text)]
    assert load(dump(contacts)) == contacts


@pytest.mark.parametrize("text", NASTY)
def test_what_other_programs_read(text):
    rows = list(csv.reader(io.StringIO(dump([Contact("n", phone=text)]), newline="")))
    assert rows == [["name", "email", "phone", "notes"], ["n", "", text, ""]]


def test_plain_values_stay_plain():
    assert dump([Contact("n", "e")]).splitlines()[1] == "n,e,,"
    assert dump([]).splitlines() == ["name,email,phone,notes"]
