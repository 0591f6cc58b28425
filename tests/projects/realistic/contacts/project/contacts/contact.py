"""One contact."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True)
class Contact:
    """A person and how to reach them. Everything but the name may be empty."""

    name: str
    email: str = ""
    phone: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a contact needs a name")

    def matches(self, text: str) -> bool:
        """Whether a text occurs anywhere in the contact, whatever the case of its letters."""
        return any(text.casefold() in value.casefold() for value in astuple(self))


COLUMNS = tuple(field.name for field in fields(Contact))
