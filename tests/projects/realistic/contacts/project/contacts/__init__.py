"""An address book that can be exported and imported."""

from contacts.book import Book
from contacts.contact import Contact

__all__ = ["Book", "Contact"]
