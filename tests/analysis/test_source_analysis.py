"""The rest of the analysis port: positions, sources of tests, normal forms, doctests."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from heal_lsp.analysis import SourceAnalysis
from heal_lsp.analysis.sources import is_doctest, is_test_code
from heal_lsp.analysis.spans import functions
from heal_lsp.core.model import Failure, FailureKind, Snapshot, TargetKind
from heal_lsp.core.ports import Analysis


def contract(analysis: Analysis) -> Analysis:
    """mypy checks that the adapter satisfies the port."""
    return analysis


def test_the_port_is_satisfied(project: Any) -> None:
    analysis = contract(SourceAnalysis())
    project.write(
        {
            "app.py": "def f():\n    return 1\n",
            "test_app.py": "from app import f\n\ndef test_it():\n    f()  # frame 1\n",
        }
    )
    located = analysis.locate(project.failure("test_app.py::test_it"), project.snapshot, {})
    assert located.failure == project.failure("test_app.py::test_it")
    assert located.target == analysis.target_at(project.snapshot, "app.py", 2)
    assert analysis.test_source(project.snapshot, "test_app.py::test_it").startswith("def test_it():")
    assert located.target is not None
    assert analysis.normalised(project.files["app.py"], located.target) == "def f():\n    return 1"


class TestTargetAt:
    def test_functions_modules_and_missing_files(self, project: Any) -> None:
        project.write({"app.py": "import os\n\n@d\ndef f():\n    return 1\n\nX = 2\n"})
        at = [project.analysis.target_at(project.snapshot, "app.py", line) for line in (1, 3, 4, 5, 7, 99)]
        assert [each.kind for each in at] == [
            TargetKind.MODULE,
            *[TargetKind.FUNCTION] * 3,
            *[TargetKind.MODULE] * 2,
        ]
        for path in ("gone.py", "../app.py", "/etc/passwd", ".", "", "a\0b.py"):
            assert project.analysis.target_at(project.snapshot, path, 1) is None

    def test_buffers_and_encodings(self, project: Any) -> None:
        project.write({"app.py": "x = 1\n"})
        (project.root / "latin.py").write_bytes(
            "# coding: latin-1\r\ndef f():\r\n    return 'é'\r\n".encode("latin-1")
        )
        latin = project.analysis.target_at(project.snapshot, "latin.py", 3)
        assert (latin.name, latin.start, latin.end) == (
            "f",
            19,
            19 + len("def f():\r\n    return 'é'".encode()),
        )
        project.buffers["app.py"] = "def g(): pass\n"
        assert project.analysis.target_at(project.snapshot, "app.py", 1).name == "g"

    def test_special_files_are_not_opened(self, project: Any) -> None:
        import os

        os.mkfifo(project.root / "pipe.py")
        assert project.analysis.target_at(project.snapshot, "pipe.py", 1) is None


class TestTestSource:
    FILE = '''
        import pytest

        @pytest.mark.parametrize("a", [1,
                                       2])
        def test_one(a):  # why
            assert a

        class TestThings:
            class TestInner:
                async def test_two(self):
                    assert "é"

            def test_three(self): assert 1

        class TestMore(TestThings):
            pass

        if True:
            def test_four():
                x = """
            kept
                """
    '''

    @pytest.mark.parametrize(
        ("test", "source"),
        [
            (
                "test_a.py::test_one[1]",
                '@pytest.mark.parametrize("a", [1,\n                               2])\n'
                "def test_one(a):  # why\n    assert a",
            ),
            ("test_a.py::TestThings::TestInner::test_two", 'async def test_two(self):\n    assert "é"'),
            ("test_a.py::TestThings::test_three", "def test_three(self): assert 1"),
            ("test_a.py::TestMore::test_three", "def test_three(self): assert 1"),
            ("test_a.py::test_one[a::b]", None),
            ("test_a.py::test_nine", ""),
            ("test_a.py::TestNone::test_one", ""),
            ("test_a.py", ""),
            ("gone.py::test_one", ""),
            ("", ""),
            ("::", ""),
        ],
    )
    def test_by_id(self, project: Any, test: str, source: str | None) -> None:
        project.write({"test_a.py": self.FILE})
        found = project.analysis.test_source(project.snapshot, test)
        assert found == source if source is not None else found.startswith("@pytest.mark.parametrize")

    def test_crlf_is_read_as_plain(self, project: Any) -> None:
        project.buffers["test_a.py"] = "def test_one():\r\n    assert 1\r\n"
        assert (
            project.analysis.test_source(project.snapshot, "test_a.py::test_one")
            == "def test_one():\n    assert 1"
        )

    def test_doctests(self, project: Any) -> None:
        project.write(
            {
                "pkg/mod.py": '''
                    """Module

                    >>> f(0)
                    0
                    """

                    def f(x):
                        """Doc

                        >>> f(1)
                        2
                        >>> for n in [1]:
                        ...     f(n)
                        2
                        """
                        return x
                ''',
                "README.md": "Use it:\n\n>>> from pkg.mod import f\n>>> f(3)\n4\n",
            }
        )
        source = project.analysis.test_source(project.snapshot, "pkg/mod.py::pkg.mod.f")
        assert source.startswith(">>> f(1)\n2\n>>> for n in [1]:\n")
        assert project.analysis.test_source(project.snapshot, "pkg/mod.py::pkg.mod") == ">>> f(0)\n0"
        assert "f(3)" in project.analysis.test_source(project.snapshot, "README.md::README.md")
        for test, line in [("pkg/mod.py::pkg.mod.f", 9), ("pkg/mod.py::pkg.mod", 3)]:
            located = project.analysis.locate(
                Failure(FailureKind.TEST, "", "", "pkg/mod.py", line, test=test), project.snapshot, {}
            )
            assert located.target is not None
            assert located.target.qualname == "f"
        located = project.analysis.locate(
            Failure(FailureKind.TEST, "", "", "README.md", 4, test="README.md::README.md"),
            project.snapshot,
            {},
        )
        assert located.target is not None
        assert located.target.path == "pkg/mod.py"


class TestNormalised:
    VARIANTS = (
        "def f(a, b):\n    return a + b\n",
        'x = 1\n\n\ndef f(a,   b):\n    """Doc."""\n    # why\n\n    return (a + b)\n',
        "def f(a, b):\r\n\treturn a+b # sum\r\n",
        "if True:\n  def f(\n      a,\n      b,\n  ):\n    return a + b",
        "\ufeff# é\ndef f(a, b): return a + b",
    )

    @pytest.mark.parametrize("text", VARIANTS)
    def test_layout_comments_docstring_and_place_do_not_matter(self, text: str) -> None:
        analysis = SourceAnalysis()
        assert analysis.normalised(text, functions(text)[0]) == "def f(a, b):\n    return a + b"

    @pytest.mark.parametrize(
        "text",
        [
            "def f(a, b):\n    return a - b\n",
            "def f(b, a):\n    return a + b\n",
            "@d\ndef f(a, b):\n    return a + b\n",
            "def f(a: int, b):\n    return a + b\n",
            "async def f(a, b):\n    return a + b\n",
        ],
    )
    def test_what_the_function_does_matters(self, text: str) -> None:
        analysis = SourceAnalysis()
        assert analysis.normalised(text, functions(text)[0]) != "def f(a, b):\n    return a + b"

    def test_only_a_docstring(self) -> None:
        text = 'def f():\n    """Doc."""\n'
        assert SourceAnalysis().normalised(text, functions(text)[0]) == "def f():\n    pass"

    def test_nested_docstrings_and_the_right_twin(self) -> None:
        text = (
            "class A:\n    def f(self):\n        return 1\n\n"
            "class B:\n    def f(self):\n"
            '        def g():\n            "x"\n            return 2\n        return g\n'
        )
        twins = functions(text)
        assert SourceAnalysis().normalised(text, twins[0]) == "def f(self):\n    return 1"
        assert '"x"' not in SourceAnalysis().normalised(text, twins[1])
        assert "return 2" in SourceAnalysis().normalised(text, twins[1])

    def test_a_text_that_does_not_parse(self) -> None:
        analysis = SourceAnalysis()
        one = "def f(a):\n    # why\n    return a  +  1\n\ndef g(:\n"
        two = "x = 1\ndef f( a ):\n\n    return a+1\n\ndef g(:\n"
        assert analysis.normalised(one, functions(one)[0]) == analysis.normalised(two, functions(two)[0])

    def test_a_target_of_another_text(self) -> None:
        text = "def f():\n    return 1\n"
        target = functions("\n" * 50 + text)[0]
        assert isinstance(SourceAnalysis().normalised(text, target), str)


@pytest.mark.parametrize(
    ("test", "doctest"),
    [
        ("mod.py::mod", True),
        ("mod.py::mod.f", True),
        ("pkg/mod.py::pkg.mod.A.f", True),
        ("pkg/__init__.py::pkg.f", True),
        ("README.md::README.md", True),
        ("mod.py::test_it", False),
        ("test_mod.py::test_mod", False),
        ("test_mod.py::TestMod::test_mod", False),
        ("test_mod.py::test_it[test_mod.x]", False),
        ("mod.py", False),
        ("", False),
    ],
)
def test_ids_of_doctests(test: str, doctest: bool) -> None:
    assert is_doctest(test) is doctest


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("test_a.py", True),
        ("a_test.py", True),
        ("pkg/conftest.py", True),
        ("tests/helpers.py", True),
        ("pkg/test/data.py", True),
        ("attestation.py", False),
        ("pkg/testing.py", False),
        ("contest.py", False),
    ],
)
def test_code_of_tests(path: str, code: bool) -> None:
    assert is_test_code(path) is code


def test_importing_the_room_is_light() -> None:
    """jedi, parso and libcst are only imported when they are needed."""
    code = "import sys, heal_lsp.analysis; print({'jedi', 'parso', 'libcst'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )


def test_many_threads(project: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    project.write(
        {
            "app.py": "class A:\n    def f(self):\n        return 1\n\nALL = {'a': A()}\n",
            "test_app.py": "from app import ALL\n\ndef test_it():\n    assert ALL['a'].f() == 2  # frame 1\n",
        }
    )
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: project.name(), range(20)))
    assert names == ["A.f"] * 20


def test_the_cache_is_bounded(project: Any) -> None:
    analysis = SourceAnalysis(size=2)
    for count in range(5):
        text = f"def f{count}(): pass\n"
        target = analysis.target_at(Snapshot(str(project.root), {"a.py": text}), "a.py", 1)
        assert target is not None
        assert target.name == f"f{count}"
    assert len(analysis._parsed._kept) == 2


@pytest.mark.parametrize("folder", ["", "service/"])
def test_an_import_along_the_path_that_pytest_is_configured_with(project: Any, folder: str) -> None:
    project.write(
        {
            f"{folder}pytest.ini": "[pytest]\npythonpath = code/inner\n",
            f"{folder}code/inner/app.py": "def f():\n    return 1\n",
            f"{folder}tests/test_app.py": "import app\n\ndef test_it():\n    assert app.f() == 2  # frame 1\n",
        }
    )
    located = project.locate(f"{folder}tests/test_app.py::test_it")
    assert located.target is not None
    assert located.target.path == f"{folder}code/inner/app.py"
