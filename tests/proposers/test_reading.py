"""What is read from a function without running it: types, signs of something forgotten, precedence, positions."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.core.model import Candidate
from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.flow import Flow, flow_of
from heal_lsp.proposers.search.fragment import Fragment, Level
from heal_lsp.proposers.search.kinds import Kinds, compatible
from heal_lsp.proposers.search.source import Source


def flow(body: str) -> Flow:
    function = ast.parse("def f(a, b):\n" + "".join(f"    {line}\n" for line in body.split("\n"))).body[0]
    assert isinstance(function, ast.FunctionDef)
    return flow_of(function)


def test_what_is_bound_and_never_read() -> None:
    assert flow("c = a\nd = c\nreturn b").unread == {"d"}
    assert flow("counts = {}\ncounts[a] = b\nreturn 1").unread == {"counts"}
    assert flow("return a + b").unread == set()


def test_what_is_made_empty_and_never_filled() -> None:
    assert flow("seen = set()\nreturn a in seen, b").unfilled == {"seen"}
    assert flow("seen = set()\nseen.add(b)\nreturn a in seen").unfilled == set()
    assert flow("rows = []\nfill(rows, a, b)\nreturn rows").unfilled == set()
    assert flow("full = [1]\nreturn full, a, b").unfilled == set()


def test_what_a_loop_waits_for_in_vain() -> None:
    assert flow("while a:\n    print(b)").stuck == {"a"}
    assert flow("while a:\n    a = b").stuck == set()
    assert flow("while a:\n    a.pop(b)").stuck == set()
    assert flow("last = None\nfor x in a:\n    b.g(last)\n    b.h(x)").stuck == {"last"}


@pytest.mark.parametrize(
    ("body", "name", "kinds"),
    [
        ("x = [1]", "x", {"list"}),
        ("x = len(a)", "x", {"int"}),
        ("x = a / 2", "a", {"int"}),
        ("for x in range(3):\n    pass", "x", {"int"}),
        ("for x, y in enumerate('ab'):\n    pass", "y", {"str"}),
        ("x = ''.join(a)", "x", {"str"}),
        ("x = {}\nfor y in x.items():\n    pass", "x", {"dict"}),
        ("a.append(1)", "a", {"list"}),
        ("x = a[1:]", "a", {"list"}),
        ("x, y = 1, 'a'", "y", {"str"}),
        ("x = [1, 2]\ny = x[0]", "y", {"int"}),
        ("x = a", "x", set()),
    ],
)
def test_types_of_variables(body: str, name: str, kinds: set[str]) -> None:
    found = Kinds({})
    found.learn(ast.parse("def f(a):\n" + "".join(f"    {line}\n" for line in body.split("\n"))))
    assert found.of(ast.Name(name, ast.Load())) == kinds


def test_types_of_signatures_and_samples() -> None:
    found = Kinds({"e": [[1, 2]]})
    found.learn(
        ast.parse("def f(a: int, b='x', c: list[str] = (), d: Optional[dict] = None, e=None) -> str: ...")
    )
    kinds = {name: set(found.of(ast.Name(name, ast.Load()))) for name in "abcde"}
    assert kinds == {"a": {"int"}, "b": {"str"}, "c": {"list", "tuple"}, "d": {"dict"}, "e": {"list"}}
    assert found.of_element(ast.Name("e", ast.Load())) == {"int"}
    assert found.of(ast.parse("f(1)", mode="eval").body) == {"str"}


def test_which_types_may_stand_for_each_other() -> None:
    def ask(one: set[str], other: set[str]) -> bool | None:
        return compatible(frozenset(one), frozenset(other))

    assert ask({"int"}, {"float"}) is True
    assert ask({"list"}, {"str"}) is False
    assert ask({"bool"}, {"int"}) is False
    assert ask(set(), {"int"}) is None


LEAVES = st.sampled_from(
    [("a", Level.ATOM), ("-1", Level.FACTOR), ("lambda: 0", Level.TEST), ("b, c", Level.TUPLE)]
)


def _joined(inner: st.SearchStrategy[Fragment]) -> st.SearchStrategy[Fragment]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "*", "**", "|", "<<", "-", "%"]), inner).map(
            lambda p: f.binary(*p)
        ),
        st.tuples(inner, st.sampled_from(["<", "in", "is not"]), inner).map(lambda p: f.compare(*p)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda p: f.boolean(*p)
        ),
        inner.map(f.invert),
        inner.map(f.minus),
        inner.map(lambda each: f.attribute(each, "x")),
        st.tuples(inner, inner).map(lambda p: f.subscript(p[0], f.section(None, p[1]))),
        st.lists(inner, max_size=2).map(lambda each: f.call("g", *each)),
        st.lists(inner, max_size=2).map(lambda each: f.listed(*each)),
    )


@given(st.recursive(LEAVES.map(lambda leaf: Fragment(*leaf)), _joined, max_leaves=8))
def test_joined_fragments_keep_their_grouping(piece: Fragment) -> None:
    node = ast.parse(piece.text, mode="eval").body
    assert f.level_of(node, piece.text) == piece.level
    assert ast.dump(ast.parse(f"({piece.text})", mode="eval").body) == ast.dump(node)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (f.binary(Fragment("a + b", Level.SUM), "*", Fragment("c")), "(a + b) * c"),
        (f.binary(Fragment("a"), "-", Fragment("b - c", Level.SUM)), "a - (b - c)"),
        (f.binary(Fragment("a + b", Level.SUM), "+", Fragment("c")), "a + b + c"),
        (f.binary(f.literal(-1), "**", Fragment("n")), "(-1) ** n"),
        (f.attribute(f.literal(1), "real"), "(1).real"),
        (f.call("g", Fragment("a, b", Level.TUPLE)), "g((a, b))"),
        (f.boolean("and", [Fragment("a or b", Level.OR), Fragment("c")]), "(a or b) and c"),
        (f.invert(f.compare(Fragment("a"), "<", Fragment("b"))), "not a < b"),
        (f.string_like('"x"', "it's"), '"it\'s"'),
        (f.string_like('"x"', "y"), '"y"'),
        (f.string_like("'x'", "y"), "'y'"),
    ],
)
def test_parentheses_where_precedence_demands_them(pieces: Fragment, text: str) -> None:
    assert pieces.text == text


def test_positions_are_bytes() -> None:
    source = Source('\ufeffx = "é😀" + y  # so\r\nz = (x\r\n     not   in y)\r\n')
    addition = source.tree.body[0].value  # type: ignore[attr-defined]
    assert source.segment(addition) == '"é😀" + y'
    assert source.segment(addition.right) == "y"
    comparison = source.tree.body[1].value  # type: ignore[attr-defined]
    span = source.operator_between(comparison.left, comparison.comparators[0])
    assert span is not None
    assert source.slice(*span) == "not   in"
    assert source.grouped(*source.span(comparison))
    assert source.eol == "\r\n"


def test_what_nothing_fills_is_filled_early(proposed: Callable[..., dict[str, Candidate]]) -> None:
    source = "def f(a):\n    out = []\n    for x in a:\n        if x:\n            pass\n    return out\n"
    found = list(proposed(source))
    wanted = source.replace("    return", "        out.append(x)\n    return")
    assert found.index(wanted) < 25
