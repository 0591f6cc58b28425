"""The twin of a test: it fails where an honest run makes the test pass."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.verifier.twin import make_twin

BODIES = {
    "an equality": ("    assert value() == 3\n", "[3]"),
    "an inequality": ("    assert value() != 4\n", "not (value() != 4)"),
    "truth with a message": ("    assert value(), 'must be'\n", "not (value()), 'must be'"),
    "membership": ("    assert value() in (3, 4)\n", "[(3, 4)]"),
    "a chain": ("    assert 0 < value() < 4\n", "not (0 < value() < 4)"),
    "several lines": ("    assert value() == (\n        1 +\n        2\n    )\n", "["),
    "a walrus": ("    assert (found := value()) == 3\n    del found\n", "[3]"),
    "raises": ("    with pytest.raises(KeyError):\n        {}[value()]\n", "Unheard"),
    "no expectation": ("    value()\n", "assert not"),
    "one line": ("    pass; value()\n", "assert not"),
    "a loop": ("    for each in [3]:\n        assert value() == each\n", "[each]"),
    "a string with an accent": ("    assert 'é' * value() == 'ééé'\n", "['ééé']"),
}
HEAD = "import pytest\n\n\ndef value():\n    return 3\n\n\n"


def passes(text: str, name: str) -> bool:
    space: dict = {}
    exec(compile(text, "twin", "exec"), space)
    try:
        space[name]()
    except Exception:
        return False
    return True


@pytest.mark.parametrize("case", BODIES)
def test_a_twin_fails_where_its_test_passes(case):
    body, altered = BODIES[case]
    text = f"{HEAD}def test_it():\n{body}\n\ndef test_next():\n    pass\n"

    twin = make_twin(text, "test_x.py::test_it", 9)

    name = twin.test.partition("::")[2]
    assert altered in twin.text
    assert passes(twin.text, "test_it")
    assert not passes(twin.text, name)
    assert name.startswith("test_it_")
    assert twin.text.splitlines()[:9] == text.splitlines()[:9]


def test_the_expectation_that_failed_is_the_one_that_is_altered():
    text = "def test_it():\n    assert 1 == 1\n    assert 2 == 2\n    assert 3 == 3\n"

    assert "assert 2 == [2]" in make_twin(text, "t.py::test_it", 3).text
    assert "assert 3 == [3]" in make_twin(text, "t.py::test_it", 0).text


def test_names_that_nobody_can_know():
    text = "def test_it():\n    assert 1 == 1\n"

    assert make_twin(text, "t.py::test_it", 2).test != make_twin(text, "t.py::test_it", 2).test


def test_methods_parameters_decorators_and_line_endings():
    text = (
        "import pytest\r\n\r\n\r\nclass TestIt:\r\n    @pytest.mark.parametrize('a', [1])\r\n"
        "    def test_a(self, a):\r\n        assert a == 1\r\n\r\n    def test_b(self):\r\n        pass"
    )
    twin = make_twin(text, "t.py::TestIt::test_a[1]", 7)

    assert twin.test.startswith("t.py::TestIt::test_a_")
    assert twin.test.endswith("[1]")
    assert twin.text.count("parametrize") == 2
    assert "\n" not in twin.text.replace("\r\n", "")
    [cls] = [node for node in ast.parse(twin.text).body if isinstance(node, ast.ClassDef)]
    assert len(cls.body) == 3


@pytest.mark.parametrize(
    ("line", "altered"),
    [
        ("self.assertEqual(a, 1)", "self.assertEqual(a, [1])"),
        ("self.assertTrue(a)", "self.assertFalse(a)"),
        ("self.assertIsNone(a)", "self.assertIsNotNone(a)"),
        ("self.assertIn(a, [1])", "self.assertNotIn(a, [1])"),
    ],
)
def test_unittest(line, altered):
    text = f"class TestIt(TestCase):\n    def test_a(self):\n        a = 1\n        {line}\n"

    assert altered in make_twin(text, "t.py::TestIt::test_a", 4).text


def test_async_tests_and_other_naming():
    assert (
        "async def test_it_"
        in make_twin("async def test_it():\n    assert 1 == 1\n", "t.py::test_it", 2).text
    )
    named = make_twin("def sums_test():\n    assert 1 == 1\n", "t.py::sums_test", 2).test
    assert named.endswith("_test")


@pytest.mark.parametrize("test", ["t.py::test_gone", "t.py::Gone::test_it", "t.py", "t.py::calc.add"])
def test_what_is_no_function_has_no_twin(test):
    assert make_twin("def test_it():\n    assert 1 == 1\n", test, 2) is None


def test_a_file_that_does_not_parse_has_no_twin():
    assert make_twin("def test_it(:\n", "t.py::test_it", 1) is None


NAMES = st.sampled_from(["a", "bé", "value()", "[1, 2]", "'\\N{SNOWMAN}'", "(x for x in y)"])


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["==", "!=", "in", "is", "<"]), NAMES), min_size=1),
    st.integers(0, 9),
)
def test_a_twin_always_parses_and_keeps_the_rest(asserts, line):
    text = "def test_it():\n" + "".join(f"    assert {a} {op} {b}  # é\n" for a, op, b in asserts) + "x = 1\n"

    twin = make_twin(text, "t.py::test_it", line)

    assert twin is not None
    assert [getattr(each, "name", "") for each in ast.parse(twin.text).body][:1] == ["test_it"]
    assert twin.text.startswith(text[: -len("\nx = 1\n")])
    assert twin.text.endswith("x = 1\n")
