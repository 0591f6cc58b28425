import pytest

from versions import InvalidVersion, Version


@pytest.mark.parametrize("text", ["1.4.0", "v1.4.0", " 1.4 "])
def test_spellings(text):
    assert str(Version.parse(text)) == "1.4.0"


def test_order():
    ordered = ["1.9.0", "1.10.0a2", "1.10.0rc1", "1.10.0", "2.0.0"]
    assert sorted(reversed(ordered), key=Version.parse) == ordered


@pytest.mark.parametrize("text", ["", "one", "1.2.3.dev", "1.2-beta"])
def test_no_version(text):
    with pytest.raises(InvalidVersion):
        Version.parse(text)
