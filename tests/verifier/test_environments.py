"""Environments of every sort, and installs that lead out of them: the project is healed in each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from heal_lsp.core.model import TestOutcome

CALC = "def add(a, b):\n    return a - b\n"
TEST = "\n\ndef test_add():\n    assert add(1, 2) == 3\n"
PLAIN = {"calc.py": CALC, "test_calc.py": "from calc import add\n" + TEST}
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def made_by_venv(library, folder: Path) -> None:
    library.environment(folder)


def made_by_virtualenv(library, folder: Path) -> None:
    command = [sys.executable, "-m", "virtualenv", "--quiet", "--no-download", "--without-pip", str(folder)]
    home = {"PYTHONPATH": str(library.base), "VIRTUALENV_OVERRIDE_APP_DATA": str(folder.parent / "app-data")}
    subprocess.run(command, check=True, env={**os.environ, **home})
    shutil.rmtree(folder.parent / "app-data", ignore_errors=True)
    library.furnish(folder)


def made_by_uv(library, folder: Path) -> None:
    """What ``uv venv`` leaves: a link to the interpreter itself, and uv's own keys."""
    real = Path(os.path.realpath(sys.executable))
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / f"python{VERSION}" / "site-packages").mkdir(parents=True)
    (folder / "lib64").symlink_to("lib")
    (folder / "bin/python").symlink_to(real)
    for name in ("python3", f"python{VERSION}"):
        (folder / "bin" / name).symlink_to("python")
    (folder / "pyvenv.cfg").write_text(
        f"home = {real.parent}\nimplementation = CPython\nuv = 0.9.9\nversion_info = {VERSION}.0\n"
        "include-system-site-packages = false\nprompt = project\n"
    )
    (folder / ".gitignore").write_text("*")
    (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    site = folder / "lib" / f"python{VERSION}" / "site-packages"
    (site / "_virtualenv.pth").write_text("import _virtualenv")
    (site / "_virtualenv.py").write_text("")
    library.furnish(folder)


FACTS = "import os, sys, sysconfig; print(os.path.realpath(sys.executable), sysconfig.get_path('stdlib'), sep='\\n')"


def words_of(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")


def whole_interpreter() -> tuple[Path, Path]:
    """An interpreter that works wherever its file is copied, and its standard library."""
    for each in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(each):
            real, standard, *_ = words_of(each, "-c", FACTS)
            if b"libpython3." not in Path(real).read_bytes():
                return Path(real), Path(standard)
    assert os.environ.get("HEAL_SKIP_NOTHING") != "1"
    pytest.skip("every interpreter here needs a libpython at a fixed place; install Debian's python3")


def made_by_conda(library, folder: Path) -> None:
    """A prefix with an interpreter and a standard library of its own, and no pyvenv.cfg."""
    real, standard = whole_interpreter()
    (folder / "bin").mkdir(parents=True)
    (folder / "conda-meta").mkdir()
    (folder / "conda-meta/history").write_text("")
    shutil.copy(real, folder / "bin" / real.name)
    (folder / "bin/python").symlink_to(real.name)
    left_out = (
        "test",
        "tests",
        "idlelib",
        "lib2to3",
        "tkinter",
        "ensurepip",
        "config-*",
        "*-packages",
        "__pycache__",
    )
    shutil.copytree(standard, folder / "lib" / standard.name, ignore=shutil.ignore_patterns(*left_out))
    python = str(folder / "bin/python")
    Path(words_of(python, "-c", "import site; print(site.getsitepackages()[-1])")[0]).mkdir()
    library.furnish(folder)


MADE = {"venv": made_by_venv, "virtualenv": made_by_virtualenv, "uv": made_by_uv, "conda": made_by_conda}


@pytest.mark.parametrize("tool", MADE)
async def test_a_project_is_healed_in_an_environment_of(project, library, tool):
    MADE[tool](library, project.root / ".venv")
    project.options |= {"interpreter": "", "test_args": ()}
    project.write(PLAIN)

    found = await project.bench.interpreter()

    assert found.obstacle is None, found.obstacle
    assert (found.path, found.origin) == (f"{project.root}/.venv/bin/python", ".venv")
    assert found.version
    assert found.pytest
    await project.heals("calc.py", "test_calc.py::test_add")


async def test_a_project_is_healed_without_an_environment(project, monkeypatch):
    """By what is on the PATH if that has pytest, else by what the tool itself runs on."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    project.options["interpreter"] = ""
    project.options["test_args"] = ()
    project.write(PLAIN)

    assert (await project.bench.interpreter()).origin in ("python3 on PATH", "heal-lsp's own")
    await project.heals("calc.py", "test_calc.py::test_add")


# -- editable installs ---------------------------------------------------------------------------------------


def site_of(root: Path) -> Path:
    [site] = (root / ".venv/lib").glob("python3*/site-packages")
    return site


def install(library, root: Path, source: Path) -> None:
    """``pip install -e``, with the setuptools of the library and nothing from the network."""
    command = [sys.executable, "-m", "pip", "--python", str(root / ".venv/bin/python"), "install", "--quiet"]
    command += [
        "--disable-pip-version-check",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "-e",
        str(source),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(library.base)}
    )
    assert done.returncode == 0, done.stderr


SETUP = "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n\n[project]\nname = 'thing'\nversion = '1'\n"
FOLDER = {
    "pyproject.toml": SETUP + "\n[tool.setuptools.packages.find]\nwhere = ['src']\n",
    "src/thing/__init__.py": "",
    "src/thing/calc.py": CALC,
}
"""setuptools writes the folder into a .pth file."""
FINDER = {
    "pyproject.toml": SETUP + "\n[tool.setuptools]\npackages = ['thing', 'space.thing']\n\n"
    "[tool.setuptools.package-dir]\nthing = 'code'\n'space.thing' = 'more'\n",
    "code/__init__.py": "",
    "code/calc.py": CALC,
    "more/__init__.py": "",
}
"""setuptools writes a finder with a table of the folders."""
INSTALLS = {"a .pth file": (FOLDER, "src/thing/calc.py"), "a finder": (FINDER, "code/calc.py")}


@pytest.mark.parametrize("way", INSTALLS)
async def test_the_workspace_itself_is_installed_editable(project, library, way):
    files, target = INSTALLS[way]
    project.options |= {"interpreter": library.environment(project.root / ".venv"), "test_args": ()}
    project.write(files | {"tests/test_calc.py": "from thing.calc import add\n" + TEST})
    install(library, project.root, project.root)

    await project.heals(target, "tests/test_calc.py::test_add")


@pytest.mark.parametrize("way", INSTALLS)
async def test_a_library_elsewhere_is_installed_editable(project, library, tmp_path, way):
    """It is bound read-only, and the project that needs it is healed."""
    files, _ = INSTALLS[way]
    project.options |= {"interpreter": library.environment(project.root / ".venv"), "test_args": ()}
    for path, text in files.items():
        (tmp_path / "elsewhere" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "elsewhere" / path).write_text(text.replace("a - b", "a * b"))
    project.write(
        {
            "calc.py": "from thing.calc import add as times\n\n\ndef add(a, b):\n    return times(a - b, 1)\n",
            "test_calc.py": "from calc import add\n" + TEST + "\n\ndef test_it_is_read_only():\n"
            "    import pytest\n    import thing.calc\n\n    with pytest.raises(OSError):\n        open(thing.calc.__file__, 'a')\n",
        }
    )
    install(library, project.root, tmp_path / "elsewhere")

    evidence = await project.heals("calc.py", "test_calc.py::test_add")

    assert evidence.kept == ("test_calc.py::test_it_is_read_only",)


async def test_an_egg_link_elsewhere(project, library, tmp_path):
    """What ``setup.py develop`` left."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/thing.py").write_text("ONE = 1\n")
    project.options |= {"interpreter": library.environment(project.root / ".venv"), "test_args": ()}
    site = site_of(project.root)
    (site / "thing.egg-link").write_text(f"{tmp_path}/elsewhere\n.")
    (site / "easy-install.pth").write_text(f"{tmp_path}/elsewhere\n")
    project.write({"test_a.py": "import thing\n\n\ndef test_a():\n    assert thing.ONE == 1\n"})

    report = await project.run()

    assert [each.outcome for each in report.tests] == [TestOutcome.PASSED], report
