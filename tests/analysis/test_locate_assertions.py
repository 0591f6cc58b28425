"""A test fails at its own assertion: the target is what the assertion calls."""

from __future__ import annotations

from typing import Any

import pytest

APP = """
    import functools


    def add(a, b):
        return a - b


    def mul(a, b):
        return a * b


    def grow(items):
        items.append(1)


    def make():
        return Cart()


    def annotated() -> "Cart":
        return globals()["Cart"]()


    async def fetch(key):
        return key


    @functools.lru_cache
    def cached(n):
        return n


    class Base:
        def inherited(self):
            return 0


    class Cart(Base):
        limit = add

        def __init__(self, items=()):
            self.items = list(items)
            self.lines = Lines()

        def total(self):
            return sum(self.items)

        @property
        def size(self):
            return len(self.items)

        @size.setter
        def size(self, value):
            self.items = self.items[:value]

        @staticmethod
        def tax(amount):
            return amount

        @classmethod
        def of(cls, *items):
            return cls(items)

        def __len__(self):
            return 0

        def __eq__(self, other):
            return False

        def __add__(self, other):
            return self

        def __getitem__(self, index):
            return self.items[index + 1]

        def __call__(self):
            return 1

        def __contains__(self, item):
            return False


    class Lines:
        def count(self):
            return 1


    HANDLERS = {"add": add}
    half = functools.partial(mul, 0.5)
    alias = add
"""

CASES = {
    "add": [
        "assert add(1, 2) == 3",
        "assert 3 == add(1, 2)",
        "result = add(1, 2)\nassert result == 3",
        "result = add(1, 2)\nother = result + 1\nassert other == 4",
        "expected = mul(1, 3)\nresult = add(1, 2)\nassert expected == result",
        "first, second = add(1, 2), mul(1, 2)\nassert first == 3",
        "assert not add(1, 1)",
        "assert app.add(1, 2) == 3",
        "assert alias(1, 2) == 3",
        "assert isinstance(add('a', 'b'), str)",
        "assert add(1, 2) == pytest.approx(3)",
        "assert len(add([1], [2])) == 2",
        "assert list(map(add, [1], [2])) == [3]",
        "with pytest.raises(TypeError):\n    add(1, 2)",
        "if add(1, 2) != 3:\n    pytest.fail('no')",
        "for n in range(3):\n    assert add(n, n) == 2 * n",
        "np.testing.assert_allclose(add(1, 2), 3)",
        "assert f'{add(1, 2)}' == '3'",
        "assert [add(n, 1) for n in range(2)] == [1, 2]",
        "assert (lambda: add(1, 2))() == 3",
        "assert Cart.limit(1, 2) == 3",
        "import app as other\nassert other.add(1, 2) == 3",
        "from app import add as plus\nassert plus(1, 2) == 3",
        "assert add(1, 2) == 3 and True",
        "got = add(1, 2)\nassert got == 3, f'got {got}'",
    ],
    "mul": [
        "assert add(1, 2) == add(0, 3) if mul(0, 0) else mul(1, 2) == 3",
        "assert mul(add(1, 1), 2) == 4",
    ],
    "grow": ["items = []\ngrow(items)\nassert items == [1]"],
    "fetch": [
        "assert await fetch(1) == 2",
        "got = await fetch(1)\nassert got == 2",
        "assert asyncio.run(fetch(1))",
    ],
    "cached": ["assert cached(1) == 2"],
    "Cart.total": [
        "assert Cart([1]).total() == 1",
        "cart = Cart()\ncart.items.append(1)\nassert cart.total() == 1",
        "cart: Cart = Cart()\nassert cart.total() == 1",
        "assert make().total() == 1",
        "cart = make()\nassert cart.total() == 1",
        "assert annotated().total() == 1",
        "assert Cart.of(1, 2).total() == 3",
        "with Cart() as cart:\n    assert cart.total() == 3",
        "assert [Cart(), Cart()][0].total() == 1",
        "carts = {'a': Cart()}\nassert carts['a'].total() == 1",
        "for cart in [Cart()]:\n    assert cart.total() == 1",
    ],
    "Cart.size": [
        "assert Cart().size == 1",
        "cart = Cart()\nassert cart.size == 1",
        "n = Cart().size\nassert n == 1",
    ],
    "Cart.tax": ["assert Cart.tax(1) == 2", "assert Cart().tax(1) == 2"],
    "Cart.of": ["assert Cart.of(1) is None"],
    "Base.inherited": ["assert Cart().inherited() == 1"],
    "Lines.count": ["assert Cart().lines.count() == 2"],
    "Cart.__len__": ["assert len(Cart([1])) == 1"],
    "Cart.__getitem__": ["assert Cart([1])[0] == 1"],
    "Cart.__contains__": ["assert 1 in Cart([1])"],
    "Cart.__eq__": ["assert Cart([1]) == Cart([1])", "one = Cart()\nassert one == one"],
    "Cart.__add__": ["assert Cart() + 1 == 2"],
    "Cart.__call__": ["assert Cart()() == 2", "cart = Cart()\nassert cart() == 2"],
    "Cart.__init__": ["assert Cart([1]).items == [1]", "with pytest.raises(ValueError):\n    Cart(3)"],
}


def written(body: str) -> str:
    lines = body.split("\n")
    marked = next(index for index in reversed(range(len(lines))) if is_failing(lines, index))
    lines[marked] += "  # frame 1"
    keyword = "async def" if "await" in body else "def"
    imports = "import asyncio\nimport numpy as np\nimport pytest\nimport app\nfrom app import *\n\n\n"
    return imports + f"{keyword} test_it():\n" + "".join(f"    {each}\n" for each in lines)


def is_failing(lines: list[str], index: int) -> bool:
    return index == 0 or lines[index].lstrip().startswith(("assert", "with pytest.raises", "pytest.fail"))


@pytest.mark.parametrize(
    ("name", "body"), [(name, body) for name, bodies in CASES.items() for body in bodies]
)
def test_the_call_of_an_assertion(project: Any, name: str, body: str) -> None:
    project.write({"app.py": APP, "test_app.py": written(body)})
    assert project.name() == name


def test_star_imports_do_not_hide_named_ones(project: Any) -> None:
    project.write(
        {
            "app.py": "def f():\n    return 1\n",
            "other.py": "from app import f as g\n",
            "test_app.py": """
                from other import *

                def test_it():
                    assert g() == 2  # frame 1
            """,
        }
    )
    assert project.name() == "f"


def test_fixtures(project: Any) -> None:
    project.write(
        {
            "app.py": APP,
            "tests/conftest.py": """
                import pytest
                from app import Cart

                @pytest.fixture(name="basket")
                def _basket():
                    cart = Cart()
                    yield cart

                @pytest.fixture
                def total(basket):
                    return basket.total()
            """,
            "tests/test_app.py": """
                def test_it(basket):
                    assert basket.total() == 1  # frame 1

                def test_value(total):
                    assert total == 1
            """,
        }
    )
    assert project.name("tests/test_app.py::test_it") == "Cart.total"
    project.write({"tests/test_app.py": project.files["tests/test_app.py"].replace("  # frame 1", "")})
    text = (
        project.files["tests/test_app.py"]
        .replace("total == 1\n", "total == 1  # frame 1\n")
        .replace("() == 1", "()==1")
    )
    project.write({"tests/test_app.py": text.replace("basket.total()==1  # frame 1", "basket.total()==1")})
    assert project.name("tests/test_app.py::test_value") == "Cart.total"


def test_parametrized_functions_and_values(project: Any) -> None:
    project.write(
        {
            "app.py": APP,
            "test_app.py": """
                import pytest
                from app import add, mul, Cart

                @pytest.mark.parametrize("function, expected", [(add, 3), pytest.param(mul, 2, id="mul")])
                def test_it(function, expected):
                    assert function(1, 2) == expected  # frame 1
            """,
        }
    )
    assert project.name("test_app.py::test_it[add-3]") == "add"
    assert project.name("test_app.py::test_it[mul]") == "mul"


def test_unittest_cases(project: Any) -> None:
    body = """
        import unittest
        from app import Cart, add


        class CartTest(unittest.TestCase):
            def setUp(self):
                self.cart = Cart()

            def helper(self):
                return self.cart

            def test_total(self):
                self.assertEqual(1, self.cart.total())  # total

            def test_helper(self):
                self.assertTrue(self.helper().size)  # helper

            def test_raises(self):
                with self.assertRaises(ValueError):  # raises
                    add(1, 2)

            def test_raises_call(self):
                self.assertRaises(ValueError, add, 1, 2)  # reference
    """
    for mark, test, name in [
        ("total", "test_total", "Cart.total"),
        ("helper", "test_helper", "Cart.size"),
        ("raises", "test_raises", "add"),
        ("reference", "test_raises_call", "add"),
    ]:
        project.write({"app.py": APP, "test_app.py": body.replace(f"# {mark}\n", "# frame 1\n")})
        assert project.name(f"test_app.py::CartTest::{test}") == name


def test_setup_method_and_class_attributes(project: Any) -> None:
    project.write(
        {
            "app.py": APP,
            "test_app.py": """
                from app import Cart

                class TestCart:
                    kind = Cart

                    def setup_method(self):
                        self.cart = self.kind()

                    def test_it(self):
                        assert self.cart.total() == 1  # frame 1
            """,
        }
    )
    assert project.name("test_app.py::TestCart::test_it") == "Cart.total"


def test_helpers_of_the_tests_lead_on(project: Any) -> None:
    project.write(
        {
            "app.py": APP,
            "tests/helpers.py": """
                from app import add

                def check(got, want):
                    assert got == want  # frame 2

                def total(*numbers):
                    return add(*numbers)
            """,
            "tests/test_app.py": """
                from helpers import check, total
                from app import mul

                def test_it():
                    check(mul(1, 2), 3)  # frame 1
            """,
        }
    )
    assert project.name("tests/test_app.py::test_it") == "mul"
    project.write(
        {
            "tests/helpers.py": project.files["tests/helpers.py"].replace("  # frame 2", ""),
            "tests/test_app.py": """
                from helpers import total

                def test_it():
                    assert total(1, 2) == 3  # frame 1
            """,
        }
    )
    assert project.name("tests/test_app.py::test_it") == "add"


@pytest.mark.parametrize("layout", ["src/pkg/core.py", "pkg/core.py", "lib/pkg/core.py"])
def test_layouts_and_relative_imports(project: Any, layout: str) -> None:
    folder = layout.rpartition("/")[0]
    project.write(
        {
            layout: "def f():\n    return 1\n",
            f"{folder}/__init__.py": "from .core import f\n",
            f"{folder}/tests/__init__.py": "",
            f"{folder}/tests/test_it.py": """
                from ..core import f
                from .. import f as g

                def test_one():
                    assert f() == 2  # frame 1

                def test_two():
                    assert g() == 2
            """,
        }
    )
    assert project.name(f"{folder}/tests/test_it.py::test_one") == "f"


@pytest.mark.parametrize("layout", ["src/pkg/core.py", "pkg/core.py"])
def test_tests_beside_the_package(project: Any, layout: str) -> None:
    project.write(
        {
            layout: "def f():\n    return 1\n",
            "tests/unit/test_it.py": """
                import pkg.core
                from pkg import core

                def test_one():
                    assert pkg.core.f() == core.f()  # frame 1
            """,
        }
    )
    assert project.name("tests/unit/test_it.py::test_one") == "f"


def test_the_same_name_in_two_classes_and_nested(project: Any) -> None:
    project.write(
        {
            "app.py": """
                class A:
                    def f(self):
                        return 1

                class B:
                    def f(self):
                        def f():
                            return 2
                        return f()

                def f():
                    return 3
            """,
            "test_app.py": """
                from app import A, B

                def test_it():
                    assert B().f() == 3  # frame 1
            """,
        }
    )
    located = project.locate()
    assert located.target is not None
    assert (located.target.qualname, located.target.line) == ("B.f", 6)


def test_unsaved_buffers_are_the_truth(project: Any) -> None:
    project.write({"app.py": "def old():\n    return 1\n", "test_app.py": "x = 1\n"})
    project.buffers = {
        "app.py": "\n\n\ndef fresh():\n    return 1\n",
        "new.py": "def newer():\n    return 1\n",
        "test_app.py": (
            "from app import fresh\nfrom new import newer\n\n"
            "def test_it():\n    assert fresh() == 2  # frame 1\n"
        ),
    }
    located = project.locate()
    assert located.target is not None
    assert (located.target.qualname, located.target.line) == ("fresh", 4)
    project.buffers["test_app.py"] = project.buffers["test_app.py"].replace("assert fresh", "assert newer")
    assert project.name() == "newer"


def test_jedi_sees_unsaved_buffers_and_imports_nothing(project: Any) -> None:
    bomb = "raise SystemExit('the workspace was imported')\n"
    project.write(
        {
            "app.py": bomb,
            "textwrap.py": bomb,
            "test_app.py": "import app\n\ndef test_it():\n    assert app.ALL['a'].total() == 2  # frame 1\n",
        }
    )
    project.buffers = {
        "app.py": "\n\nclass Cart:\n    def total(self):\n        return 1\n\nALL = dict(a=Cart())\n" + bomb
    }
    located = project.locate()
    assert located.target is not None
    assert (located.target.qualname, located.target.line) == ("Cart.total", 4)


def test_a_helper_leads_on_from_its_body_too(project: Any) -> None:
    project.write(
        {
            "app.py": APP,
            "test_app.py": """
                from app import add, mul

                def outcome(a, b):
                    mul(1, 1)
                    found = add(a, b)
                    return str(found)

                def test_it():
                    assert outcome(1, 2) == "3"  # frame 1
            """,
        }
    )
    assert project.name() == "add"


def test_jedi_is_asked_only_for_names_that_the_workspace_defines(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from heal_lsp.analysis import inference

    asked: list[str] = []

    def functions_at(sources: object, module: Any, line: int, column: int) -> list[object]:
        asked.append(module.text.splitlines()[line - 1][column:])
        return []

    monkeypatch.setattr(inference, "functions_at", functions_at)
    project.write(
        {
            "app.py": "class A:\n    def total(self): pass\n\nALL = {}\n",
            "test_app.py": """
                from app import ALL

                def test_it():
                    assert ALL["a"].name.strip().total() == len(ALL["b"].other())  # frame 1
            """,
        }
    )
    assert project.name() is None
    assert [each.partition("(")[0] for each in asked] == ["total"]
