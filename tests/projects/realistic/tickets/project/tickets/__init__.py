"""Tickets in a SQLite database, with a small object-relational mapper."""
