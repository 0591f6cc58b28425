"""The kinds of fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Invalid(ValueError):
    """What was entered cannot be taken. The message is meant for the person who entered it."""


class Field:
    """One field. Subclasses refine ``clean``."""

    def __init__(self, label: str, required: bool = True) -> None:
        self.label = label
        self.required = required

    def clean(self, text: str) -> Any:
        """The value of what was entered; None for an empty field that may be empty.

        Raises:
            Invalid: it cannot be taken.
        """
        text = text.strip()
        if not text and self.required:
            raise Invalid(f"{self.label} is needed")
        return text or None


class TextField(Field):
    """A text of limited length."""

    def __init__(self, label: str, required: bool = True, longest: int = 80) -> None:
        super().__init__(label, required)
        self.longest = longest

    def clean(self, text: str) -> str | None:
        value = super().clean(text)
        if value is not None and len(value) > self.longest:
            raise Invalid(f"{self.label} is too long")
        return value


class IntegerField(Field):
    """A whole number, perhaps with bounds that belong to it."""

    def __init__(
        self,
        label: str,
        required: bool = True,
        least: int | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(label, required)
        self.least = least
        self.most = most

    def clean(self, text: str) -> int | None:
        value = super().clean(text)
        if value is None:
            return None
        try:
            number = int(value)
        except ValueError:
            raise Invalid(f"{self.label} must be a whole number") from None
        if self.least is not None and number < self.least:
            raise Invalid(f"{self.label} must be at least {self.least}")
        if self.most is not None and number > self.most:
            raise Invalid(f"{self.label} must be at most {self.most}")
        return number


class ChoiceField(Field):
    """One of some words, in any case of letters."""

    def __init__(self, label: str, choices: Iterable[str], required: bool = True) -> None:
        self.label = label
        self.choices = tuple(choices)

    def clean(self, text: str) -> str | None:
        value = super().clean(text)
        if value is None:
            return None
        for choice in self.choices:
            if choice.casefold() == value.casefold():
                return choice
        raise Invalid(f"{self.label} must be one of {', '.join(self.choices)}")
