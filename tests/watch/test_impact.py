"""A saved file selects the test files that reach it."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.watch import source_tree
from heal_lsp.watch.impact import ImpactIndex, affected
from heal_lsp.watch.imports import Import, read_facts
from heal_lsp.watch.recorded import RecordedPaths


def make(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def reach(root: Path, *saved: str, **options: Any) -> set[str]:
    return set(affected(root, saved, options.pop("texts", {}), **options))


FLAT = {
    "shapes.py": "import numbers_\n",
    "numbers_.py": "PI = 3\n",
    "unused.py": "",
    "test_shapes.py": "from shapes import area\n",
    "test_numbers.py": "import numbers_\n",
    "tests/test_both.py": "def test_it():\n    import shapes as s\n",
}


def test_imports_are_followed_backwards_and_the_nearest_comes_first(tmp_path: Path) -> None:
    make(tmp_path, FLAT)
    assert affected(tmp_path, ["numbers_.py"], {}) == (
        "test_numbers.py",
        "test_shapes.py",
        "tests/test_both.py",
    )
    assert reach(tmp_path, "shapes.py") == {"test_shapes.py", "tests/test_both.py"}
    assert reach(tmp_path, "unused.py") == set()


def test_a_saved_test_selects_itself(tmp_path: Path) -> None:
    make(tmp_path, FLAT)
    assert affected(tmp_path, ["tests/test_both.py"], {}) == ("tests/test_both.py",)
    assert affected(tmp_path, ["tests/test_both.py", "numbers_.py"], {})[0] == "tests/test_both.py"


@pytest.mark.parametrize("source", ["src/", ""])
@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.core",
        "import os, pkg.core as c",
        "from pkg import core",
        "from pkg.core import run",
        "from pkg.core import *",
        "from pkg import (\n    other,  # (why)\n    core,\n)",
        "from pkg import \\\n    core",
        "if True: from pkg import core",
        "x = 1; import pkg.core",
        "def f():\n    try:\n        import pkg.core\n    except ImportError: pass",
        "import importlib\nimportlib.import_module('pkg.core')",
        "__import__(\n    'pkg.core')",
        "from unittest import mock\nmock.patch('pkg.core.run')",
        "def test(monkeypatch):\n    monkeypatch.setattr('pkg.core.run', 1)",
        "import pytest\npytest.importorskip('pkg.core')",
        "pytest_plugins = ['pkg.core']",
        "from pkg import core\ndef half(:\n",
        "x = '''unfinished\nfrom pkg.core import run",
        "from pkg.core import",
    ],
)
def test_every_way_to_import(tmp_path: Path, source: str, statement: str) -> None:
    make(
        tmp_path,
        {
            f"{source}pkg/__init__.py": "",
            f"{source}pkg/core.py": "",
            f"{source}pkg/other.py": "",
            "tests/test_it.py": statement,
            "tests/test_other.py": "import pkg.other\n",
        },
    )
    assert reach(tmp_path, f"{source}pkg/core.py") == {"tests/test_it.py"}


@pytest.mark.parametrize(
    "text",
    [
        "'''\nfrom pkg import core\n'''",
        '"""\nimport pkg.core\n"""',
        "# import pkg.core",
        "x = 'a \\' import pkg.core'",
        "from pkg.more import core",
        "import core",
        "from elsewhere.pkg import core",
    ],
)
def test_what_is_no_import_of_it(tmp_path: Path, text: str) -> None:
    make(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/core.py": "",
            "tests/test_it.py": text,
            "tests/test_core.py": "import pkg.core\n",
        },
    )
    assert reach(tmp_path, "pkg/core.py") == {"tests/test_core.py"}


def test_relative_imports_and_packages(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "pkg/__init__.py": "from .api import run\n",
            "pkg/api.py": "from .deep import low\nfrom . import side\n",
            "pkg/deep/__init__.py": "",
            "pkg/deep/low.py": "from ..base import Base\nfrom ... import nothing\n",
            "pkg/base.py": "",
            "pkg/side.py": "",
            "pkg/alone.py": "",
            "pkg/tests/__init__.py": "",
            "pkg/tests/test_run.py": "from .. import run\n",
            "test_alone.py": "from pkg import alone\n",
        },
    )
    both = {"pkg/tests/test_run.py", "test_alone.py"}
    for path in ("pkg/base.py", "pkg/side.py", "pkg/deep/low.py", "pkg/deep/__init__.py", "pkg/__init__.py"):
        assert reach(tmp_path, path) == both, path
    assert reach(tmp_path, "pkg/alone.py") == {"test_alone.py"}


def test_namespace_packages(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "libs/one/company/billing/__init__.py": "",
            "libs/one/company/billing/tax.py": "",
            "libs/two/company/mail.py": "",
            "libs/two/tests/test_mail.py": "from company import mail\n",
            "libs/one/tests/test_tax.py": "from company.billing import tax\n",
        },
    )
    assert reach(tmp_path, "libs/one/company/billing/tax.py") == {"libs/one/tests/test_tax.py"}
    assert reach(tmp_path, "libs/two/company/mail.py") == {"libs/two/tests/test_mail.py"}


def test_siblings_of_the_same_name_are_kept_apart(tmp_path: Path) -> None:
    make(
        tmp_path,
        {f"{each}/helper.py": "" for each in "ab"}
        | {f"{each}/test_{each}.py": "import helper" for each in "ab"},
    )
    assert reach(tmp_path, "a/helper.py") == {"a/test_a.py"}


def test_a_module_named_like_one_of_the_standard_library_or_of_a_package(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app/__init__.py": "",
            "app/json.py": "",
            "app/requests.py": "",
            "test_other.py": "import json, requests\n",
            "test_own.py": "import app.json\nfrom app import requests\n",
        },
    )
    assert reach(tmp_path, "app/json.py") == {"test_own.py"}
    assert reach(tmp_path, "app/requests.py") == {"test_own.py"}


def test_conftest_affects_the_tests_at_and_below_its_folder(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "tools.py": "",
            "conftest.py": "",
            "a/conftest.py": "import tools\n",
            "a/test_a.py": "",
            "a/b/test_b.py": "",
            "c/test_c.py": "",
        },
    )
    below = {"a/test_a.py", "a/b/test_b.py"}
    assert reach(tmp_path, "a/conftest.py") == below
    assert reach(tmp_path, "tools.py") == below
    assert reach(tmp_path, "conftest.py") == {*below, "c/test_c.py"}


def test_cycles_end(tmp_path: Path) -> None:
    make(tmp_path, {"a.py": "import b", "b.py": "import a", "test_a.py": "import a"})
    assert reach(tmp_path, "b.py") == {"test_a.py"}


def test_a_removed_file_still_selects_what_imports_it(tmp_path: Path) -> None:
    make(tmp_path, FLAT)
    index = ImpactIndex(tmp_path)
    (tmp_path / "shapes.py").unlink()
    assert set(index.affected(["shapes.py"], {})) == {"test_shapes.py", "tests/test_both.py"}


def test_what_coverage_saw_is_added(tmp_path: Path) -> None:
    make(tmp_path, FLAT)
    recorded = {
        "test_shapes.py::test_x[a::b]": ["unused.py"],
        "gone.py::test": ["unused.py"],
        "test_numbers.py": [],
    }
    assert reach(tmp_path, "unused.py", recorded=recorded) == {"test_shapes.py"}


class TestBuffers:
    def test_an_unsaved_text_counts_instead_of_the_disk(self, tmp_path: Path) -> None:
        make(tmp_path, FLAT)
        texts = {"test_numbers.py": "", "test_shapes.py": "import unused\n"}
        assert reach(tmp_path, "numbers_.py", texts=texts) == {"tests/test_both.py"}
        assert reach(tmp_path, "unused.py", texts=texts) == {"test_shapes.py"}

    def test_a_file_that_is_not_on_the_disk_yet(self, tmp_path: Path) -> None:
        make(tmp_path, FLAT)
        assert reach(tmp_path, "unused.py", texts={"test_new.py": "import unused"}) == {"test_new.py"}
        assert reach(tmp_path, "fresh.py", texts={"fresh.py": "", "test_new.py": "import fresh"}) == {
            "test_new.py"
        }


class TestIndex:
    def test_it_sees_changes_new_and_removed_files(self, tmp_path: Path) -> None:
        make(tmp_path, FLAT)
        index = ImpactIndex(tmp_path)
        assert set(index.affected(["unused.py"], {})) == set()
        make(tmp_path, {"test_new.py": "import unused\n"})
        assert set(index.affected(["unused.py"], {})) == {"test_new.py"}
        make(tmp_path, {"test_new.py": "pass\n", "shapes.py": "import unused, numbers_\n"})
        assert set(index.affected(["unused.py"], {})) == {"test_shapes.py", "tests/test_both.py"}
        (tmp_path / "test_shapes.py").unlink()
        assert set(index.affected(["unused.py"], {})) == {"tests/test_both.py"}
        assert set(index.affected(["unused.py"], {"shapes.py": ""})) == set()
        assert set(index.affected(["unused.py"], {})) == {"tests/test_both.py"}

    def test_unchanged_files_are_not_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, FLAT)
        index = ImpactIndex(tmp_path)
        index.affected(["numbers_.py"], {})
        read: list[str] = []
        real = source_tree._read
        monkeypatch.setattr(
            source_tree, "_read", lambda path: read.append(os.path.basename(path)) or real(path)
        )
        make(tmp_path, {"shapes.py": "import numbers_  # changed\n"})
        index.affected(["numbers_.py"], {})
        assert [each for each in read if each.endswith(".py")] == ["shapes.py"]


class TestConfiguration:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("pytest.ini", "[pytest]\npython_files = check_*.py\n"),
            (".pytest.ini", "[pytest]\npython_files = check_*.py\n"),
            ("tox.ini", "[tox]\n[pytest]\npython_files =\n    check_*.py\n    x.py\n"),
            ("setup.cfg", "[metadata]\n[tool:pytest]\npython_files = check_*.py\n"),
            ("pyproject.toml", "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n"),
            ("pyproject.toml", "[tool.pytest.ini_options]\npython_files = 'check_*.py'\n"),
            ("pyproject.toml", "[tool.pytest]\npython_files = ['check_*.py']\n"),
            ("pytest.toml", "[pytest]\npython_files = ['check_*.py']\n"),
        ],
    )
    def test_the_names_of_test_files(self, tmp_path: Path, name: str, text: str) -> None:
        make(tmp_path, {name: text, "m.py": "", "check_m.py": "import m", "test_m.py": "import m"})
        assert reach(tmp_path, "m.py") == {"check_m.py"}

    @pytest.mark.parametrize("text", ["[pytest", "[pytest]\npython_files = 'x", "\x00", "[pytest]\n" * 3])
    def test_a_file_that_cannot_be_read_means_the_default(self, tmp_path: Path, text: str) -> None:
        make(
            tmp_path, {"pytest.ini": text, "pyproject.toml": "= broken", "m.py": "", "test_m.py": "import m"}
        )
        assert reach(tmp_path, "m.py") in ({"test_m.py"}, set())
        (tmp_path / "pytest.ini").unlink()
        assert reach(tmp_path, "m.py") == {"test_m.py"}

    def test_testpaths_and_the_setting_that_replaces_them(self, tmp_path: Path) -> None:
        make(
            tmp_path,
            {
                "pytest.ini": "[pytest]\ntestpaths = tests none\n",
                "m.py": "",
                "tests/test_in.py": "import m",
                "more/test_out.py": "import m",
                "more/odd.py": "import m",
            },
        )
        assert reach(tmp_path, "m.py") == {"tests/test_in.py"}
        assert reach(tmp_path, "m.py", test_paths=["./more/"]) == {"more/test_out.py"}
        assert reach(tmp_path, "m.py", test_paths=["more/odd.py"]) == {"more/odd.py"}
        assert reach(tmp_path, "more/test_out.py") == {"more/test_out.py"}

    def test_testpaths_that_do_not_exist_mean_everything(self, tmp_path: Path) -> None:
        make(tmp_path, {"pytest.ini": "[pytest]\ntestpaths = no\n", "m.py": "", "t/test_m.py": "import m"})
        assert reach(tmp_path, "m.py") == {"t/test_m.py"}

    def test_pythonpath_and_plugins_of_the_command_line(self, tmp_path: Path) -> None:
        make(
            tmp_path,
            {
                "pytest.ini": "[pytest]\npythonpath = code/a\naddopts = -q -p plug.in_ -pno:cacheprovider\n",
                "code/a/same.py": "",
                "code/b/same.py": "",
                "plug/in_.py": "",
                "test_x.py": "import same",
                "test_y.py": "",
            },
        )
        assert reach(tmp_path, "code/a/same.py") == {"test_x.py"}
        assert reach(tmp_path, "code/b/same.py") == set()
        assert reach(tmp_path, "plug/in_.py") == {"test_x.py", "test_y.py"}

    def test_doctests_where_pytest_collects_them(self, tmp_path: Path) -> None:
        make(tmp_path, {"low.py": "", "m.py": '"""\n>>> 1\n1\n"""\nimport low\n', "n.py": "import low"})
        assert reach(tmp_path, "low.py") == set()
        make(tmp_path, {"pytest.ini": "[pytest]\naddopts = --doctest-modules\n"})
        assert reach(tmp_path, "low.py") == {"m.py"}

    def test_changing_the_configuration_selects_every_test(self, tmp_path: Path) -> None:
        make(tmp_path, FLAT | {"pytest.ini": "[pytest]\n"})
        assert len(reach(tmp_path, "pytest.ini")) == 3


DATA = {
    "app/__init__.py": "",
    "app/load.py": "open('rates.json')\n",
    "app/rates.json": "{}",
    "tests/test_load.py": "import app.load\n",
    "tests/test_else.py": "",
    "tests/data/cases.yaml": "",
    "tests/data/other.bin": "",
    "tests/golden/test_golden.py": "for p in glob('*.txt'): pass\n",
    "tests/golden/one.txt": "",
    "README.md": "",
}


class TestData:
    def test_the_tests_that_reach_a_mention_of_its_name(self, tmp_path: Path) -> None:
        assert reach(make(tmp_path, DATA), "app/rates.json") == {"tests/test_load.py"}

    def test_the_tests_around_it_that_read_files_of_its_kind(self, tmp_path: Path) -> None:
        assert reach(make(tmp_path, DATA), "tests/golden/one.txt") == {"tests/golden/test_golden.py"}

    def test_the_tests_around_it_when_nothing_mentions_it(self, tmp_path: Path) -> None:
        found = reach(make(tmp_path, DATA), "tests/data/other.bin")
        assert found == {"tests/test_load.py", "tests/test_else.py", "tests/golden/test_golden.py"}

    def test_none_for_a_file_of_the_root_that_nothing_mentions(self, tmp_path: Path) -> None:
        assert reach(make(tmp_path, DATA), "README.md") == set()

    def test_a_script_that_tests_run_by_name(self, tmp_path: Path) -> None:
        make(
            tmp_path,
            {
                "tools/make.py": "",
                "tools/run.py": "",
                "tests/test_a.py": "subprocess.run([sys.executable, 'tools/make.py'])",
                "tests/test_b.py": "subprocess.run([sys.executable, '-m', 'tools.run'])",
            },
        )
        assert reach(tmp_path, "tools/make.py") == {"tests/test_a.py"}
        assert reach(tmp_path, "tools/run.py") == {"tests/test_b.py"}


class TestWalk:
    def test_installed_and_generated_folders_are_passed_over(self, tmp_path: Path) -> None:
        make(tmp_path, {"m.py": "", "env/pyvenv.cfg": "", "src/build/__init__.py": "", "src/build/x.py": ""})
        for folder in (
            ".venv/lib",
            "venv",
            "env/lib",
            "node_modules/x",
            ".git",
            "build/lib",
            "a/__pycache__",
            ".tox",
        ):
            make(tmp_path, {f"{folder}/test_m.py": "import m"})
        make(tmp_path, {"test_own.py": "from build import x"})
        assert reach(tmp_path, "m.py") == set()
        assert reach(tmp_path, "src/build/x.py") == {"test_own.py"}

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no POSIX files")
    def test_links_pipes_and_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        make(tmp_path, {"m.py": "", "real/test_m.py": "import m\n", "locked/test_l.py": "import m\n"})
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "real" / "up").symlink_to("..")
        (tmp_path / "test_dangling.py").symlink_to("nothing")
        (tmp_path / "test_link.py").symlink_to("real/test_m.py")
        (tmp_path / "test_self.py").symlink_to("test_self.py")
        (tmp_path / "test_folder.py").mkdir()
        os.mkfifo(tmp_path / "test_pipe.py")
        (tmp_path / "locked" / "test_l.py").chmod(0)
        (tmp_path / "test_huge.py").write_bytes(b"import m\n" + b"#" * source_tree.MAX_BYTES)
        assert (
            {"real/test_m.py", "test_link.py"}
            <= reach(tmp_path, "m.py")
            <= {
                "real/test_m.py",
                "test_link.py",
                "locked/test_l.py",  # root reads it all the same
            }
        )
        (tmp_path / "locked" / "test_l.py").chmod(0o600)

    @pytest.mark.parametrize(
        "data",
        [
            "# -*- coding: latin-1 -*-\nnäme = 1\nimport m\n".encode("latin-1"),
            b"\xef\xbb\xbfimport m\n",
            b"# coding: no-such-codec\nimport m\n",
            b"x = '\xff\xfe'\nimport m\n",
            b"import m\r\nx = 1\r\n",
            b"import m\x00\n",
            b"x = (\nimport m\n",
        ],
    )
    def test_any_encoding(self, tmp_path: Path, data: bytes) -> None:
        make(tmp_path, {"m.py": ""})
        (tmp_path / "test_m.py").write_bytes(data)
        assert reach(tmp_path, "m.py") == {"test_m.py"}

    def test_a_missing_workspace_has_no_tests(self, tmp_path: Path) -> None:
        assert reach(tmp_path / "none", "a.py", "b.json") == set()


def test_the_imports_of_the_standard_library_are_those_that_ast_sees() -> None:
    for path in sorted(Path(os.__file__).parent.glob("[a-h]*.py")):
        text = path.read_text("utf-8", errors="replace")
        expected = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                expected |= {Import(alias.name) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = tuple(alias.name for alias in node.names)
                expected.add(Import(node.module or "", names, node.level))
        assert {each for each in read_facts(text).imports if not each.guess} == expected, path


@given(st.text(alphabet="from imptxy_.()\\'\"#=;:,*\n\r", max_size=80))
def test_no_text_raises(text: str) -> None:
    read_facts(text)


@pytest.mark.parametrize(
    "piece", ['"""', "'", '"\\', "from ", "from x import (", "import ", "# ", "\\\n", ">>> ", "a."]
)
def test_a_strange_text_is_read_in_reasonable_time(piece: str) -> None:
    before = time.monotonic()
    read_facts(piece * 50_000)
    assert time.monotonic() - before < 20


def test_a_large_workspace_is_answered_quickly_the_second_time(tmp_path: Path) -> None:
    for number in range(60):
        package = f"pkg{number}"
        make(tmp_path, {f"{package}/m{each}.py": f"from . import m{each + 1}\n" for each in range(30)})
        make(tmp_path, {f"{package}/__init__.py": "", f"tests/test_{package}.py": f"import {package}.m0\n"})
    index = ImpactIndex(tmp_path)
    assert index.affected(["pkg7/m29.py"], {}) == ("tests/test_pkg7.py",)
    before = time.monotonic()
    assert index.affected(["pkg8/m29.py"], {}) == ("tests/test_pkg8.py",)
    assert time.monotonic() - before < 5


class TestProjectsInFolders:
    FILES: Mapping[str, str] = {
        "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
        "tests/test_top.py": "import top\n",
        "top.py": "",
        "one/pytest.ini": "[pytest]\npython_files = check_*.py\ntestpaths = checks\npythonpath = lib\n",
        "one/lib/shared.py": "",
        "one/checks/check_shared.py": "import shared\n",
        "one/other/check_shared.py": "import shared\n",
        "one/checks/test_no.py": "import shared\n",
        "two/setup.cfg": "[tool:pytest]\naddopts = -p plug\n",
        "two/src/shared.py": "",
        "two/plug.py": "",
        "two/tests/test_shared.py": "import shared\n",
    }

    def test_each_has_its_own_configuration(self, tmp_path: Path) -> None:
        make(tmp_path, self.FILES)
        both = {"one/checks/check_shared.py", "two/tests/test_shared.py"}  # either may be what is imported
        assert reach(tmp_path, "one/lib/shared.py") == reach(tmp_path, "two/src/shared.py") == both
        assert reach(tmp_path, "two/plug.py") == {"two/tests/test_shared.py"}
        assert reach(tmp_path, "top.py") == {"tests/test_top.py"}

    def test_a_change_of_one_selects_its_tests(self, tmp_path: Path) -> None:
        make(tmp_path, self.FILES)
        assert reach(tmp_path, "one/pytest.ini") == {"one/checks/check_shared.py"}
        assert reach(tmp_path, "two/setup.cfg") == {"two/tests/test_shared.py"}
        assert reach(tmp_path, "pyproject.toml") == {
            "tests/test_top.py",
            "one/checks/check_shared.py",
            "two/tests/test_shared.py",
        }

    def test_a_configuration_that_comes_and_goes_is_seen(self, tmp_path: Path) -> None:
        make(tmp_path, self.FILES)
        index = ImpactIndex(tmp_path)
        assert index.affected(["one/checks/test_no.py"], {}) == ()
        (tmp_path / "one/pytest.ini").unlink()
        assert index.affected(["one/checks/test_no.py"], {}) == ("one/checks/test_no.py",)


class TestWarm:
    def test_what_was_seen_a_moment_ago_counts_for_all_but_the_saved_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, FLAT)
        index = ImpactIndex(tmp_path)
        assert index.warm() == len(FLAT)
        monkeypatch.setattr(source_tree, "_entries", lambda folder: pytest.fail("it looked at a folder"))
        make(tmp_path, {"unused.py": "import numbers_\n", "test_shapes.py": "import shapes, unused\n"})
        assert index.affected(["unused.py", "test_shapes.py"], {}, recent=True) == ("test_shapes.py",)
        assert index.affected(["unused.py"], {"test_numbers.py": "import unused"}, recent=True) == (
            "test_numbers.py",
            "test_shapes.py",
        )
        assert index.affected(["unused.py"], {}, recent=True) == ("test_shapes.py",)

    def test_every_file_is_looked_at_again_after_a_while(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, FLAT)
        index = ImpactIndex(tmp_path)
        index.warm()
        make(tmp_path, {"test_new.py": "import unused\n"})
        monkeypatch.setattr(source_tree, "FRESH_SECONDS", 0.0)
        assert index.affected(["unused.py"], {}, recent=True) == ("test_new.py",)


class TestRemembered:
    MANY: Mapping[str, str] = {f"pkg/m{each}.py": f"from . import m{each + 1}\n" for each in range(300)}

    def test_the_next_session_reads_only_what_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root, cache = tmp_path / "root", tmp_path / "imports.json"
        make(root, {**self.MANY, "pkg/__init__.py": "", "test_it.py": "from pkg import m0\n"})
        assert ImpactIndex(root, cache).affected(["pkg/m299.py"], {}) == ("test_it.py",)
        assert cache.stat().st_mode & 0o077 == 0
        make(root, {"test_more.py": "import pkg.m299\n"})
        read: list[str] = []
        real = source_tree._read
        monkeypatch.setattr(
            source_tree, "_read", lambda path: read.append(os.path.basename(path)) or real(path)
        )
        assert ImpactIndex(root, cache).affected(["pkg/m299.py"], {}) == ("test_more.py", "test_it.py")
        assert [each for each in read if each.endswith(".py")] == ["test_more.py"]

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", '{"version": 1, "files": {"a.py": 3}}', '{"version": 99, "files": {}}', "[" * 5000],
    )
    def test_a_cache_that_cannot_be_read_is_as_good_as_none(self, tmp_path: Path, text: str) -> None:
        root, cache = tmp_path / "root", tmp_path / "imports.json"
        make(root, FLAT)
        cache.write_text(text)
        assert ImpactIndex(root, cache).affected(["shapes.py"], {}) == (
            "test_shapes.py",
            "tests/test_both.py",
        )

    def test_recorded_paths_are_kept_and_the_latest_record_of_a_test_counts(self, tmp_path: Path) -> None:
        file = tmp_path / "coverage.json"
        RecordedPaths(file).add(
            {"test_a.py::test_x": {"a.py": (1,), "b.py": (2,)}, "test_a.py::test_y": {"c.py": ()}}
        )
        RecordedPaths(file).add({"test_a.py::test_x": {"b.py": (2,)}})
        assert RecordedPaths(file).paths() == {"test_a.py::test_x": ("b.py",), "test_a.py::test_y": ("c.py",)}
        file.write_text("[1")
        assert RecordedPaths(file).paths() == {}
