"""What is refused before it runs, and what is not."""

from __future__ import annotations

import ast
import textwrap

import attrs
import pytest

from heal_lsp.core.model import (
    Candidate,
    Failure,
    FailureKind,
    Snapshot,
    Target,
    TargetKind,
    Task,
    VerdictKind,
)
from heal_lsp.core.rails import check, is_test_file
from heal_lsp.core.text import Edit, difference, digest

BASE = textwrap.dedent(
    '''
    import os
    import sys

    LIMIT = 3


    def helper(x):
        return x


    class A:
        def f(self, a, b=1, *rest, key=None, **more):
            """Do it.

            >>> A().f(1)
            2
            """
            total = a - b
            if total > LIMIT:
                return helper(total)
            return total

        def g(self):
            try:
                return os.getcwd()
            except ValueError:
                return None


    def nested():
        def f():
            return 1
        return f()
    '''
).lstrip("\n")
OLD = "total = a - b"


def target(base: str) -> Target:
    """The first function but the helper."""
    node = min(
        (
            each
            for each in ast.walk(ast.parse(base))
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name != "helper"
        ),
        key=lambda each: each.lineno,
    )
    lines = base.splitlines(keepends=True)
    start = sum(len(each.encode()) for each in lines[: node.lineno - 1]) + node.col_offset
    end = sum(len(each.encode()) for each in lines[: (node.end_lineno or 0) - 1]) + (node.end_col_offset or 0)
    name, last = node.name, node.end_lineno or 0
    return Target("a.py", name, name, TargetKind.METHOD, start, end, node.lineno, last)


def task(base: str = BASE, **changes: object) -> Task:
    failure = Failure(FailureKind.ASSERTION, "AssertionError", "", "test_a.py", 3, test="test_a.py::test_f")
    made = Task(Snapshot("/w"), failure, target(base), base, ("test_a.py::test_f",), ("checks.py::test_g",))
    return attrs.evolve(made, **changes)


def candidate(new: str, base: str = BASE) -> Candidate:
    return Candidate(digest(base), {"a.py": difference(base, new)})


def reason(new: str, base: str = BASE, **changes: object) -> str | None:
    verdict = check(candidate(new, base), task(base, **changes))
    if verdict is None:
        return None
    assert verdict.kind is VerdictKind.REFUSED
    assert verdict.reason.endswith(".")
    return verdict.reason


def swapped(line: str) -> str:
    """The base with the first line of the body replaced."""
    lines = ("\n" + " " * 8).join(line.split("\n"))
    return BASE.replace(OLD, lines)


@pytest.mark.parametrize(
    "line",
    [
        "total = a + b",
        "total = b - a",
        "total = getattr(a, 'value', b)",
        "total = getattr(a, key)",
        "total = sorted(rest)[0] if rest else a",
        "total = re.compile('x').match(a)",
        "total = frame.eval('a + b')",
        "total = platform.system()",
        "total = os.getcwd()",
        "total = os.environ.get('HOME')",
        "try:\n    total = a - b\nexcept TypeError:\n    total = 0",
        "try:\n    total = a - b\nexcept Exception:\n    total = 0",
        "total = a - b\nif a is None:\n    return None",
        "total = self.__class__.__name__",
        "total = [1 for _ in range(a)]",
        "import math\ntotal = math.floor(a - b)",
        "total = a - b\nself.total = total",
        "total = {'kill': 1}",
        "total = lambda x: x",
        "total = print(a)",
        "total = open(a)",
        "if a == 'exit':\n    return b\ntotal = a",
    ],
)
def test_ordinary_changes_are_allowed(line: str) -> None:
    assert reason(swapped(line)) is None


ESCAPES = [
    "os._exit(0)",
    "from os import _exit\n_exit(0)",
    "from os import kill as k\nk(1, 9)",
    "import os as o\no.abort()",
    "o = os\no.kill(1, 9)",
    "os.write(3, b'x')",
    "os.dup2(1, 3)",
    "os.fdopen(3, 'w')",
    "os.system('id')",
    "os.popen('id')",
    "os.fork()",
    "os.execv('/bin/sh', [])",
    "from os import *",
    "sys.exit(0)",
    "sys.modules['pytest']",
    "from sys import modules as m",
    "sys.settrace(None)",
    "sys.setprofile(None)",
    "sys._getframe()",
    "sys.meta_path",
    "raise SystemExit",
    "exit()",
    "quit(0)",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "__import__('os')",
    "e = eval\ne('1')",
    "list(map(eval, ['1']))",
    "import builtins\nbuiltins.eval('1')",
    "__builtins__['__import__']",
    "__builtins__.eval('1')",
    "re.enum.sys.modules['os'].popen('id')",
    "().__class__.__base__.__subclasses__()",
    "getattr(object, '__subclasses__')()",
    "getattr(object, '__sub' + 'classes__')()",
    "getattr(object, ''.join(['__sub', 'classes__']))()",
    "getattr(object, f'__sub{\"classes__\"}')()",
    "getattr(os, 'sys' + 'tem')('id')",
    "getattr(os, 'kill')(1, 9)",
    "getattr(os, chr(95) + 'exit')(0)",
    "vars(os)['system']('id')",
    "os.__dict__['_exit'](0)",
    "f.__globals__",
    "helper.__code__",
    "(lambda: 0).__code__",
    "import importlib",
    "from importlib import import_module",
    "import ctypes",
    "import subprocess",
    "from subprocess import run",
    "import socket",
    "import multiprocessing",
    "import signal",
    "import pickle",
    "import pytest",
    "from _pytest.outcomes import skip",
    "import unittest.mock",
    "import gc\ngc.get_objects()",
    "import inspect\ninspect.stack()",
    "import atexit",
    "import threading\nthreading.settrace(None)",
    "breakpoint()",
    "import pdb",
    "os.environ['PYTEST_CURRENT_TEST']",
    "open('/proc/self/mem')",
    "open('/dev/fd/3', 'w')",
    "open(3, 'w')",
    "a.__class__ = object",
    "a.__eq__ = lambda *_: True",
    "setattr(a, '__class__', object)",
    "type('T', (), {'__eq__': lambda *_: True})",
    "class T:\n    def __eq__(self, other):\n        return True",
    "class T:\n    def __bool__(self):\n        'x'\n        return True",
    "os.getcwd = lambda: '/'",
    "import math\nmath.floor = int",
    "globals()['helper'] = None",
    "try:\n    a\nexcept BaseException as error:\n    raise error",
    "error.__traceback__.tb_frame",
    "import asyncio\nasyncio.create_subprocess_shell('id')",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_reaching_out_of_the_function_is_refused(escape: str) -> None:
    found = reason(swapped(f"{OLD}\n{escape}"))
    assert found is not None
    assert found.startswith("It uses ")
    assert found.endswith(", which the file did not use before.")


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_was_there_before_is_allowed(escape: str) -> None:
    base = swapped(f"{OLD}\n{escape}")
    assert reason(base.replace(OLD, "total = a + b"), base) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (OLD, "total = (a", "It does not parse: '(' was never closed (line 18)."),
        (OLD, "total = a - b  # unchanged", "It changes nothing but comments or layout."),
        (OLD, OLD, "It changes nothing."),
        ("self, a, b=1", "self, b, a=1", "It changes the parameters of A.f."),
        ("self, a, b=1", "self, a, c=1", "It changes the parameters of A.f."),
        ("*rest, key=None", "*rest, other=None", "It changes the parameters of A.f."),
        (", **more", "", "It changes the parameters of A.f."),
        ("def f(self, a", "def renamed(self, a", "It removes or renames A.f."),
        ("def helper(x)", "def helper(x, y)", "It changes the parameters of helper."),
        ("def helper(x):\n    return x\n", "", "It removes or renames helper."),
        ("class A:", "class B:", "It removes or renames A.f."),
        (
            ">>> A().f(1)\n        2",
            ">>> A().f(1)\n        0",
            "It changes or removes an example in a docstring, which is a test.",
        ),
        (
            "except ValueError:\n            return None",
            "except Exception:\n            pass",
            "It adds a handler that swallows every exception.",
        ),
        (
            "except ValueError:\n            return None",
            "except:\n            return None",
            "It adds a handler that swallows every exception.",
        ),
        (
            "return total\n\n",
            "with suppress(Exception):\n            return total\n\n",
            "It adds a handler that swallows every exception.",
        ),
    ],
)
def test_refusals(old: str, new: str, expected: str) -> None:
    assert old in BASE
    assert reason(BASE.replace(old, new, 1)) == expected


@pytest.mark.parametrize("old", ["self, a, b=1", "class A:"])
def test_defaults_and_local_functions_may_change(old: str) -> None:
    new = {"self, a, b=1": "self, a, b=2", "class A:": "class A(Exception):"}[old]
    assert reason(BASE.replace(old, new)) is None
    local = BASE.replace(
        "    def f():\n        return 1\n    return f()", "    def g(x):\n        return x\n    return g(1)"
    )
    assert reason(local) is None


@pytest.mark.parametrize(
    "body", ["pass", "return None", "return", "...", '"""Only words."""', "pass\n        return None"]
)
def test_emptying_the_function_is_refused(body: str) -> None:
    start = BASE.index('"""Do it.')
    docstring = BASE[start : BASE.index("total = a")]
    new = BASE[:start] + docstring + body + "\n\n" + BASE[BASE.index("    def g") :]
    assert reason(new) == "It empties A.f."


def test_an_empty_function_may_stay_empty() -> None:
    base = "def f(a):\n    pass\n"
    assert reason("def f(a):\n    return None\n", base) is None


@pytest.mark.parametrize(("old", "new"), [("()", "(self)"), ("(x)", "(self, x)"), ("(x)", "(cls, x)")])
def test_a_method_may_gain_its_self(old: str, new: str) -> None:
    base = f"class A:\n    def f{old}:\n        return 1\n"
    assert reason(base.replace(old, new), base) is None
    plain = f"def f{old}:\n    return 1\n"
    assert reason(plain.replace(old, new), plain) == "It changes the parameters of f."


def test_a_comparison_method_may_not_always_agree() -> None:
    base = "class A:\n    def __eq__(self, other):\n        return self.x == other.y\n"
    assert reason(base.replace("other.y", "other.x"), base) is None
    found = reason(base.replace("self.x == other.y", "True"), base)
    assert found == "It uses a __eq__ that always answers True, which the file did not use before."


class TestFiles:
    def edited(self, path: str, **changes: object) -> str | None:
        both = {"a.py": difference(BASE, BASE.replace("a - b", "a + b")), path: (Edit(0, 0, "x = 1\n"),)}
        allow = bool(changes.pop("allow", False))
        verdict = check(Candidate(digest(BASE), both), task(**changes), allow_test_edits=allow)
        return None if verdict is None else verdict.reason

    @pytest.mark.parametrize("path", ["test_a.py", "b_test.py", "pkg/conftest.py", "checks.py"])
    def test_tests_are_read_only(self, path: str) -> None:
        assert self.edited(path) == f"It edits the test file {path}; tests are read-only to a repair."
        assert self.edited(path, allow=True) is None

    @pytest.mark.parametrize("path", ["b.py", "pyproject.toml", "sitecustomize.py"])
    def test_other_files_stay_as_they_are(self, path: str) -> None:
        assert self.edited(path) == f"It edits {path}, but only a.py holds the function at fault."

    @pytest.mark.parametrize("path", ["/etc/passwd", "../b.py", "pkg/../a.py", "./a.py", "pkg\\b.py"])
    def test_odd_paths(self, path: str) -> None:
        assert self.edited(path) == f"It edits {path}, which is no plain path inside the workspace."

    def test_a_file_that_holds_tests_too(self) -> None:
        both = BASE + "\n\ndef test_f():\n    assert A().f(1) == 2\n"
        inside = task(both, failing=("a.py::test_f",))
        good = Candidate(digest(both), {"a.py": difference(both, both.replace("a - b", "a + b"))})
        bad = Candidate(digest(both), {"a.py": difference(both, both.replace("f(1) == 2", "f(1) == 0"))})
        assert check(good, inside) is None
        verdict = check(bad, inside)
        assert verdict is not None
        assert verdict.reason == "It edits a.py outside f, and that file holds tests."
        assert check(bad, inside, allow_test_edits=True) is None

    def test_a_doctest_of_the_target_itself(self) -> None:
        good = candidate(BASE.replace("a - b", "a + b"))
        assert check(good, task(failing=("a.py::a.A.f",))) is None


class TestApplying:
    def test_no_edits(self) -> None:
        verdict = check(Candidate(digest(BASE), {}), task())
        assert verdict is not None
        assert verdict.reason == "It changes nothing."

    def test_another_version(self) -> None:
        verdict = check(Candidate("0" * 64, {"a.py": (Edit(0, 0, "#"),)}), task())
        assert verdict is not None
        assert verdict.reason == "It was made for another version of a.py."

    def test_edits_that_do_not_fit(self) -> None:
        verdict = check(Candidate(digest(BASE), {"a.py": (Edit(0, 10**6, "#"),)}), task())
        assert verdict is not None
        assert verdict.reason.startswith("It does not apply to a.py: ")

    def test_deep_nesting_is_no_crash(self) -> None:
        for deep in (
            "(" * 5000 + ")" * 5000,
            "+".join(["a"] * 20000),
            "not " * 20000 + "a",
            "\x00",
            "'\ud800'",
        ):
            verdict = check(candidate(BASE.replace("a - b", deep)), task())
            assert verdict is not None
            assert verdict.kind is VerdictKind.REFUSED


class TestBaseThatDoesNotParse:
    BROKEN = "def f(a):\n    return a +\n"
    FAILURE = Failure(FailureKind.EXCEPTION, "SyntaxError", "", "a.py", 2)

    def broken(self, new: str, exception: str) -> str | None:
        where = Target("a.py", "f", "f", TargetKind.FUNCTION, 0, 20, 1, 2)
        made = attrs.evolve(
            task("def f(a):\n    return a\n"),
            base=self.BROKEN,
            target=where,
            failure=attrs.evolve(self.FAILURE, exception=exception),
        )
        verdict = check(candidate(new, self.BROKEN), made)
        return None if verdict is None else verdict.reason

    def test_mending_the_syntax(self) -> None:
        assert self.broken("def f(a):\n    return a + 1\n", "SyntaxError") is None
        found = self.broken("def f(a):\n    return a + (\n", "SyntaxError")
        assert found is not None
        assert found.startswith("It does not parse")

    def test_new_words_are_still_seen(self) -> None:
        found = self.broken("def f(a):\n    return a + eval(a)\n", "SyntaxError")
        assert found == "It uses eval, which the file did not use before."

    def test_a_newer_grammar_is_left_to_the_verifier(self) -> None:
        assert self.broken("def f(a):\n    return a -\n", "AssertionError") is None


@pytest.mark.parametrize(
    ("path", "tests", "expected"),
    [
        ("test_a.py", (), True),
        ("pkg/a_test.py", (), True),
        ("conftest.py", (), True),
        ("test_a.txt", (), False),
        ("a.py", (), False),
        ("a.py", ("a.py::test_f",), True),
        ("checks.py", ("checks.py",), True),
    ],
)
def test_test_files(path: str, tests: tuple[str, ...], expected: bool) -> None:
    assert is_test_file(path, tests) is expected
