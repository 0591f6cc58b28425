"""A module's code with one function changed, against the compilation of the whole changed text."""

from __future__ import annotations

import ast
import builtins
import subprocess
import textwrap
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heal_lsp.engine.wiring import report_plugin
from heal_lsp.verifier.inside import asserts, graft, ticks
from tests.verifier.test_pythons import interpreters

MODULE = '''\
"""Ünïcödé stands before everything."""
from __future__ import annotations
import functools

TABLE = {}


def register(function):
    TABLE[function.__name__] = function
    return function


@register
@functools.lru_cache(maxsize=None)
def plain(a, b=(lambda: 2)()):
    """Says é."""
    total = a + b
    for each in range(3):
        total += each
    return total


class Base:
    def value(self, n):
        return n + 1


class Outer(Base):
    __secret = 3

    class Inner:
        __secret = 4

        def hidden(self, n: Missing):
            return self.__secret + n

    def value(self, n):
        return super().value(n) + self.__secret

    @staticmethod
    def steps(n):
        def inner(m):
            nonlocal n
            n += m
            return n
        yield from (inner(each) for each in range(n))

    @property
    def name(self): return __class__.__name__

    if True:
        def nested(self, n):
            return [n, *(each for each in range(n))]


try:
    import nowhere_at_all
except ImportError:
    def fallback(n):
        return n * 2


def last(n):
    while n > 10:
        n -= 7
    return n'''
LINES = MODULE.splitlines()


def line_of(start):
    return next(number for number, line in enumerate(LINES, 1) if line.strip().startswith(start))


def edit(old, new, after=0):
    place = MODULE.index(old, after)
    start = len(MODULE[:place].encode())
    return [(start, start + len(old.encode()), new)]


def run(code):
    space = {"__name__": "module", "__builtins__": {**vars(builtins), ticks.TICK: lambda: None}}
    exec(code, space)
    return space


def seen(space):
    """What the module's functions do."""
    outer = space["Outer"]()
    found = []
    for call in (
        lambda: space["plain"](3),
        lambda: space["TABLE"]["plain"](5, 7),
        lambda: outer.value(4),
        lambda: space["Outer"].Inner().hidden(2),
        lambda: list(space["Outer"].steps(4)),
        lambda: outer.name,
        lambda: outer.nested(2),
        lambda: space["fallback"](5),
        lambda: space["last"](33),
        lambda: space["plain"].__doc__,
        lambda: [space["Outer"].value.__qualname__, space["plain"].__wrapped__.__annotations__],
        lambda: space["Outer"].Inner.hidden.__annotations__,
    ):
        try:
            found.append(call())
        except Exception as error:
            tb = error.__traceback__
            while tb.tb_next is not None:
                tb = tb.tb_next
            found.append((type(error).__name__, str(error), tb.tb_lineno))
    return found


CHANGES = {
    "body": ("def plain", edit("total = a + b", "total = a - b")),
    "loop": ("def plain", edit("range(3)", "range(4)")),
    "docstring": ("def plain", edit("Says é.", "Says ü.")),
    "default": ("def plain", edit("(lambda: 2)", "(lambda: 5)")),
    "parameter": ("def plain", edit("plain(a, b", "plain(b, a")),
    "super": ("return super", edit("super().value(n)", "super().value(n * 2)")),
    "mangled": ("def hidden", edit("self.__secret + n", "self.__secret * n")),
    "new super": ("def hidden", edit("self.__secret + n", "super().__hash__() * 0 + n")),
    "no more super": ("return super", edit("super().value(n)", "Base.value(self, n)")),
    "closure": ("def inner", edit("n += m", "n += 2 * m")),
    "generator no more": ("def inner", edit("yield from (inner(each) for each in range(n))", "return [n]")),
    "one line": ("def name", edit("__class__.__name__", "__class__.__name__ + 'x'")),
    "in a block": ("def nested", edit("[n, *(", "[n + 1, *(")),
    "in a handler": ("def fallback", edit("n * 2", "n * 3")),
    "more lines": ("def fallback", edit("return n * 2", "if n:\n            raise KeyError(n)\n        return 1")),
    "last": ("def last", edit("    return n", "    return -n", MODULE.index("def last"))),
    "global": ("def last", edit("while n > 10", "global TABLE\n    TABLE = 3\n    while n > 10")),
    "leaves the function": ("def fallback", edit("return n * 2", "return 1\nTABLE['x'] = 1\nif 1:\n  if 1:\n    pass")),
    "another function": ("def last", edit("n + 1", "n + 2")),
    "comment": ("def fallback", edit("n * 2", "n * 2 #")),
    "line goes on": ("def fallback", edit("return n * 2", "return n * \\")),
    "string goes on": ("def fallback", edit("n * 2", "'''")),
    "nonsense": ("def last", edit("return n", "return +", MODULE.index("def last"))),
}  # fmt: skip


def outcome(make):
    try:
        code = make()
    except SyntaxError as error:
        return error.msg
    return seen(run(code))


@pytest.mark.parametrize("change", CHANGES)
def test_a_grafted_module_behaves_as_the_changed_text(change):
    start, edits = CHANGES[change]
    base = graft.Graft(MODULE, "module.py", line_of(start.partition("\n")[0]))
    [(first, last, new)] = edits
    data = MODULE.encode()
    text = (data[:first] + new.encode() + data[last:]).decode()

    grafted = outcome(lambda: base.changed(edits))

    assert grafted == outcome(lambda: compile(text, "module.py", "exec", dont_inherit=True))
    assert seen(run(base.code)) == seen(run(compile(MODULE, "module.py", "exec", dont_inherit=True)))


@pytest.mark.parametrize(
    "change", ["body", "loop", "docstring", "super", "mangled", "closure", "one line", "last"]
)
def test_a_change_of_a_body_compiles_the_function_alone(change, monkeypatch):
    start, edits = CHANGES[change]
    base = graft.Graft(MODULE, "module.py", line_of(start.partition("\n")[0]))
    monkeypatch.setattr(base, "whole", None)

    assert seen(run(base.changed(edits))) != seen(run(base.code))


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["n", "1", "len(TABLE)", "self", "__class__", "[x for x in range(n)]", "(lambda m: m + n)(2)"]
    ),
    lambda inner: st.tuples(inner, st.sampled_from([" + ", " and ", ", ", " if n else "]), inner).map(
        lambda parts: "(" + parts[0] + parts[1] + parts[2] + (" else 0" if " if" in parts[1] else "") + ")"
    ),
    max_leaves=4,
)
STATEMENTS = st.lists(
    st.one_of(
        EXPRESSIONS.map(lambda each: f"return {each}"),
        EXPRESSIONS.map(lambda each: f"n = {each}"),
        st.sampled_from(["for n in range(3): pass", "while n:\n            n -= 1", "yield n", "pass", "# said", "'''x\ny'''"]),
        EXPRESSIONS.map(lambda each: f"def inner(m=n):\n            return {each}, m"),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(lines=STATEMENTS, target=st.sampled_from(["value", "hidden"]))
def test_whatever_the_body_the_code_is_that_of_the_whole(lines, target):
    old = "return super().value(n) + self.__secret" if target == "value" else "return self.__secret + n"
    indent = " " * (8 if target == "value" else 12)
    edits = edit(old, ("\n" + indent).join(lines))
    text = MODULE.replace(old, edits[0][2])
    base = graft.Graft(MODULE, "module.py", line_of(old) - 1)

    try:
        whole = base.whole(edits)
    except SyntaxError:
        with pytest.raises(SyntaxError):
            base.changed(edits)
        return
    assert ast.dump(ast.parse(text))
    assert _shape(base.changed(edits)) == _shape(whole)


def _shape(code, depth=0):
    """A code object without the lines of what follows the changed function."""
    shown = [
        code.co_name,
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
    ]
    return shown + [
        _shape(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts
    ]  # fmt: skip


def test_other_line_ends_and_tabs():
    for text in (
        "x = 1\r\nclass A:\r\n\tdef f(self):\r\n\t\treturn 1\r\n",
        "x = 1\nclass A:\n  class B:\n     def f(self):\n      return 1\n  f = B.f\n",
        "x = 1\rclass A:\r def f(self):\r  return 1\r",
    ):
        line = 4 if "B" in text else 3
        base = graft.Graft(text, "x.py", line)
        start = text.index("return 1") + 7
        space = run(base.changed([(start, start + 1, "2 + x")]))
        assert space["A"]().f() == 3
        assert space["A"].f.__code__.co_firstlineno == line


def test_assertions_tell_their_values_and_nothing_else_changes():
    text = textwrap.dedent(
        """
        assert 1 < 2
        class Kept:
            assert [2] == [2]
        def eq(a, b): assert a == b
        def truth(a): assert not a
        def chain(a): assert 1 < a < 3
        def own(a): assert a, "own words"
        def has(a):
            class Inner:
                assert a in (1, 2)
        """
    )
    say = lambda operator, left, right=None: asserts.words_of(operator, left, right, repr)  # noqa: E731
    space = {"__builtins__": {**vars(builtins), asserts.SAY: say}}
    exec(asserts.compiled(text, "test.py"), space)

    def message(name, *values):
        with pytest.raises(AssertionError) as caught:
            space[name](*values)
        return str(caught.value)

    assert message("eq", [1], "b") == "assert [1] == 'b'"
    assert message("truth", 1) == "assert False"
    assert message("chain", 7) == "assert False"
    assert message("own", 0) == "own words"
    assert message("has", 7) == ""
    assert [name for name in vars(space["Kept"]) if name.startswith("@")] == []
    assert [name for name in space if name.startswith("@")] == []
    assert space["eq"](1, 1) is None


SCRIPT = """
import importlib.util, os, sys, tempfile
folder, plugin = sys.argv[1:]
spec = importlib.util.spec_from_file_location("inside", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["inside"] = importlib.util.module_from_spec(spec)
from inside import cases, fresh, graft, runner
spec = importlib.util.spec_from_file_location("report", plugin)
report = importlib.util.module_from_spec(spec)
spec.loader.exec_module(report)

root = tempfile.mkdtemp()
texts = {
    "base.py": "class Base:\\n    def value(self, n):\\n        return n\\n",
    "target.py": (
        "from base import Base\\n\\n\\nclass Target(Base):\\n    __more = 2\\n\\n    def value(self, n):\\n"
        "        while n > 100:\\n            n -= 1\\n        return super().value(n) - self.__more\\n"
    ),
    "test_it.py": (
        "from target import Target\\n\\n\\ndef test_red():\\n    assert Target().value(3) == 5\\n\\n\\n"
        "def test_green():\\n    assert Target().value(0) in (2, -2)\\n"
    ),
}
for name, text in texts.items():
    with open(os.path.join(root, name), "w") as stream:
        stream.write(text)
sys.path.insert(0, root)
before = set(sys.modules)
import test_it
made = fresh.Fresh(before, report.Workspace(root).relative, "target.py")
made.tests.add("test_it")
base = graft.Graft(texts["target.py"], made.filename, 7)
made.install(base.code)
told = []
changes = [("- self", "+ self"), ("- self", "* self"), ("n -= 1", "n += 1"), ("n > 100", "n > -100"), ("super()", "self")]
changes += [("while n", "while True: n = n\\n        while n"), ("- self", "- self +"), ("return", "import sys; sys.exit(); return")]
candidates = []
for old, new in changes:
    at = texts["target.py"].index(old)
    candidates.append([[at, at + len(old), new]])

class Child:
    tell = staticmethod(told.append)

wish = {"failing": {"red": "AssertionError"}, "kept": ["green"], "candidates": candidates, "seconds": 60.0}
tests = [cases.Case("red", "test_it", ["test_red"], []), cases.Case("green", "test_it", ["test_green"], [])]
one = runner.Runner(Child(), report, made, base, tests, wish)
one.board = runner.State(memoryview(bytearray(32)).cast("q"))
one.run()
found = [(each[1], each[3]) for event in told if event["event"] == "screened" for each in event["results"]]
expected = [
    ("passed", ""), ("failed", "AssertionError"), ("failed", "AssertionError"), ("failed", "AssertionError"),
    ("failed", "RecursionError"), ("spent", ""), ("failed", "SyntaxError"), ("failed", "SystemExit"),
]
assert found == expected, (found, told)
print("right")
"""


@pytest.mark.parametrize("each", interpreters(), ids=str)
def test_candidates_are_judged_rightly_by_each_interpreter(each):
    folder = Path(graft.__file__).parent
    command = [each.path, "-I", "-S", "-c", SCRIPT, str(folder), str(report_plugin())]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout == "right\n", result.stderr
