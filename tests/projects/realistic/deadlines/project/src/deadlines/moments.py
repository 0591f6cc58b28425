"""Moments as people and programs write them."""

from __future__ import annotations

from datetime import datetime, time, timezone


def parse_moment(text: str) -> datetime:
    """A moment in UTC. ``2024-05-01T12:00+02:00`` and ``2024-05-01T12:00Z`` say their zone; without
    one UTC is meant. A day alone means its last minute.

    Raises:
        ValueError: the text is no moment.
    """
    text = text.strip()
    if text.endswith(("Z", "z")):
        text = f"{text[:-1]}+00:00"
    moment = datetime.fromisoformat(text)
    if len(text) == len("2024-05-01"):
        moment = datetime.combine(moment.date(), time(23, 59))
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment


def days_left(deadline: datetime, now: datetime) -> int:
    """Whole days until a deadline; negative when it has passed."""
    return (deadline - now).days
