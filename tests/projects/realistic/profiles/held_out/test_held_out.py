import pytest
from directory import show
from profiles import Profile, profile


@pytest.mark.parametrize("address", [None, {}, {"city": None}, {"city": "", "country": None}])
def test_address_not_filled_in(address):
    found = profile({"login": "x", "name": "X", "address": address, "languages": ["de"]})
    assert found == Profile("x", "X", None, None, ["de"])


def test_address_in_part():
    assert profile({"login": "x", "address": {"country": "FR"}}).country == "FR"
    assert profile({"login": "x", "address": {"city": "Rome", "country": None}}) == Profile(
        "x", "x", "Rome"
    )


def test_text():
    answer = (
        '{"people": [{"login": "x", "address": null}, {"login": "a", "address": {"city": "Rome"}}]}'
    )
    assert show(answer) == "a (@a)\nlives in Rome\n\nx (@x)\nlives in somewhere"
