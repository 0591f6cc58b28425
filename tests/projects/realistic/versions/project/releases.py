"""Choosing among the releases of a package."""

from __future__ import annotations

from collections.abc import Iterable

from versions import InvalidVersion, Version


def known(tags: Iterable[str]) -> list[Version]:
    """The versions among a repository's tags, oldest first."""
    found = []
    for tag in tags:
        try:
            found.append(Version.parse(tag))
        except InvalidVersion:
            continue
    return sorted(found)


def latest(tags: Iterable[str], prereleases: bool = False) -> Version | None:
    """The newest version, or None."""
    fitting = [each for each in known(tags) if prereleases or not each.is_prerelease]
    return fitting[-1] if fitting else None
