"""Spans of functions, exact to the byte."""

from __future__ import annotations

import ast
import itertools
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heal_lsp.analysis.spans import functions, innermost, module_target, recovered
from heal_lsp.core.model import Target, TargetKind
from heal_lsp.core.text import line_starts

BEFORE = ["", "x = 1\n", "s = '😀é'\n", "\n\n# é\n", "\x0c\n", "if 1:\n    pass\n"]
AFTER = ["", "\n", "\n\n\nx = 1\n", "\n# end", "\n\n\n    # indented comment\ny = 2\n"]
Reader = Callable[[str, str], tuple[Target, ...]]


def cut(text: str, target: Target) -> str:
    return text.encode("utf-8", "surrogatepass")[target.start : target.end].decode("utf-8", "surrogatepass")


def only(text: str) -> Target:
    (found,) = functions(text, "m.py")
    return found


@pytest.mark.parametrize("read", [functions, recovered])
@pytest.mark.parametrize(
    "source",
    [
        "def f(): return 1",
        "def f():\n    return 1",
        "async def f():\n    await g()",
        "@a\ndef f():\n    pass",
        "@a.b(1)\n@c\nasync def f():\n    pass",
        "@a(\n    1,\n    2,\n)\ndef f(): pass",
        "@(lambda function: function)\ndef f(): pass",
        "@ a\ndef f(): pass",
        "@a  # why\n# more\n\ndef f():\n    pass",
        "def f(a,\n      b):\n\n    # comment\n    return a",
        "def f():\n\tif x:\n\t\treturn 1",
        'def f():\n    """é 😀"""\n    return "😀"',
        "def f(): return '''\nx\n'''",
        "def f():\n    return (1,\n2)",
        "def f(x=lambda: 1): return x",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_span_is_the_text_of_the_function(read: Reader, source: str, newline: str) -> None:
    for bom, before, after in itertools.product(["", "\ufeff"], BEFORE, AFTER):
        text = bom + (before + source + after).replace("\n", newline)
        found = read(text, "m.py")
        assert [each.name for each in found] == ["f"]
        assert cut(text, found[0]) == source.replace("\n", newline)
        assert found[0].line == 1 + (before + source[: source.index("def f")]).count("\n")
        assert found[0].end_line == 1 + (before + source).count("\n")
        assert found[0].asynchronous is ("async def" in source)


NESTED = textwrap.dedent(
    """
    class A:
        x = 1

        @property
        def f(self):
            return 1

        @f.setter
        def f(self, value):
            pass

        @functools.cached_property
        def g(self): return 2

        @staticmethod
        def s(): return 3

        class B:
            async def f(self):
                def f(): return (lambda: 4)()
                return f

    if True:
        def f(): return 5
    else:
        try:
            def f(): return 6
        except E:
            def f(): return 7
        finally:
            with x:
                def late(): return 8

    match x:
        case 1:
            def matched(): return 9
    for _ in y:
        def looped(): return 10
    """
)


@pytest.mark.parametrize("read", [functions, recovered])
def test_names_and_kinds(read: Reader) -> None:
    found = read(NESTED, "m.py")
    assert [(each.qualname, each.kind.value) for each in found] == [
        ("A.f", "property"),
        ("A.f", "property"),
        ("A.g", "property"),
        ("A.s", "method"),
        ("A.B.f", "method"),
        ("A.B.f.<locals>.f", "function"),
        ("f", "function"),
        ("f", "function"),
        ("f", "function"),
        ("late", "function"),
        ("matched", "function"),
        ("looped", "function"),
    ]
    for each in found:
        text = cut(NESTED, each)
        assert text.startswith(("def", "async def", "@"))
        assert f"def {each.name}(" in text
        assert NESTED.splitlines()[each.line - 1].lstrip().startswith(("def", "async def"))
        assert each.path == "m.py"


def test_both_readers_agree() -> None:
    assert functions(NESTED, "m.py") == recovered(NESTED, "m.py")


@pytest.mark.parametrize(
    "broken",
    [
        "x = (\n",
        "def g(:\n    pass\n",
        "class\n",
        "x = 'open\n",
        "if x\n    y\n",
        "print 'x'\n",
        "@\n",
    ],
)
def test_an_error_elsewhere_leaves_the_other_functions(broken: str) -> None:
    text = "def f(a):\n    return 'é', a\n\n\n" + broken
    with pytest.raises(SyntaxError):
        ast.parse(text)
    assert cut(text, functions(text)[0]) == "def f(a):\n    return 'é', a"
    text = broken.replace("(\n", "(]\n") + "\n\ndef f(a):\n    return 'é', a\n"
    assert "def f(a):\n    return 'é', a" in [cut(text, each) for each in functions(text)]


def test_newer_grammar_than_this_python_still_has_spans() -> None:
    text = "def f[T](x: T) -> T:\n    return x\n\n\ndef g():\n    return 1\n"
    assert [each.name for each in functions(text)] == ["f", "g"]


def test_innermost_holds_decorators_and_nested_functions() -> None:
    text = "@a\n@b\ndef f():\n    def g():\n        return 1\n    return g\n\nx = 1\n"
    found, starts = functions(text), line_starts(text)
    names = [getattr(innermost(found, line, starts), "name", None) for line in range(1, 10)]
    assert names == ["f", "f", "f", "g", "g", "f", None, None, None]


def test_a_module_target_is_the_whole_text() -> None:
    text = "x = 'é'\ny = 2\n"
    target = module_target(text, "a/b.py")
    assert (target.kind, target.name, target.line, target.end_line) == (TargetKind.MODULE, "b.py", 1, 2)
    assert cut(text, target) == text


NAMES = st.sampled_from(["f", "g", "é", "名前"])
STRINGS = st.sampled_from(["'😀'", "'''a\nb'''", '"é"', "f'{x}'", "b'x'"])


@st.composite
def function_sources(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(NAMES)
    decorators = draw(
        st.lists(st.sampled_from(["@d\n", "@d.e(1)\n", "@d(\n    '😀',\n)\n", "@d # é\n"]), max_size=2)
    )
    prefix = draw(st.sampled_from(["", "async "]))
    parameters = draw(st.sampled_from(["", "x", "x, *y", "x=1, /, z=(\n  2)", "**k"]))
    if draw(st.booleans()) and depth:
        body = f" return {draw(STRINGS).replace(chr(10), '')}"
    else:
        inner = draw(st.lists(block(depth + 1), min_size=1, max_size=2)) if depth < 2 else ["return 1"]
        body = "\n" + "\n".join(textwrap.indent(each, draw(st.sampled_from(["    "]))) for each in inner)
    return "".join(decorators) + f"{prefix}def {name}({parameters}):{body}"


def block(depth: int) -> st.SearchStrategy[str]:
    plain = st.sampled_from(
        ["x = 1", "# é 😀", "return_ = '😀'", "if x:\n    pass", "y = (1,\n2)", "\x0cz = 3"]
    )
    return st.one_of(plain.map(lambda each: each + "\npass"), function_sources(depth), classes(depth))


@st.composite
def classes(draw: st.DrawFn, depth: int) -> str:
    body = draw(function_sources(depth + 1)) if depth < 2 else "pass"
    return f"class {draw(NAMES)}:\n" + textwrap.indent(body, "  ")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(block(0), min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.booleans(),
)
def test_random_modules(blocks: list[str], newline: str, bom: str, end: bool) -> None:
    text = bom + ("\n".join(blocks) + ("\n" if end else "")).replace("\n", newline)
    tree = ast.parse(text.removeprefix(bom))
    expected = [each for each in ast.walk(tree) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
    found = functions(text, "m.py")
    assert len(found) == len(expected)
    assert found == tuple(sorted(found, key=lambda each: each.start))
    for each in found:
        piece = textwrap.dedent(" " * 40 + "\n" + cut(text, each)).replace("\r\n", "\n")
        start = piece.strip("\n ")
        assert start.startswith(("@", "def ", "async def "))
        own = [node for node in expected if node.lineno == each.line and node.name == each.name]
        assert len(own) == 1
        indented = "if 1:\n" + " " * own[0].col_offset + cut(text, each).replace("\r\n", "\n")
        again = ast.parse(indented if own[0].col_offset else indented.removeprefix("if 1:\n"))
        node = again.body[0].body[0] if own[0].col_offset else again.body[0]  # type: ignore[attr-defined]
        assert ast.dump(node) == ast.dump(own[0])
    if "\x0c" not in text:  # parso takes a form feed for the end of an indented block
        assert recovered(text, "m.py") == found
