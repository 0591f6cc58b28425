"""The service's answers."""

from __future__ import annotations

import json

from cards import card
from profiles import Profile, profile


def read(answer: str) -> list[Profile]:
    """The profiles of an answer, by login. Deleted accounts have no login and are left out."""
    entries = json.loads(answer)["people"]
    found = [profile(entry) for entry in entries if entry.get("login")]
    return sorted(found, key=lambda each: each.login)


def show(answer: str) -> str:
    return "\n\n".join(card(each) for each in read(answer))
