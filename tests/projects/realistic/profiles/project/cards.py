"""Profiles as text."""

from __future__ import annotations

from profiles import Profile


def place(profile: Profile) -> str:
    """Where a person lives, as far as it is known."""
    parts = [part for part in (profile.city, profile.country) if part]
    return ", ".join(parts) or "somewhere"


def card(profile: Profile) -> str:
    lines = [f"{profile.name} (@{profile.login})", f"lives in {place(profile)}"]
    if profile.languages:
        lines.append(f"speaks {', '.join(profile.languages)}")
    return "\n".join(lines)
