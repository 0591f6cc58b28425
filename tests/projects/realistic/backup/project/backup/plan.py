"""Deciding what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Names of backups, newest first."""

    kept: tuple[str, ...]
    removed: tuple[str, ...]


def plan(names: Iterable[str], keep: int, prefix: str = "") -> Plan:
    """Keep the newest backups. A name ends with its date, so names of one prefix sort by age;
    names with another prefix are left alone.

    Raises:
        ValueError: less than one is to be kept.
    """
    if keep < 1:
        raise ValueError("at least one backup must be kept")
    fitting = sorted((name for name in names if name.startswith(prefix)), reverse=True)
    return Plan(tuple(fitting[:keep]), tuple(fitting[keep:]))
