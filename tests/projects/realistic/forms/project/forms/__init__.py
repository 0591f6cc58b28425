"""Fields of forms and what is wrong with what was entered."""

from forms.fields import ChoiceField, Field, IntegerField, TextField
from forms.form import Form

__all__ = ["ChoiceField", "Field", "Form", "IntegerField", "TextField"]
