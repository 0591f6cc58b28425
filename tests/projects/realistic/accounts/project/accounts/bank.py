"""What can be done with accounts. Amounts are in cents."""

from __future__ import annotations

import sqlite3

from accounts.unit import UnitOfWork


class InsufficientFunds(Exception):
    """An account holds less than is to be taken from it."""


class Bank:
    """The accounts of a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def open(self, name: str, cents: int = 0) -> None:
        """Open an account.

        Raises:
            sqlite3.IntegrityError: there is one of that name.
        """
        with UnitOfWork(self.connection) as work:
            work.execute("insert into account values (?, ?)", (name, cents))

    def balance(self, name: str) -> int:
        """What an account holds.

        Raises:
            KeyError: there is no such account.
        """
        row = self.connection.execute(
            "select cents from account where name = ?", (name,)
        ).fetchone()
        if row is None:
            raise KeyError(name)
        return int(row[0])

    def transfer(self, source: str, target: str, cents: int) -> None:
        """Move money.

        Raises:
            KeyError: there is no such account.
            InsufficientFunds: the source holds less.
        """
        with UnitOfWork(self.connection) as work:
            work.execute("insert into movement values (null, ?, ?, ?)", (source, target, cents))
            self._add(target, cents)
            self._add(source, -cents)

    def movements(self) -> int:
        return int(self.connection.execute("select count(*) from movement").fetchone()[0])

    def _add(self, name: str, cents: int) -> None:
        if self.balance(name) + cents < 0:
            raise InsufficientFunds(name)
        self.connection.execute(
            "update account set cents = cents + ? where name = ?", (cents, name)
        )
