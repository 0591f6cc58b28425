"""Version numbers such as 1.4.0 or 2.0.0rc1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

PATTERN = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:(a|b|rc)(\d+))?")
FINAL = ("z", 0)
"""Sorts behind every pre-release."""


class InvalidVersion(ValueError):
    """A text that is no version number."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version number, ordered by age."""

    release: tuple[int, int, int]
    pre: tuple[str, int] = FINAL

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version number; blanks around it and a leading ``v`` do not matter.

        Raises:
            InvalidVersion: the text is no version number.
        """
        match = PATTERN.fullmatch(text.strip().removeprefix("v"))
        if match is None:
            raise InvalidVersion(f"no version number: {text!r}")
        major, minor, micro, stage, number = match.groups()
        pre = (stage, int(number)) if stage else FINAL
        return cls((int(major), int(minor), int(micro or 0)), pre)

    @property
    def is_prerelease(self) -> bool:
        return self.pre != FINAL

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return (self.release, self.pre) < (other.release, other.pre)

    def __str__(self) -> str:
        number = ".".join(map(str, self.release))
        return number + (f"{self.pre[0]}{self.pre[1]}" if self.is_prerelease else "")
