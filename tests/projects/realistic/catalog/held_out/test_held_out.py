import pytest
from paging import page_of


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_all_pages_together_are_all_items(size):
    for count in range(22):
        check(count, size)


def check(count, size):
    items = list(range(count))
    first = page_of(items, 1, size)
    found = []
    for number in range(1, first.pages + 1):
        page = page_of(items, number, size)
        assert page.number == number
        assert page.items or count == 0
        assert page.has_next == (number * size < count)
        found += page.items
    assert found == items
    assert first.pages == max(1, len(range(0, count, size)))
    assert page_of(items, 1000, size).number == first.pages
