"""Which tests run, and from which folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heal_lsp.verifier.selection import Group, is_inside, nested_projects, rootdir, select


@pytest.fixture
def root(tmp_path):
    for path in ("tests/test_a.py", "one/tests/test_b.py", "one/pytest.ini", "two/test_c.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    return tmp_path


def test_tests_are_grouped_by_the_folder_that_configures_pytest(root):
    wanted = ["tests/test_a.py::test_a", "one/tests/test_b.py", "tests/test_a.py::test_z", "two/test_c.py"]

    assert select(root, wanted, {}).groups == (
        Group(
            "",
            ("tests/test_a.py::test_a", "tests/test_a.py::test_z", "two/test_c.py"),
            ("tests/test_a.py", "two/test_c.py"),
        ),
        Group("one", ("one/tests/test_b.py",), ("tests/test_b.py",)),
    )


def test_nothing_means_everything_and_nested_projects_run_for_themselves(root):
    assert select(root, [], {}).groups == (Group("", (), (), ("one",)), Group("one", (), ()))
    (root / "pytest.ini").write_text("[pytest]\n")
    assert select(root, [], {}).groups == (Group("", (), ()),)


def test_the_paths_of_the_setting(root):
    assert select(root, [], {}, ("tests", "gone", "../out", "-x")).groups == (
        Group("", ("tests",), ("tests",)),
    )


def test_what_does_not_exist_is_missing_unless_it_is_unsaved(root):
    selected = select(root, ["tests/new.py::t", "tests/gone.py"], {"tests/new.py": ""})

    assert [each.tests for each in selected.groups] == [("tests/new.py::t",)]
    assert selected.missing == ("tests/gone.py",)


@pytest.mark.parametrize(
    ("name", "text", "configures"),
    [
        ("pytest.ini", "", True),
        (".pytest.ini", "", True),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", True),
        ("pyproject.toml", "[tool.pytest]\n", True),
        ("pyproject.toml", "[tool.black]\n# [tool.pytest]\n", False),
        ("tox.ini", "[pytest]\n", True),
        ("tox.ini", "[tox]\n", False),
        ("setup.cfg", "[tool:pytest]\n", True),
        ("setup.cfg", "[pytest]\n", False),
        ("setup.cfg", "no ini at all", False),
    ],
)
def test_what_configures_pytest(tmp_path, name, text, configures):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a" / name).write_text(text)

    assert rootdir(tmp_path, "a/b/test_x.py") == ("a" if configures else "")
    assert nested_projects(tmp_path) == (("a",) if configures else ())


@pytest.mark.parametrize(
    "path", ["", "-x", "--pyargs", "/etc/x.py", "../x.py", "a/../../x.py", "a\0b", "-p/x.py"]
)
def test_what_is_not_inside(path):
    assert not is_inside(path)


@given(st.text())
def test_what_is_inside_stays_inside(path):
    import os

    if is_inside(path):
        assert os.path.normpath(os.path.join("/workspace", path)).startswith("/workspace")
        assert not path.startswith("-")
