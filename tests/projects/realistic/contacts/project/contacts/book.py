"""The address book."""

from __future__ import annotations

from contacts.contact import Contact
from contacts.table import dump, load


class Book:
    """Contacts by name."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def add(self, contact: Contact) -> None:
        """Add a contact, or replace the one of the same name."""
        self._contacts[contact.name] = contact

    def find(self, text: str) -> list[Contact]:
        """Contacts in which a text occurs, by name."""
        found = [each for each in self._contacts.values() if each.matches(text)]
        return sorted(found, key=lambda each: each.name)

    def export(self) -> str:
        return dump(self.find(""))

    def restore(self, text: str) -> int:
        """Add the contacts of an export; how many there were."""
        contacts = load(text)
        for each in contacts:
            self.add(each)
        return len(contacts)
