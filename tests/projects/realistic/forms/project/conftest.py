import pytest

from forms import ChoiceField, Form, IntegerField, TextField


@pytest.fixture
def form():
    return Form(
        name=TextField("Name", longest=10),
        age=IntegerField("Age", required=False, least=0, most=150),
        colour=ChoiceField("Colour", ["red", "Green"], required=False),
    )
