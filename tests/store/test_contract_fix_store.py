"""What every store of fixes does; run on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Union

import attrs
import pytest

from heal_lsp.core.model import Candidate, Evidence, FileChange, Fix
from heal_lsp.core.ports import FixStore
from heal_lsp.core.text import Edit, digest
from heal_lsp.store.fixes import DiskFixStore, MemoryFixStore

Store = Union[DiskFixStore, MemoryFixStore]  # noqa: UP007 - an alias at run time

OLD = "def f(a, b):\r\n    return a - b  # größer 🐍\r\n"
NEW = OLD.replace("-", "+")


def make_fix(note: str = "a - b → a + b", fixed: tuple[str, ...] = ("tests/test_f.py::test_f[1]",)) -> Fix:
    start = OLD.index("-")
    candidate = Candidate(
        digest(OLD),
        {"f.py": (Edit(start, start + 1, "+"),)},
        proposer="search",
        operator="swap",
        cost=1.5,
        note=note,
    )
    return Fix(
        candidate,
        (FileChange("f.py", OLD, NEW),),
        Evidence(fixed, ("tests/test_f.py::test_g",), (), 0.5),
        True,
    )


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = DiskFixStore(tmp_path / "fixes", 4) if request.param == "disk" else MemoryFixStore()
    yield made
    made.close()


def test_it_satisfies_the_port(store: Store) -> None:
    port: FixStore = store
    assert port.get("nothing") is None


def test_a_stored_fix_comes_back_whole(store: Store) -> None:
    store.put("key", make_fix())
    assert store.get("key") == make_fix()
    assert store.get("other") is None
    assert len(store) == 1


def test_a_later_success_replaces_an_earlier_one(store: Store) -> None:
    store.put("key", make_fix("first"))
    store.put("key", make_fix("second"))
    assert store.get("key") == make_fix("second")
    assert len(store) == 1


def test_a_later_failure_never_overwrites_a_success(store: Store) -> None:
    store.put("key", make_fix("good"))
    store.put("key", make_fix("without evidence", fixed=()))
    assert store.get("key") == make_fix("good")
    store.put("new", make_fix("without evidence", fixed=()))
    assert store.get("new") is None


def test_an_evicted_fix_is_forgotten(store: Store) -> None:
    store.put("key", make_fix())
    store.put("kept", make_fix())
    store.evict("key")
    store.evict("never there")
    assert store.get("key") is None
    assert store.get("kept") is not None
    assert len(store) == 1


def test_clear_forgets_everything(store: Store) -> None:
    for number in range(150):
        store.put(f"key {number}", make_fix())
    store.clear()
    assert len(store) == 0
    assert store.get("key 7") is None
    store.put("again", make_fix())
    assert store.get("again") == make_fix()


def test_it_does_not_grow_without_bound(store: Store) -> None:
    big = attrs.evolve(make_fix(), changes=(FileChange("f.py", "x" * 100_000, "y" * 100_000),))
    for number in range(1100 if isinstance(store, MemoryFixStore) else 60):
        store.put(f"key {number}", big)
    assert store.get("key 0") is None
    assert store.get("key 59" if isinstance(store, DiskFixStore) else "key 1099") == big


def test_strange_keys_and_texts(store: Store) -> None:
    odd = make_fix(note="\x00 \ud800 ' \" \u2028")
    for key in ("", "ключ", "a" * 10_000, "'; DROP TABLE Cache; --"):
        store.put(key, odd)
        assert store.get(key) == odd


def test_closing_twice_does_no_harm(store: Store) -> None:
    store.put("key", make_fix())
    store.close()
    store.close()
    assert store.get("key") == make_fix()
