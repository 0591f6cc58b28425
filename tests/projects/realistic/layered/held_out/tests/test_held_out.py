from copy import deepcopy

import pytest
from layered import Settings
from layered.merge import merge
from layered.settings import DEFAULTS

CASES = [
    ({}, {}, {}),
    ({"a": 1}, {"a": 2, "b": {"c": 3}}, {"a": 2, "b": {"c": 3}}),
    ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 9}}}, {"a": {"b": {"c": 9, "d": 2}}}),
    (
        {"a": {"b": {"c": {"d": 1}}}, "z": [1]},
        {"a": {"b": {"c": {"e": 2}}, "x": 0}},
        {"a": {"b": {"c": {"d": 1, "e": 2}}, "x": 0}, "z": [1]},
    ),
    ({"a": {"b": 1}}, {"a": None}, {"a": None}),
    ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ({"a": {"b": 1}}, {"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1}}}),
]


@pytest.mark.parametrize(("under", "over", "merged"), CASES)
def test_merge(under, over, merged):
    before = deepcopy((under, over))
    assert merge(under, over) == merged
    assert (under, over) == before


def test_defaults_stay():
    before = deepcopy(DEFAULTS)
    first = Settings({"server": {"port": 1}, "log": {"level": "debug"}})
    second = Settings({"server": {"host": "h"}})
    assert (first.get("server.port"), first.get("log.file")) == (1, None)
    assert (second.get("server.port"), second.get("log.level")) == (8080, "info")
    assert before == DEFAULTS
