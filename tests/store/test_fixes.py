"""The cache of fixes on a disk that others may have touched."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diskcache
import pytest
from diskcache.core import MODE_BINARY, MODE_PICKLE, MODE_RAW, MODE_TEXT

from heal_lsp.core.model import Candidate, Evidence, FileChange, Fix
from heal_lsp.store.fixes import DiskFixStore
from heal_lsp.store.json_disk import ForeignRow, TextDisk

FIX = Fix(Candidate("0" * 64, {"f.py": ()}), (FileChange("f.py", "a", "b"),), Evidence(("t.py::t",), ()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "fixes"


@pytest.fixture
def store(folder: Path) -> Iterator[DiskFixStore]:
    made = DiskFixStore(folder, 4)
    yield made
    made.close()


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def plant(folder: Path, key: Any, raw: int, mode: int, value: Any, filename: str | None = None) -> None:
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute(
            "INSERT OR REPLACE INTO Cache (key, raw, store_time, mode, filename, value)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (key, raw, time.time(), mode, filename, value),
        )
    connection.close()


class TestPlantedRows:
    def test_the_bomb_works_where_nothing_stops_it(
        self, folder: Path, store: DiskFixStore, tmp_path: Path
    ) -> None:
        store.put("other", FIX)
        plant(folder, "key", 1, MODE_PICKLE, pickle.dumps(Bomb(tmp_path / "mark")))
        diskcache.Cache(str(folder)).get("key")
        assert (tmp_path / "mark").exists()

    def test_a_pickled_value_never_runs_and_goes(
        self, folder: Path, store: DiskFixStore, tmp_path: Path
    ) -> None:
        plant(folder, "key", 1, MODE_PICKLE, pickle.dumps(Bomb(tmp_path / "mark")))
        assert store.get("key") is None
        assert len(store) == 0
        store.put("key", FIX)
        assert store.get("key") == FIX
        assert not (tmp_path / "mark").exists()

    def test_a_pickled_value_in_a_file_never_runs(
        self, folder: Path, store: DiskFixStore, tmp_path: Path
    ) -> None:
        (folder / "x.val").write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
        plant(folder, "key", 1, MODE_PICKLE, None, "x.val")
        assert store.get("key") is None
        assert not (tmp_path / "mark").exists()

    def test_a_pickled_key_never_runs(self, folder: Path, store: DiskFixStore, tmp_path: Path) -> None:
        plant(folder, pickle.dumps(Bomb(tmp_path / "mark")), 0, MODE_RAW, "{}")
        store.put("key", FIX)
        assert store.get("key") == FIX
        with pytest.raises(ForeignRow):
            list(store._cache)
        store.clear()
        assert len(store) == 0
        assert not (tmp_path / "mark").exists()

    def test_a_cache_that_the_library_itself_wrote_never_runs(self, folder: Path, tmp_path: Path) -> None:
        with diskcache.Cache(str(folder)) as cache:
            cache.set("key", Bomb(tmp_path / "mark"))
            cache.set("file", b"x" * 100_000)
            cache.set("number", 3)
        store = DiskFixStore(folder, 4)
        assert [store.get(key) for key in ("key", "file", "number")] == [None] * 3
        assert not (tmp_path / "mark").exists()
        store.close()

    @pytest.mark.parametrize("mode", [MODE_TEXT, MODE_BINARY])
    def test_no_file_that_a_row_names_is_read_or_deleted(
        self, folder: Path, store: DiskFixStore, tmp_path: Path, mode: int
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_text(json.dumps({"format": 1, "fix": {}}))
        for number, name in enumerate(("../secret", str(secret))):
            plant(folder, f"key {number}", 1, mode, None, name)
            assert store.get(f"key {number}") is None
            plant(folder, f"key {number}", 1, mode, None, name)
            store.put(f"key {number}", FIX)
        plant(folder, "key 2", 1, mode, None, "../secret")
        store.clear()
        assert secret.exists()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "null",
            "[]",
            "{}",
            '{"format": 2, "fix": {}}',
            '{"format": 1}',
            '{"format": 1, "fix": {"candidate": 3}}',
            "[" * 100_000,
            3,
            b"{}",
        ],
    )
    def test_a_value_that_is_no_fix_is_absent_and_goes(
        self, folder: Path, store: DiskFixStore, text: Any
    ) -> None:
        plant(folder, "key", 1, MODE_RAW, text)
        assert store.get("key") is None
        assert len(store) == 0

    def test_the_disk_refuses_everything_but_text(self, tmp_path: Path) -> None:
        disk = TextDisk(str(tmp_path))
        for value in (b"x", 3, None, Bomb(tmp_path)):
            with pytest.raises(ForeignRow):
                disk.put(value)
            with pytest.raises(ForeignRow):
                disk.store(value, read=False)
        with pytest.raises(ForeignRow):
            disk.fetch(MODE_RAW, None, "x", read=True)


class TestFolder:
    def test_it_is_private(self, folder: Path, store: DiskFixStore) -> None:
        store.put("key", FIX)
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_one_that_is_open_to_others_is_closed_to_them(self, folder: Path) -> None:
        folder.mkdir(mode=0o755)
        DiskFixStore(folder, 4).close()
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_a_link_is_refused(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(PermissionError, match="link"):
            DiskFixStore(folder, 4)
        assert list((tmp_path / "elsewhere").iterdir()) == []

    @pytest.mark.skipif(
        not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder to another user"
    )
    def test_a_foreign_one_is_refused(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        os.chown(folder, 12345, 12345)
        with pytest.raises(PermissionError, match="another user"):
            DiskFixStore(folder, 4)

    def test_a_database_that_is_a_link_is_not_followed(self, tmp_path: Path, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        (tmp_path / "target").write_bytes(b"")
        (folder / "cache.db").symlink_to(tmp_path / "target")
        store = DiskFixStore(folder, 4)
        store.put("key", FIX)
        assert store.get("key") == FIX
        assert (tmp_path / "target").read_bytes() == b""
        store.close()


class TestDamage:
    @pytest.mark.parametrize("content", [b"nonsense" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
    def test_a_broken_database_is_begun_anew(
        self, folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder.mkdir(mode=0o700)
        (folder / "cache.db").write_bytes(content)
        store = DiskFixStore(folder, 4)
        assert store.get("key") is None
        store.put("key", FIX)
        assert store.get("key") == FIX
        assert "broken" in caplog.text
        store.close()
        again = DiskFixStore(folder, 4)
        assert again.get("key") == FIX
        assert (folder / "broken.db").read_bytes() == content
        again.clear()
        assert not (folder / "broken.db").exists()
        again.close()

    def test_damage_during_use(self, folder: Path, store: DiskFixStore) -> None:
        for number in range(200):
            store.put(f"key {number}", FIX)
        store.close()  # the log of changes goes into the database
        with open(folder / "cache.db", "r+b") as file:
            file.seek(100)
            file.write(os.urandom(os.path.getsize(folder / "cache.db") - 100))
        assert store.get("key 7") is None
        store.put("key", FIX)
        assert store.get("key") == FIX

    def test_a_database_of_another_program(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        with sqlite3.connect(folder / "cache.db") as connection:
            connection.execute("CREATE TABLE Cache (other TEXT)")
            connection.execute("CREATE TABLE Settings (key TEXT, value TEXT)")
            connection.execute("INSERT INTO Settings VALUES ('disk_strange', '1')")
        connection.close()
        store = DiskFixStore(folder, 4)
        store.put("key", FIX)
        assert store.get("key") == FIX
        store.close()

    def test_a_full_disk_costs_the_memory_only(
        self, store: DiskFixStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.put("small", FIX)
        pages = store._cache._sql("PRAGMA page_count").fetchone()[0]
        store._cache._sql(f"PRAGMA max_page_count = {pages + 1}")
        big = Fix(FIX.candidate, (FileChange("f.py", "a" * 500_000, "b"),), FIX.evidence)
        with caplog.at_level(logging.WARNING):
            store.put("big", big)
        assert "full" in caplog.text
        assert store.get("big") is None
        assert store.get("small") == FIX

    def test_a_locked_database_costs_the_memory_only(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("heal_lsp.store.fixes.LOCK_SECONDS", 0.1)
        store = DiskFixStore(folder, 4)
        store.put("key", FIX)
        other = sqlite3.connect(folder / "cache.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        store.put("key 2", FIX)
        assert store.get("key") == FIX
        other.execute("ROLLBACK")
        other.close()
        assert "busy" in caplog.text
        assert store.get("key 2") is None
        store.close()


def test_threads_share_it(store: DiskFixStore) -> None:
    def work(name: int) -> None:
        for number in range(20):
            store.put(f"{name} {number}", FIX)
            assert store.get(f"{name} {number}") == FIX

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(store) == 80


def test_a_process_that_is_killed_while_it_writes_leaves_a_readable_store(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from heal_lsp.core.model import Candidate, Evidence, FileChange, Fix\n"
        "from heal_lsp.store.fixes import DiskFixStore\n"
        "changes = (FileChange('f.py', 'a', 'b'),)\n"
        "fix = Fix(Candidate('0' * 64, {'f.py': ()}), changes, Evidence(('t.py::t',), ()))\n"
        "store = DiskFixStore(Path(sys.argv[1]), 4)\n"
        "print('up', flush=True)\n"
        "for number in range(10**9): store.put(str(number % 50), fix)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"up\n"
    time.sleep(0.3)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    store = DiskFixStore(folder, 4)
    assert len(store) > 0
    assert all(store.get(str(number)) in (FIX, None) for number in range(50))
    assert not (folder / "broken.db").exists()
    store.close()
