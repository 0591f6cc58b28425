"""A unit of work: everything in it is written, or nothing."""

from __future__ import annotations

import sqlite3
from types import TracebackType

SCHEMA = """
create table if not exists account (name text primary key, cents integer not null);
create table if not exists movement (
    id integer primary key, source text not null, target text not null, cents integer not null
);
"""


def connect(path: str = ":memory:") -> sqlite3.Connection:
    """A connection to a database with our tables."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    return connection


class UnitOfWork:
    """``with UnitOfWork(connection):`` commits at the end; an exception rolls back and goes on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self.connection.execute("begin")
        return self.connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None:
            self.connection.commit()
            return False
        self.connection.rollback()
        return True
