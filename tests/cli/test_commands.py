"""The commands as a person runs them: what they print, and the status they end with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from heal_lsp.cli import group

PROJECT = Path(__file__).parents[1] / "projects" / "gcd"


@pytest.fixture
def heal(tmp_path: Path):
    """Runs a command in the test's own folders."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HEAL_", "PYTEST"))}
    environment |= {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }

    def run(
        *arguments: str, cwd: Path = tmp_path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [sys.executable, "-m", "heal_lsp", *arguments],
            cwd=cwd,
            env=environment | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT, tmp_path / "project")
    return tmp_path / "project"


def test_heal_shows_the_change_and_writes_nothing(heal, project):
    before = (project / "gcd.py").read_bytes()
    ran = heal("heal", "-C", str(project))
    assert ran.returncode == 0, ran.stderr
    assert "+    return gcd(b, a % b)" in ran.stdout
    assert "now pass" in ran.stdout
    assert (project / "gcd.py").read_bytes() == before


def test_heal_apply_writes_and_then_nothing_fails(heal, project):
    ran = heal("heal", "-C", str(project), "--apply", "test_gcd.py")
    assert ran.returncode == 0, ran.stderr
    assert "gcd(b, a % b)" in (project / "gcd.py").read_text()
    again = heal("heal", "-C", str(project))
    assert again.returncode == 0
    assert "there is nothing to heal" in again.stdout


def test_run_passes_on_what_a_script_prints(heal, project):
    (project / "hello.py").write_text("import sys\nprint('hello', sys.argv[1:])\n")
    ran = heal("run", str(project / "hello.py"), "a", "--b")
    assert (ran.returncode, ran.stdout) == (0, "hello ['a', '--b']\n")


def test_run_reports_an_uncaught_exception(heal, project, tmp_path):
    (project / "broken.py").write_text("def f(d):\n    return d['x']\n\n\nf({})\n")
    ran = heal("run", str(project / "broken.py"))
    assert ran.returncode == 1
    assert "broken.py:2: KeyError: 'x'" in ran.stderr
    assert "suspected: `f`" in ran.stderr
    assert list((tmp_path / "cache").rglob("reports/*.json"))


def test_run_reports_a_syntax_error(heal, project):
    (project / "broken.py").write_text("x = 1\ndef f(:\n")
    ran = heal("run", str(project / "broken.py"))
    assert ran.returncode == 1
    assert "broken.py:2: SyntaxError" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command"),
        (["run", "absent.py"], "does not exist"),
        (["heal", "absent.py"], "is no file or folder inside"),
        (["heal", "--", "--collect-only"], "is no file or folder inside"),
        (["serve", "--tcp", "8.8.8.8:1"], "not a loopback address"),
        (["serve", "--tcp", "nowhere"], "--tcp takes HOST:PORT"),
        (["bench", "--suite", "absent.jsonl"], "absent.jsonl"),
        (["trust", "absent"], "does not exist"),
    ],
)
def test_bad_input_is_one_sentence(heal, arguments, said):
    ran = heal(*arguments)
    assert ran.returncode != 0
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) <= 5


def test_a_folder_without_tests_says_so(heal, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    ran = heal("heal", "-C", str(folder))
    assert ran.returncode == 2
    assert "test" in ran.stderr.lower()


def test_doctor_and_trust(heal, project):
    ran = heal("doctor", str(project))
    for word in ("interpreter", "pytest", "sandbox", "trusted", "cache", "heal.onSave"):
        assert word in ran.stdout
    assert "no (heal-lsp trust" in ran.stdout
    assert heal("trust", str(project)).returncode == 0
    assert "yes" in next(
        line for line in heal("doctor", str(project)).stdout.splitlines() if "trusted" in line
    )


def test_doctor_names_what_the_sandbox_is_opened_for_in_vain(heal, project):
    given = {
        "HEAL_SANDBOX_ENV": "NEVER_SET_ANYWHERE",
        "HEAL_SANDBOX_READ_ONLY_PATHS": "/nowhere/at/all",
        "HEAL_SANDBOX_NETWORK": "true",
    }
    said = heal("doctor", str(project), env=given).stdout
    assert "NEVER_SET_ANYWHERE, which is not set here" in said
    assert "/nowhere/at/all, which does not exist" in said
    assert "WHOLE NETWORK IS OPEN" in said


def test_the_environment_of_a_terminal(heal, project):
    ran = heal("env", cwd=project)
    assert "HEAL_REPORT_DIR" in ran.stdout
    assert "-p heal_lsp_report" in ran.stdout


def test_the_demo_heals(heal):
    ran = heal("demo", "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "+    for price in prices" in ran.stdout
    assert "2 failing tests now pass" in ran.stdout


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-3", "0", "soon"])
@pytest.mark.parametrize("command", [("heal",), ("bench", "--suite", "none.jsonl")])
def test_what_is_no_number_of_seconds_is_refused(command, seconds):
    ran = CliRunner().invoke(group, [*command, "--seconds", seconds])
    assert ran.exit_code == 2
    assert "Invalid value for '--seconds'" in ran.output
    assert seconds in ran.output


def test_run_as_a_module_it_imports_nothing_from_the_current_folder(heal, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in ("attrs", "click", "cattrs", "lsprotocol"):
        (folder / f"{name}.py").write_text("open('ran', 'w')\n")
    ran = heal("--version", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert not (folder / "ran").exists()
