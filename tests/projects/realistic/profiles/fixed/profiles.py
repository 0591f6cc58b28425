"""People's profiles, as the directory service answers with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Profile:
    """What is shown of a person."""

    login: str
    name: str
    city: str | None = None
    country: str | None = None
    languages: list[str] = field(default_factory=list)


def profile(data: Mapping[str, Any]) -> Profile:
    """A profile from the service's JSON object. Only the login is sure to be there; what somebody
    did not fill in is missing, null or empty, depending on the age of the account.

    Raises:
        KeyError: the login is missing.
    """
    address = data.get("address") or {}
    return Profile(
        login=data["login"],
        name=data.get("name") or data["login"],
        city=address.get("city") or None,
        country=address.get("country") or None,
        languages=sorted(data.get("languages") or []),
    )
