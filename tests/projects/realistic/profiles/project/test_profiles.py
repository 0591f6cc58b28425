import json

import pytest

from cards import card
from directory import read
from profiles import Profile, profile


def test_all_filled_in():
    found = profile(
        {
            "login": "ada",
            "name": "Ada",
            "address": {"city": "London", "country": "UK"},
            "languages": ["fr", "en"],
        }
    )
    assert found == Profile("ada", "Ada", "London", "UK", ["en", "fr"])


def test_nothing_filled_in():
    assert profile({"login": "ada"}) == Profile("ada", "ada")


def test_null_fields():
    data = {"login": "ada", "name": None, "address": None, "languages": None}
    assert profile(data) == Profile("ada", "ada")


def test_no_login():
    with pytest.raises(KeyError):
        profile({"name": "Ada"})


def test_card():
    assert card(Profile("ada", "Ada", country="UK")) == "Ada (@ada)\nlives in UK"
    assert card(Profile("ada", "Ada")).endswith("lives in somewhere")


def test_answer():
    people = [{"login": "bob"}, {"name": "gone"}, {"login": "ada", "address": {"city": ""}}]
    assert [each.login for each in read(json.dumps({"people": people}))] == ["ada", "bob"]
