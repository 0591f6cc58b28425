"""Where an interpreter's files lie; never the whole of somebody's home."""

from __future__ import annotations

import sys

import pytest

from heal_lsp.verifier.layout import layout_of


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_environment_and_what_it_was_made_from(tmp_path, home):
    base = tmp_path / "pythons/3.12"
    (base / "bin").mkdir(parents=True)
    (base / "bin/python3.12").write_text("")
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(base / "bin/python3.12")
    (folder / "pyvenv.cfg").write_text(f"home = {base}/bin\n")

    layout = layout_of(str(folder / "bin/python"), str(tmp_path / "workspace"))

    assert layout.environment == str(folder)
    assert layout.prefixes == (str(folder), str(base))


def test_an_interpreter_in_the_home_folder_does_not_show_the_home_folder(home):
    (home / "bin").mkdir()
    (home / "bin/python").write_text("")
    (home / "lib/python3.12").mkdir(parents=True)
    (home / ".ssh").mkdir()

    layout = layout_of(str(home / "bin/python"), "/workspace")

    assert layout.prefixes == (str(home / "lib/python3.12"),)


@pytest.mark.parametrize(
    "line", ["/", "/home", "..", "../../../../../..", "import os; os.system('x')", "#/usr", ""]
)
def test_a_pth_file_cannot_show_a_home_or_everything(tmp_path, home, line):
    folder = home / "venv"
    site = folder / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (site / "x.pth").write_text(f"{line}\n")

    editable = layout_of(str(folder / "bin/python"), "/workspace").editable

    assert not {"/", "/home", str(home), str(home.parent)} & set(editable)


def test_editable_installs_of_setuptools(tmp_path, home):
    folder = tmp_path / "venv"
    site = folder / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for name in ("code/pkg", "code/one", "code/two"):
        (tmp_path / name).mkdir(parents=True)
    (site / "__editable___pkg_1_finder.py").write_text(
        f"import sys\nMAPPING: dict[str, str] = {{'pkg': '{tmp_path}/code/pkg', 'gone': '/nowhere'}}\n"
        f"NAMESPACES: dict[str, list[str]] = {{'space': ['{tmp_path}/code/one', '{tmp_path}/code/two']}}\n"
    )
    found = layout_of(str(folder / "bin/python"), "/workspace").editable
    assert found == tuple(f"{tmp_path}/code/{name}" for name in ("pkg", "one", "two"))


def test_a_link_to_nowhere(tmp_path):
    (tmp_path / "python").symlink_to("/nowhere")

    with pytest.raises(OSError, match="nowhere"):
        layout_of(str(tmp_path / "python"), "/workspace")
