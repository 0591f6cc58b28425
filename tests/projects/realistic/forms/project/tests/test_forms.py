import pytest

from forms import ChoiceField, IntegerField, TextField
from forms.fields import Invalid


def test_everything_filled_in(form):
    assert form.fill({"name": " Ada ", "age": "36", "colour": "green"})
    assert form.values == {"name": "Ada", "age": 36, "colour": "Green"}


def test_optional_fields_left_empty(form):
    assert form.fill({"name": "Ada"})
    assert form.values == {"name": "Ada", "age": None, "colour": None}


def test_messages(form):
    assert not form.fill({"name": "", "age": "old", "colour": "blue"})
    assert form.errors == {
        "name": "Name is needed",
        "age": "Age must be a whole number",
        "colour": "Colour must be one of red, Green",
    }


def test_bounds():
    age = IntegerField("Age", least=0, most=150)
    assert [age.clean(text) for text in ("0", "150")] == [0, 150]
    with pytest.raises(Invalid, match="at most"):
        age.clean("151")


def test_length():
    with pytest.raises(Invalid, match="too long"):
        TextField("Name", longest=2).clean("abc")


def test_choice_is_needed():
    with pytest.raises(Invalid, match="Colour is needed"):
        ChoiceField("Colour", ["red"]).clean("  ")
