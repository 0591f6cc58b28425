import pytest

from backup.plan import plan


def test_newest_are_kept():
    found = plan(["db-2024-01-02", "db-2024-01-03", "db-2024-01-01"], keep=2)
    assert found.kept == ("db-2024-01-03", "db-2024-01-02")
    assert found.removed == ("db-2024-01-01",)


def test_prefix():
    assert plan(["db-1", "db-2", "www-1"], keep=1, prefix="db-").removed == ("db-1",)


def test_none_kept():
    with pytest.raises(ValueError, match="at least one"):
        plan([], keep=0)
