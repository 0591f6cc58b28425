from datetime import datetime, timezone

import pytest

from deadlines import parse_moment


def test_with_an_offset():
    assert parse_moment("2024-05-01T12:00+02:00") == datetime(2024, 5, 1, 10, tzinfo=timezone.utc)


def test_zulu_time():
    assert parse_moment(" 2024-05-01T12:00Z ") == datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


def test_without_an_offset():
    assert parse_moment("2024-05-01T12:00") == datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


def test_no_moment():
    with pytest.raises(ValueError, match="soon"):
        parse_moment("soon")
