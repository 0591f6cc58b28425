"""Rows as objects, and queries that are put together step by step."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Generic, TypeVar

T = TypeVar("T")

OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "ne": "<>"}


class Query(Generic[T]):
    """Rows of a table that meet all conditions. Every method gives a new query."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        make: Callable[..., T],
        conditions: tuple[tuple[str, tuple[Any, ...]], ...] = (),
        order: str = "id",
    ) -> None:
        self._connection = connection
        self._table = table
        self._make = make
        self._conditions = conditions
        self._order = order

    def filter(self, **wanted: Any) -> Query[T]:
        """With further conditions: ``column=value``, ``column__gt=value`` and so on."""
        conditions = list(self._conditions)
        for name, value in wanted.items():
            column, _, suffix = name.partition("__")
            operator = OPERATORS[suffix] if suffix else "="
            conditions.append((f"{column} {operator} ?", (value,)))
        return Query(self._connection, self._table, self._make, tuple(conditions), self._order)

    def order_by(self, column: str) -> Query[T]:
        """In the order of a column; with a dash before its name from the greatest to the least."""
        order = f"{column[1:]} desc" if column.startswith("-") else column
        return Query(self._connection, self._table, self._make, self._conditions, order)

    def _run(self, what: str) -> sqlite3.Cursor:
        sql = f"select {what} from {self._table}"
        if self._conditions:
            sql += " where " + " and ".join(text for text, _ in self._conditions)
        values = [value for _, some in self._conditions for value in some]
        return self._connection.execute(f"{sql} order by {self._order}", values)

    def __iter__(self) -> Iterator[T]:
        columns = ", ".join(field.name for field in fields(self._make))  # type: ignore[arg-type]
        for row in self._run(columns):
            yield self._make(*row)

    def count(self) -> int:
        return int(self._run("count(*)").fetchone()[0])

    def first(self) -> T | None:
        return next(iter(self), None)
