"""Keys of remembered fixes: what varies from run to run does not count, what matters does."""

from __future__ import annotations

import attrs
import pytest

from heal_lsp.core.key import fix_key, normalised_message
from heal_lsp.core.model import Failure, FailureKind

FAILURE = Failure(
    FailureKind.ASSERTION, "AssertionError", "assert 3 == 4", "test_a.py", 7, test="test_a.py::test_x"
)
TESTS = {"test_a.py::test_x": "def test_x():\n    assert f(1) == 4\n"}


def key(**changes: object) -> str:
    given = {"source": "def f(a):\n    return a", "tests": TESTS, "python": "3.12", **changes}
    failure = attrs.evolve(
        FAILURE, **{k: v for k, v in changes.items() if k in ("message", "exception", "line", "path")}
    )
    return fix_key(given["source"], failure, given["tests"], given["python"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<A object at 0x7f01fa> != 1", "<A object at 0x55e2bb19c0> != 1"),
        ("no file '/tmp/pytest-of-me/pytest-1/a b.txt'", "no file '/var/x/pytest-9/c.txt'"),
        ("cannot open /home/me/p/a.txt: denied", "cannot open /srv/ci/job7/a.txt: denied"),
        (r"cannot open C:\Users\me\a.txt now", r"cannot open D:\work\b.txt now"),
        ("took 0.123 s, limit passed", "took 2.5 s, limit passed"),
        ("took 12ms", "took 7ms"),
        ("at 2024-01-31T10:11:12.5Z it broke", "at 2025-12-01T23:59:59.123456+02:00 it broke"),
        ("[10:11:12] no", "[23:01:59] no"),
        ("datetime.datetime(2024, 1, 2, 3, 4) is late", "datetime.datetime(2025, 11, 2, 13, 4, 5) is late"),
        ("id 8d3f6a52-1f7e-4f0e-9c55-0123456789ab", "id 00000000-1f7e-4f0e-9c55-ba9876543210"),
        ("order 1029384756 missing", "order 5647382910 missing"),
        ("commit 9f8e7d6c5b4a39 gone", "commit 0a1b2c3d4e5f60 gone"),
        ("a  \n b", "a b"),
    ],
)
def test_what_varies_from_run_to_run_hits(one: str, other: str) -> None:
    assert one != other
    assert normalised_message(one) == normalised_message(other)
    assert key(message=one) == key(message=other)


@pytest.mark.parametrize(
    "message", ["assert 3 == 5", "assert 'a/b' == 'a/c'", "assert 7 / 2 / 1 == 3", "assert [1, 2]"]
)
def test_what_matters_stays(message: str) -> None:
    assert normalised_message(message) == message
    assert key(message=message) != key()


def test_everything_counts_but_the_place() -> None:
    assert key(line=99, path="elsewhere/test_a.py") == key()
    assert key(tests={"moved/test_b.py::test_x": TESTS["test_a.py::test_x"].replace("\n", "\r\n")}) == key()
    others = [
        key(source="def f(a):\n    return 1"),
        key(exception="ValueError"),
        key(tests={"t": "def test_x():\n    assert f(1) == 5\n"}),
        key(tests={**TESTS, "u": "def test_y(): ..."}),
        key(python="3.13"),
    ]
    assert len({key(), *others}) == 6


def test_the_order_of_the_tests_does_not_count() -> None:
    assert key(tests={"a": "1", "b": "2"}) == key(tests={"b": "2", "a": "1"})
