"""Whatever is proposed: it parses, it changes the target alone, and every other byte stays."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heal_lsp.core.model import Candidate, Task
from heal_lsp.core.text import digest

MakeTask = Callable[..., Task]
Search = Callable[..., list[Candidate]]

NAMES = st.sampled_from(["a", "b", "n", "items", "wörter"])
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        [
            "0",
            "1",
            "-1",
            "2.5",
            "True",
            "None",
            "''",
            '"é😀"',
            "[]",
            "{}",
            "()",
            "a.next",
            "b[0]",
            "items[1:]",
        ]
    ),
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = ["+", "-", "*", "//", "%", "**", "<", "==", "in", "is not", "and", "or"]
    return st.one_of(
        st.tuples(inner, st.sampled_from(infix), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(NAMES, st.sampled_from(infix), NAMES).map(" ".join),
        st.tuples(st.sampled_from(["len", "sum", "f", "sorted"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, {p[1]}]"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(NAMES, inner).map(lambda p: f"[{p[0]} for {p[0]} in {p[1]} if {p[0]}]"),
        st.tuples(inner, inner).map(lambda p: f"(\n            {p[0]} +  # why\n            {p[1]})"),
        inner.map(lambda each: f"not {each}"),
        inner.map(lambda each: f"(lambda x: {each})"),
        inner.map(lambda each: f"g({each}, key={each})"),
    )


EXPRESSIONS = st.recursive(ATOMS, _combined, max_leaves=4)


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3 - depth))):
        name, value = draw(NAMES), draw(EXPRESSIONS)
        kinds = ["assign", "augment", "call", "return", "comment", "two"]
        kind = draw(
            st.sampled_from(kinds + (["if", "elif", "for", "while", "with", "try"] if depth < 2 else []))
        )
        if kind == "assign":
            lines.append(f"{name} = {value}  # note")
        elif kind == "augment":
            lines.append(f"{name} += {value}")
        elif kind == "call":
            lines.append(f"{name}.append({value})")
        elif kind == "return":
            lines.append(f"return {value}")
        elif kind == "comment":
            lines += ["# a comment", f"{name} = 1", ""]
        elif kind == "two":
            lines.append(f"{name} = 1; a = {value}")
        else:
            body = [f"    {each}" if each else "" for each in draw(blocks(depth + 1))]
            heads = {
                "if": f"if {value}:",
                "elif": f"if {value}:",
                "for": f"for {name} in {value}:",
                "while": f"while {value}:",
                "with": f"with {value} as {name}:",
                "try": "try:",
            }
            tails = {
                "if": ["else:", "    b = 2"],
                "elif": [f"elif {name}:", "    pass", "else:", "    a = 3"],
                "try": ["except ValueError:", "    return None"],
            }
            lines += [heads[kind], *body, *tails.get(kind, [])]
    return lines


@st.composite
def modules(draw: st.DrawFn) -> tuple[str, str, str]:
    """Text before the function, the function, and the text after it."""
    body = draw(blocks())
    head = draw(
        st.sampled_from(["def f(a, b=1, *items):", "async def f(a, b):", "@wraps\ndef f(a, n: int = 0):"])
    )
    lines = [*head.split("\n"), '    """Text."""' if draw(st.booleans()) else "    items = []"]
    lines += [f"    {each}" if each else "" for each in body]
    before, after = "# é😀\nimport os\n\n\n", "\n\n# the end\nX = {1: 2,\n     3: 4}\n"
    if draw(st.booleans()):
        before += "class A:\n    '''😀'''\n\n"
        after = "\n\n    def g(self):\n        return 1\n" + after
        lines = [f"    {each}" if each else "" for each in lines]
    if draw(st.booleans()):
        after = ""
    function = "\n".join(lines).rstrip()
    indent = re.match(" *", function)
    assert indent is not None
    comment = re.search(" *#[^\n]*$", function)
    if comment is not None:
        function, after = function[: comment.start()], comment[0] + after
    parts = [before + indent[0], function[len(indent[0]) :], after]
    if draw(st.booleans()):
        parts = [re.sub("(?m)^ +", lambda found: "\t" * (len(found[0]) // 4), each) for each in parts]
    if draw(st.booleans()):
        parts = [each.replace("\n", "\r\n") for each in parts]
    return parts[0], parts[1], parts[2]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(modules())
def test_every_candidate_parses_and_keeps_every_other_byte(
    make_task: MakeTask, search: Search, parts: tuple[str, str, str]
) -> None:
    before, function, after = parts
    text = before + function + after
    try:
        compile(text, "m.py", "exec")
    except SyntaxError:  # such as `await` where it may not stand
        return
    task = make_task(text)
    assert task.base.encode()[task.target.start : task.target.end].decode() == function
    for candidate in search(task, most=400):
        assert candidate.base == digest(text)
        assert set(candidate.edits) == {"m.py"}
        new = candidate.text("m.py", text)
        ast.parse(new)
        assert new != text
        assert new.startswith(before), candidate
        assert new.endswith(after), candidate
        if "\r\n" in text:
            assert not re.search("(?<!\r)\n", new), candidate
        assert candidate.cost == round(candidate.cost, 3)
        assert candidate.note


@pytest.mark.parametrize(
    ("source", "name", "old", "new"),
    [
        pytest.param("def f(a):\r\n\treturn a < 1\r\n", "f", "<", "<=", id="CRLF and tabs"),
        pytest.param(
            'def f(a):\n    return "😀é" + a % 2 + a\n', "f", "% 2 + a", "% 2 - a", id="emoji before the edit"
        ),
        pytest.param("\ufeffdef f(a):\n    return a < 1\n", "f", "<", "<=", id="byte order mark"),
        pytest.param("@cache\n@other(1)\ndef f(a):\n    return a < 2\n", "f", "a <", "a <=", id="decorators"),
        pytest.param("async def f(a):\n    return await a < 1\n", "f", "<", "<=", id="coroutine"),
        pytest.param("class A:\n    def f(self, a):\n        return a < 1\n", "f", "<", "<=", id="method"),
        pytest.param(
            "def g():\n    def f(a):\n        return a < 1\n    return f\n", "f", "<", "<=", id="nested"
        ),
        pytest.param(
            "def f(a):\n    return (a  # why\n            < 1)  # so\n", "f", "<", "<=", id="comments stay"
        ),
        pytest.param("def f(a): return a < 1", "f", "<", "<=", id="one line, no line ending"),
        pytest.param(
            "def f(a):\n    return a < 1",
            "f",
            "return a < 1",
            "if not a:\n        return a\n    return a < 1",
            id="no line ending, inserted",
        ),
    ],
)
def test_layout_is_kept(
    proposed: Callable[..., dict[str, Candidate]], source: str, name: str, old: str, new: str
) -> None:
    assert source.replace(old, new) in proposed(source, name)


def test_a_function_of_the_same_name_elsewhere_is_not_touched(make_task: MakeTask, search: Search) -> None:
    source = "class A:\n    def f(self):\n        return 1\n\nclass B:\n    def f(self):\n        return 2\n"
    for candidate in search(make_task(source)):
        assert candidate.text("m.py", source).startswith(
            "class A:\n    def f(self):\n        return 1\n\nclass B:\n"
        )


def test_the_same_tree_is_proposed_once(proposed: Callable[..., dict[str, Candidate]]) -> None:
    source = "def f(a, b):\n    if a < b:\n        return a\n    return b\n"
    trees = [ast.dump(ast.parse(each)) for each in proposed(source)]
    assert len(trees) == len(set(trees))


def test_strings_over_lines_are_not_reindented(proposed: Callable[..., dict[str, Candidate]]) -> None:
    source = (
        'def f(a):\n    for x in a:\n        g(x)\n        h("""one\n        two\n    """)\n    return a\n'
    )
    moved = 'def f(a):\n    for x in a:\n        g(x)\n    h("""one\n        two\n    """)\n    return a\n'
    assert moved in proposed(source)


def test_a_text_that_does_not_parse_yields_nothing(make_task: MakeTask, search: Search) -> None:
    import attrs

    task = attrs.evolve(make_task("def f(a):\n    return a\n"), base="def f(a:\n    return a\n")
    assert search(task) == []
