"""Trees of two versions, trimmed to what differs."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.core.syntax import changed_parts, definitions, folded, parse, version

OLD = textwrap.dedent(
    '''
    import os

    class A:
        """Doc."""

        @property
        def f(self):
            return 1

        @f.setter
        def f(self, value):
            pass

        class B:
            def g(self): return 2

    def h():
        return 3

    def h():
        return 4
    '''
)


def parts(old: str, new: str) -> tuple[str, str]:
    before, after = changed_parts(version(old), version(new))
    return ast.unparse(before), ast.unparse(after)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("return 3", "return 30", "def h():\n    return 3", "def h():\n    return 30"),
        ("return 4\n", "return 4\nx = 1\n", "", "x = 1"),
        ("import os\n", "", "import os", ""),
        ("return 1", "return 10", "class A:\n\n    @property\n    def f(self):\n        return 1", None),
        (
            "return 2",
            "return 20",
            "class A:\n\n    class B:\n\n        def g(self):\n            return 2",
            None,
        ),
        ("class A:", "class A(B):", "class A:", "class A(B):"),
        ("import os", "import os  # why", "import os", "import os"),
    ],
)
def test_only_what_differs_is_left(old: str, new: str, before: str, after: str | None) -> None:
    assert old in OLD
    found = parts(OLD, OLD.replace(old, new))
    assert found[0] == before
    assert found[1] == (before.replace(old, new) if after is None else after)


def test_an_opened_string_takes_the_rest_along() -> None:
    new = OLD.replace("    return 3", "    '''").rstrip() + "\n# '''\n"
    before, after = parts(OLD, new)
    assert [len(ast.parse(each).body) for each in (before, after)] == [2, 1]


def test_unchanged_texts_leave_nothing() -> None:
    assert parts(OLD, OLD) == ("", "")


LINES = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "def f():",
            "class A:",
            "    y = 2",
            "    def g(self):",
            "        z = 3",
            "",
            "a; b",
            "(",
            ")",
        ]
    ),
    max_size=12,
).map("\n".join)


@given(LINES, LINES)
def test_what_is_left_out_is_the_same_in_both(old: str, new: str) -> None:
    try:
        one, other = version(old), version(new)
    except SyntaxError:
        return
    before, after = changed_parts(one, other)
    equal = ast.dump(one.tree) == ast.dump(other.tree)
    assert (ast.dump(before) == ast.dump(after)) is equal


def test_definitions_tell_twins_apart() -> None:
    found = [(each.qualname, each.index) for each in definitions(parse(OLD))]
    assert found == [("A.f", 0), ("A.f", 1), ("A.B.g", 0), ("h", 0), ("h", 1)]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("'a'", "a"),
        ("'a' + 'b' + 'c'", "abc"),
        ("f'a{\"b\"}'", "ab"),
        ("'-'.join(['a', 'b'])", "a-b"),
        ("'a' + x", None),
        ("1", None),
        ("'-'.join(x)", None),
        ("f'{x}'", None),
    ],
)
def test_strings_put_together(source: str, text: str | None) -> None:
    assert folded(ast.parse(source, mode="eval").body) == text


@pytest.mark.parametrize("text", ["x = (", "\0", "'\ud800'", "(" * 5000 + ")" * 5000])
def test_texts_that_are_no_program(text: str) -> None:
    with pytest.raises(SyntaxError):
        parse(text)
