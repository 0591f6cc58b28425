import pytest

from contacts import Book, Contact

ADA = Contact("Ada Lovelace", "ada@example.org", "+44 1")
BOB = Contact("Bob", notes="plays chess")


def book(*contacts):
    made = Book()
    for each in contacts:
        made.add(each)
    return made


def test_find():
    assert book(ADA, BOB).find("CHESS") == [BOB]
    assert book(BOB, ADA).find("") == [ADA, BOB]


def test_same_name():
    made = book(ADA, Contact("Ada Lovelace", phone="2"))
    assert [each.phone for each in made.find("ada")] == ["2"]


def test_export():
    assert book(ADA).export().splitlines() == [
        "name,email,phone,notes",
        "Ada Lovelace,ada@example.org,+44 1,",
    ]


def test_restore():
    other = book()
    assert other.restore(book(ADA, BOB).export()) == 2
    assert other.find("") == [ADA, BOB]


def test_commas():
    judy = Contact("Judy", notes="two children, a dog")
    other = book()
    other.restore(book(judy).export())
    assert other.find("dog") == [judy]


def test_quotes():
    judy = Contact("Judy", notes='"J" among friends')
    other = book()
    other.restore(book(judy).export())
    assert other.find("friends") == [judy]


def test_further_columns():
    made = book()
    made.restore("id,name,email\n7,Eve,eve@example.org\n")
    assert made.find("") == [Contact("Eve", "eve@example.org")]


def test_no_name():
    with pytest.raises(ValueError, match="needs a name"):
        Contact("  ")
