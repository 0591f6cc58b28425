import pytest
from releases import known, latest
from versions import InvalidVersion, Version


@pytest.mark.parametrize(
    "text",
    ["1.2.3.4", "1.2.3rc", "1.2.3x", "1.2 3", "1..2", "1.2.", "vv1.2", "x1.2", "1", "1.2rc1b2"],
)
def test_refused(text):
    with pytest.raises(InvalidVersion):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [("0.1", "0.1.0"), ("10.20.30", "10.20.30"), ("1.2b3", "1.2.0b3"), ("v2.0.0rc11", "2.0.0rc11")],
)
def test_accepted(text, read):
    assert str(Version.parse(text)) == read


def test_tags_of_another_kind_are_passed_over():
    tags = ["1.0.0", "1.2.0-docs", "9.9.9.post1", "1.1.0"]
    assert [str(each) for each in known(tags)] == ["1.0.0", "1.1.0"]
    assert str(latest(tags)) == "1.1.0"
