import pytest

from catalog import Catalog, Product
from listing import listing
from paging import page_of


@pytest.fixture
def catalog():
    return Catalog(
        [
            Product("Red pen", 120, frozenset({"ink"})),
            Product("Blue pen", 99, frozenset({"ink"})),
            Product("Ruler", 305),
            Product("eraser", 80),
        ]
    )


def test_by_name(catalog):
    assert [each.name for each in catalog.search()] == ["Blue pen", "eraser", "Red pen", "Ruler"]


def test_words(catalog):
    assert [each.name for each in catalog.search("PEN red")] == ["Red pen"]


def test_first_page(catalog):
    page = catalog.browse(1, 3)
    assert [each.name for each in page.items] == ["Blue pen", "eraser", "Red pen"]
    assert page.has_next
    assert not page.has_previous


def test_last_page(catalog):
    page = catalog.browse(2, 3)
    assert len(page.items) == 1
    assert not page.has_next


def test_full_last_page(catalog):
    page = catalog.browse(2, 2)
    assert [each.name for each in page.items] == ["Red pen", "Ruler"]
    assert not page.has_next


def test_beyond_the_last_page(catalog):
    assert [each.name for each in catalog.browse(9, 3).items] == ["Ruler"]


def test_no_product():
    page = page_of([], 1, 5)
    assert (page.pages, page.total, page.has_next) == (1, 0, False)


def test_listing(catalog):
    text = listing(catalog.browse(1, 5, tag="ink"))
    assert text.splitlines() == [
        "Blue pen                0.99",
        "Red pen                 1.20",
        "page 1 of 1",
    ]


def test_size_must_be_positive():
    with pytest.raises(ValueError, match="from 1"):
        page_of([], 1, 0)
