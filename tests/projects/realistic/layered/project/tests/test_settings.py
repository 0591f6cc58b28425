import pytest

from layered import Settings
from layered.merge import merge


def test_colour():
    assert Settings({"colour": False}).get("colour") is False
    assert Settings().get("colour") is True


def test_file(tmp_path):
    path = tmp_path / "app.ini"
    path.write_text("[cache]\nsize = 10\nshared = true\nname = none\n", "utf-8")
    settings = Settings.load(path, {"cache": {"size": 20}})
    assert [settings.get(f"cache.{name}") for name in ("size", "shared", "name")] == [
        20,
        True,
        None,
    ]


def test_no_file(tmp_path):
    assert Settings.load(tmp_path / "none.ini").get("log.level") == "info"


def test_unknown_name():
    with pytest.raises(KeyError, match=r"server\.colour"):
        Settings().get("server.colour")


def test_nested_values():
    settings = Settings({"server": {"port": 80}}, {"server": {"host": "example.org"}})
    assert (settings.get("server.host"), settings.get("server.port")) == ("example.org", 80)


def test_one_does_not_change_the_other():
    Settings({"server": {"port": 443}})
    assert Settings().get("server.port") == 8080


def test_merge_makes_a_new_mapping():
    under = {"a": {"b": 1, "c": 2}}
    assert merge(under, {"a": {"c": 3, "d": 4}}) == {"a": {"b": 1, "c": 3, "d": 4}}
    assert under == {"a": {"b": 1, "c": 2}}
