"""Forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms.fields import Field, Invalid


class Form:
    """Fields by name, and what was entered."""

    def __init__(self, **fields: Field) -> None:
        self.fields = fields
        self.errors: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def fill(self, entered: Mapping[str, str]) -> bool:
        """Take what was entered; whether all of it could be taken."""
        self.errors, self.values = {}, {}
        for name, field in self.fields.items():
            try:
                self.values[name] = field.clean(entered.get(name, ""))
            except Invalid as error:
                self.errors[name] = str(error)
        return not self.errors
