"""An exception comes up in the workspace's own code: the target is the function that it came up in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from heal_lsp.core.model import Failure, FailureKind, Frame, TargetKind


def test_the_deepest_frame_outside_the_tests(project: Any) -> None:
    project.write(
        {
            "app.py": """
                def outer(x):
                    return inner(x)  # frame 2

                def inner(x):
                    return x.missing  # frame 3
            """,
            "test_app.py": """
                from app import outer

                def test_it():
                    assert outer(1) == 2  # frame 1
            """,
        }
    )
    located = project.locate(exception="AttributeError")
    assert located.target is not None
    assert located.target.qualname == "inner"
    assert located.reason == "AttributeError was raised in inner, app.py, line 5."


def test_frames_of_the_standard_library_and_of_environments_do_not_count(project: Any) -> None:
    project.write(
        {
            "app.py": """
                import json

                def load(text):
                    return json.loads(text)  # frame 2
            """,
            ".venv/lib/python3.11/site-packages/dep.py": "def f():\n    raise ValueError  # frame 3\n",
            "env/pyvenv.cfg": "home = /usr/bin\n",
            "env/lib/dep.py": "def f():\n    raise ValueError  # frame 4\n",
            "test_app.py": "from app import load\n\ndef test_it():\n    load('')  # frame 1\n",
        }
    )
    failure = project.failure("test_app.py::test_it", "ValueError")
    outside = Frame("/usr/lib/python3.11/json/__init__.py", 346, "loads")
    located = project.analysis.locate(
        attrs.evolve(failure, frames=(*failure.frames, outside)), project.snapshot, {}
    )
    assert located.target is not None
    assert located.target.qualname == "load"


def test_code_of_the_tests_is_never_the_target(project: Any) -> None:
    project.write(
        {
            "tests/conftest.py": "def boom():\n    raise ValueError  # frame 2\n",
            "tests/test_app.py": "from conftest import boom\n\ndef test_it():\n    boom()  # frame 1\n",
        }
    )
    located = project.locate("tests/test_app.py::test_it", "ValueError")
    assert located.target is None
    assert located.reason == "tests/conftest.py, line 2, leads to no function of this workspace."


def test_a_test_file_with_code_beside_the_tests(project: Any) -> None:
    project.write(
        {
            "demo.py": """
                def f(x):
                    return x

                def test_it():
                    assert f(1) == 2  # frame 1
            """,
        }
    )
    assert project.name("demo.py::test_it") == "f"


def test_frames_above_the_test_do_not_count(project: Any) -> None:
    project.write(
        {
            "run.py": "def main():\n    pytest.main()  # frame 1\n",
            "app.py": "def f():\n    return 1\n",
            "test_app.py": "from app import f\n\ndef test_it():\n    assert f() == 2  # frame 2\n",
        }
    )
    assert project.name() == "f"


def test_a_callback_of_the_test(project: Any) -> None:
    project.write(
        {
            "app.py": "def call(function):\n    return function()  # frame 2\n",
            "test_app.py": """
                from app import call

                def test_it():
                    call(lambda: missing)  # frame 1
                    call(lambda: other)  # frame 3 in <lambda>
            """,
        }
    )
    assert project.name(exception="NameError") == "call"


def test_recursion_targets_the_function_that_repeats(project: Any) -> None:
    project.write(
        {
            "app.py": """
                def depth(n):
                    return 1 + depth(n)

                def size(n):
                    return len(str(n))
            """,
            "test_app.py": "from app import depth\n\ndef test_it():\n    assert depth(1) == 1\n",
        }
    )
    frames = (
        Frame("test_app.py", 4, "test_it"),
        *(Frame("app.py", 2, "depth") for _ in range(200)),
        Frame("app.py", 5, "size"),
    )
    failure = Failure(
        FailureKind.EXCEPTION, "RecursionError", "", "app.py", 5, frames, "test_app.py::test_it"
    )
    located = project.analysis.locate(failure, project.snapshot, {})
    assert located.target is not None
    assert located.target.qualname == "depth"


@pytest.mark.parametrize("function", ["<lambda>", "<listcomp>", "<genexpr>", "f"])
def test_lambdas_and_comprehensions_belong_to_their_function(project: Any, function: str) -> None:
    project.write(
        {
            "app.py": f"""
                def f(items):
                    return sorted(
                        items,
                        key=lambda item: item.missing,  # frame 2 in {function}
                    )
            """,
            "test_app.py": "from app import f\n\ndef test_it():\n    f([1])  # frame 1\n",
        }
    )
    assert project.name(exception="AttributeError") == "f"


def test_nested_functions_and_methods(project: Any) -> None:
    project.write(
        {
            "app.py": """
                class A:
                    def f(self):
                        def f():
                            return 1 / 0  # frame 3
                        return f()  # frame 2

                def f():
                    pass
            """,
            "test_app.py": "from app import A\n\ndef test_it():\n    A().f()  # frame 1\n",
        }
    )
    assert project.name(exception="ZeroDivisionError") == "A.f.<locals>.f"


def test_a_decorator_line_belongs_to_the_scope_around_it(project: Any) -> None:
    project.write(
        {
            "app.py": """
                def register(name):
                    def wrap(function):
                        return function
                    return wrap

                @register(missing)  # frame 2 in <module>
                def f():
                    return 1
            """,
            "test_app.py": "import app  # frame 1\n",
        }
    )
    located = project.locate("test_app.py", "NameError")
    assert located.target is not None
    assert located.target.kind is TargetKind.MODULE
    assert located.reason == (
        "NameError was raised at line 6 of app.py, outside any function; only functions can be repaired."
    )


def test_calling_with_the_wrong_arguments(project: Any) -> None:
    project.write(
        {
            "app.py": "class Cart:\n    def add(item):\n        return item\n",
            "test_app.py": "from app import Cart\n\ndef test_it():\n    Cart().add(1)  # frame 1\n",
        }
    )
    assert project.name(exception="TypeError") == "Cart.add"


def test_a_script(project: Any) -> None:
    project.write({"run.py": "def main():\n    return 1 / 0  # frame 2\n\nmain()  # frame 1\n"})
    assert project.name(None, "ZeroDivisionError") == "main"


@pytest.mark.parametrize("exception", ["SyntaxError", "IndentationError", "TabError"])
def test_a_file_that_does_not_parse(project: Any, exception: str) -> None:
    project.write({"app.py": "def f(:\n    return 1\n", "test_app.py": "import app  # frame 1\n"})
    failure = Failure(FailureKind.EXCEPTION, exception, "invalid syntax", "app.py", 1)
    located = project.analysis.locate(failure, project.snapshot, {})
    assert located.target is None
    assert located.reason.startswith("app.py does not parse: ")
    assert "(line 1)" in located.reason


def test_an_error_elsewhere_in_the_file_keeps_functions_apart(project: Any) -> None:
    project.write({"app.py": "def f():\n    return 1 / 0  # frame 1\n\ndef g(:\n    pass\n"})
    assert project.name(None, "ZeroDivisionError") == "f"


def test_a_text_that_changed_since(project: Any) -> None:
    project.write({"app.py": "def f():\n    return 1\n\n\nX = 1\n", "test_app.py": ""})
    failure = Failure(
        FailureKind.EXCEPTION, "ValueError", "", "app.py", 40, (Frame("app.py", 40, "gone"),), None
    )
    located = project.analysis.locate(failure, project.snapshot, {})
    assert located.target is None
    assert located.reason == "app.py has no function at line 40; it may have changed since then."
    moved = attrs.evolve(failure, frames=(Frame("app.py", 40, "f"),))
    found = project.analysis.locate(moved, project.snapshot, {})
    assert found.target is not None
    assert found.target.qualname == "f"


def test_an_import_that_fails(project: Any) -> None:
    project.write({"app.py": "x = 1\n", "test_app.py": "from app import f  # frame 1\n"})
    failure = attrs.evolve(
        project.failure("test_app.py", "ImportError"), message="cannot import name 'f' from 'app'"
    )
    located = project.analysis.locate(failure, project.snapshot, {})
    assert located.target is None
    assert located.reason == (
        "test_app.py, line 1, cannot import what it needs: cannot import name 'f' from 'app'."
    )


def test_absolute_paths_and_links_into_the_workspace(project: Any, tmp_path: Path) -> None:
    project.write({"app.py": "def f():\n    return 1 / 0\n"})
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    for place in (tmp_path / "app.py", link / "app.py"):
        failure = Failure(
            FailureKind.EXCEPTION, "ZeroDivisionError", "", str(place), 2, (Frame(str(place), 2, "f"),)
        )
        located = project.analysis.locate(failure, project.snapshot, {})
        assert located.target is not None
        assert located.target.path == "app.py"


@pytest.mark.parametrize(
    "failure",
    [
        Failure(FailureKind.EXCEPTION, "", "", "", 0),
        Failure(FailureKind.EXCEPTION, "X", "", "../../etc/passwd", 1),
        Failure(FailureKind.EXCEPTION, "X", "", "/etc/passwd", 1),
        Failure(FailureKind.EXCEPTION, "X", "", "missing.py", -5, (Frame("missing.py", 10**9, "\0"),)),
        Failure(FailureKind.EXCEPTION, "X", "", "data.py", 3, (Frame("data.py", 3, "f"),), "data.py::[::"),
        Failure(FailureKind.EXCEPTION, "X", "", "folder.py", 1, (), "folder.py::test"),
        Failure(FailureKind.EXCEPTION, "X", "", "bad\0path.py", 1, (), "bad\0path.py::test"),
        Failure(FailureKind.ASSERTION, "X", "", "deep.py", 1, (), "deep.py::test_it"),
    ],
)
def test_odd_failures_get_an_answer(project: Any, failure: Failure) -> None:
    project.write({"deep.py": "x = " + "(" * 500 + ")" * 500 + "\n"})
    (project.root / "data.py").write_bytes(b"# coding: nonsense\n\xff\xfe\0")
    (project.root / "folder.py").mkdir()
    located = project.analysis.locate(failure, project.snapshot, {})
    assert located.target is None
    assert located.reason
    assert project.analysis.test_source(project.snapshot, failure.test or "") == ""


def test_a_test_whose_process_ended_leads_to_what_it_calls(project: Any) -> None:
    project.write(
        {
            "app.py": """
                import os

                class Store:
                    def __init__(self):
                        self.items = {}

                    def put(self, key):
                        self.items[key] = 1

                    def close(self):
                        os._exit(3)

                    def __len__(self):
                        return len(self.items)
            """,
            "test_app.py": """
                from app import Store

                def test_it():
                    store = Store()
                    store.put("a")
                    store.close()
                    assert store.items == {"a": 1}

                def test_other():
                    store = Store()
                    assert store.put("a") is None
            """,
        }
    )
    for test, line, name in (("test_it", 3, "Store.close"), ("test_other", 9, "Store.put")):
        failure = Failure(
            FailureKind.EXCEPTION,
            "Crash",
            "it ended the process at once",
            "test_app.py",
            line,
            test=f"test_app.py::{test}",
        )
        located = project.analysis.locate(failure, project.snapshot, {})
        assert located.target is not None, located
        assert located.target.qualname == name
