"""Tickets."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tickets.orm import Query

SCHEMA = """
create table ticket (
    id integer primary key, title text not null, priority integer not null,
    assignee text, closed text
)
"""


@dataclass(frozen=True)
class Ticket:
    """Something to be done; an open ticket has no day on which it was closed."""

    id: int
    title: str
    priority: int = 1
    assignee: str | None = None
    closed: str | None = None


def create(connection: sqlite3.Connection) -> None:
    connection.execute(SCHEMA)


def save(connection: sqlite3.Connection, ticket: Ticket) -> None:
    connection.execute(
        "insert or replace into ticket values (?, ?, ?, ?, ?)",
        (ticket.id, ticket.title, ticket.priority, ticket.assignee, ticket.closed),
    )


def tickets(connection: sqlite3.Connection) -> Query[Ticket]:
    return Query(connection, "ticket", Ticket)


def waiting(connection: sqlite3.Connection) -> list[Ticket]:
    """Open tickets that nobody works on, the most urgent first."""
    return list(tickets(connection).filter(assignee=None, closed=None).order_by("-priority"))
