"""Which interpreter is the project's, and what is said of one that cannot be used."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from heal_lsp.core.model import ObstacleKind
from heal_lsp.verifier.interpreter import OWN, candidates


@pytest.fixture
def root(tmp_path):
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def environment(folder: Path) -> Path:
    """What looks like an environment from outside."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (folder / "bin/python").symlink_to("/usr/bin/python3")
    return folder


def found(root, setting="", **variables):
    return [
        (each.path, each.origin, each.own) for each in candidates(root, setting, {"PATH": "", **variables})
    ]


def test_the_order(root, tmp_path):
    outside = environment(tmp_path / "outside")
    for name in ("env", ".venv", "tools-env"):
        environment(root / name)

    listed = found(root, "/opt/python", VIRTUAL_ENV=str(environment(root / "active")))

    assert [origin for _, origin, _ in listed] == [
        "heal.interpreter",
        "VIRTUAL_ENV",
        ".venv",
        "env",
        "active",
        "tools-env",
        "VIRTUAL_ENV",
        "heal-lsp's own",
    ]
    assert listed[0][0] == "/opt/python"
    assert [own for *_, own in listed] == [True] * 6 + [False, False]
    assert found(root, VIRTUAL_ENV=str(outside))[-2] == (f"{outside}/bin/python", "VIRTUAL_ENV", False)
    assert listed[-1][0] == OWN == sys.executable


def test_an_active_environment_that_names_the_project_is_its_own(root, tmp_path):
    outside = environment(tmp_path / "virtualenvs/thing-x")
    (outside / ".project").write_text(f"{root}\n")

    assert found(root, VIRTUAL_ENV=str(outside))[0] == (f"{outside}/bin/python", "VIRTUAL_ENV", True)


def test_an_active_conda_environment_comes_after_a_virtual_one(root, tmp_path):
    inside, base = root / "envs/dev", tmp_path / "opt/miniconda"
    for each in (inside, base):
        (each / "conda-meta").mkdir(parents=True)
    environment(root / ".venv")

    assert [each[1] for each in found(root, CONDA_PREFIX=str(inside))][:2] == ["CONDA_PREFIX", ".venv"]
    listed = found(root, CONDA_PREFIX=str(base), VIRTUAL_ENV=str(root / ".venv"))
    assert [each[1:] for each in listed] == [
        ("VIRTUAL_ENV", True),
        (".venv", True),
        ("VIRTUAL_ENV", False),
        ("CONDA_PREFIX", False),
        ("heal-lsp's own", False),
    ]
    assert listed[3][0] == f"{base}/bin/python"


def test_the_environment_that_uv_is_told_of(root, tmp_path):
    environment(root / ".venv")
    environment(tmp_path / "elsewhere")

    for chosen in ("../elsewhere", str(tmp_path / "elsewhere")):
        path, origin, own = found(root, UV_PROJECT_ENVIRONMENT=chosen)[0]
        assert os.path.samefile(os.path.dirname(path), tmp_path / "elsewhere/bin")
        assert (origin, own) == ("UV_PROJECT_ENVIRONMENT", True)
    assert found(root, UV_PROJECT_ENVIRONMENT="gone")[0][1] == ".venv"


def test_a_setting_may_be_relative_or_a_folder(root):
    environment(root / "my env")

    assert found(root, "my env")[0][0] == f"{root}/my env/bin/python"
    assert found(root, "my env/bin/python")[0][0] == f"{root}/my env/bin/python"


def test_conda_and_poetry(root, tmp_path, monkeypatch):
    (root / "conda/conda-meta").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    (root / "pyproject.toml").write_text('[tool.poetry]\nname = "My.App"\n')
    import base64
    import hashlib

    code = base64.urlsafe_b64encode(hashlib.sha256(os.fsencode(os.path.realpath(root))).digest()).decode()[:8]
    folder = environment(tmp_path / f".cache/pypoetry/virtualenvs/my.app-{code}-py3.11")

    assert [each[:2] for each in found(root)[:2]] == [
        (f"{root}/conda/bin/python", "conda"),
        (f"{folder}/bin/python", "poetry"),
    ]


async def test_a_dangling_environment_is_broken_and_not_passed_over(project):
    project.options["interpreter"] = ""
    environment(project.root / ".venv")
    (project.root / ".venv/bin/python").unlink()
    (project.root / ".venv/bin/python").symlink_to("/nowhere/python3")
    project.write({"test_a.py": "def test_a(): pass\n"})

    report = await project.run()

    assert report.obstacle.kind is ObstacleKind.BROKEN_ENVIRONMENT
    assert ".venv" in report.obstacle.message
    assert report.obstacle.hint


async def test_a_setting_that_names_nothing(project):
    project.options["interpreter"] = "/nowhere/python"

    found = await project.bench.interpreter()

    assert found.obstacle.kind is ObstacleKind.BROKEN_ENVIRONMENT
    assert "/nowhere/python" in found.obstacle.message
    assert "heal.interpreter" in found.obstacle.message


async def test_what_is_no_interpreter_is_told_with_its_own_words(project, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'I am no python' >&2\nexit 1\n")
    fake.chmod(0o755)
    project.options["interpreter"] = str(fake)

    found = await project.bench.interpreter()

    assert found.obstacle.kind is ObstacleKind.BROKEN_ENVIRONMENT
    assert "I am no python" in found.obstacle.message


async def test_an_environment_without_pytest_says_how_to_install_it_but_runs_scripts(project):
    project.options["interpreter"] = ""
    venv.create(project.root / ".venv", with_pip=False)
    project.write({"test_a.py": "def test_a(): pass\n", "run.py": "1 / 0\n"})

    report = await project.run()
    baseline = await project.verifier().baseline(project.task("run.py", ("test_a.py::test_a",)))

    for obstacle in (report.obstacle, baseline.obstacle):
        assert obstacle.kind is ObstacleKind.NO_PYTEST
        assert f"{project.root}/.venv/bin/python -m pip install pytest" in obstacle.hint
    script = await project.script("run.py")
    assert [each.exception for each in script.errors] == ["ZeroDivisionError"]


async def test_without_an_environment_one_with_pytest_is_found(project, monkeypatch):
    project.options["interpreter"] = ""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)

    found = await project.bench.interpreter()

    assert found.obstacle is None
    assert found.pytest


async def test_what_was_mended_is_seen_without_a_restart(project):
    project.options["interpreter"] = ""
    environment(project.root / ".venv")
    (project.root / ".venv/bin/python").unlink()
    assert (await project.bench.interpreter()).obstacle.kind is ObstacleKind.BROKEN_ENVIRONMENT

    (project.root / ".venv").rename(project.root / "old")
    (project.root / "old/pyvenv.cfg").unlink()
    assert (await project.bench.interpreter()).obstacle is None

    venv.create(project.root / ".venv", with_pip=False)
    assert (await project.bench.interpreter()).obstacle.kind is ObstacleKind.NO_PYTEST


async def test_a_script_that_leads_to_an_interpreter_is_followed(project, tmp_path):
    # of what lies elsewhere the sandbox shows only what it knows to be needed
    known = (os.path.realpath(sys.executable), "/usr/bin/python3")
    real = next(each for each in known if each.startswith("/usr/"))
    shim = tmp_path / "shims/python3"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    shim.chmod(0o755)
    project.options["interpreter"] = str(shim)

    assert (await project.bench.interpreter()).path == real
    client = await project.bench.worker()
    await client.close()
    assert real in client.box.command
    assert str(shim) not in client.box.command


async def test_packages_that_lie_elsewhere_are_found(project, tmp_path):
    """An editable install leads out of the environment."""
    project.options["interpreter"] = ""
    venv.create(project.root / ".venv", with_pip=False)
    library = tmp_path / "elsewhere/src"
    library.mkdir(parents=True)
    (library / "library_elsewhere.py").write_text("VALUE = 7\n")
    [site] = (project.root / ".venv/lib").glob("python3*/site-packages")
    (site / "library.pth").write_text(f"{library}\nimport sys\n")
    project.write({"run.py": "import library_elsewhere\nassert library_elsewhere.VALUE == 8\n"})

    report = await project.script("run.py")

    assert [each.exception for each in report.errors] == ["AssertionError"]
