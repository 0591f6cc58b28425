import pytest
from forms import ChoiceField
from forms.fields import Invalid


def test_required_as_given():
    assert ChoiceField("C", ["a"]).required is True
    assert ChoiceField("C", ["a"], required=False).required is False
    assert ChoiceField("C", ["a"], False).label == "C"


def test_needed_or_not():
    with pytest.raises(Invalid, match="Size is needed"):
        ChoiceField("Size", ["S", "M"]).clean("")
    assert ChoiceField("Size", ["S", "M"], required=False).clean(" ") is None
    assert ChoiceField("Size", iter(["S", "M"]), required=False).clean(" m ") == "M"


def test_form_after_form(form):
    assert not form.fill({"colour": "red"})
    assert form.errors == {"name": "Name is needed"}
    assert form.values == {"age": None, "colour": "red"}
    assert form.fill({"name": "A", "colour": ""})
    assert form.errors == {}
