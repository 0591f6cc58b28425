"""What ``heal-lsp env`` prints makes any pytest report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from heal_lsp.watch.environment import PLUGIN, SHELLS, install_plugin, shell_exports, terminal_environment

NASTY = {
    "A": "plain",
    "B": "it's \"quoted\" $HOME `id` $(id) \\ \\' !! %PATH% & ; | < > * ?",
    "C": "two\nlines",
    "D": "",
    "E": "ü 🐍 \u2019; Write-Output x \u2018",
    "F": "-n",
    "G": "trailing\\",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "report.py"
    path.write_text("LOADED = True\n")
    return path


class TestInstall:
    def test_the_plugin_is_copied_under_its_name(self, tmp_path: Path, source: Path) -> None:
        path = install_plugin(source, tmp_path / "a" / "inject")
        assert path == tmp_path / "a" / "inject" / f"{PLUGIN}.py"
        assert path.read_bytes() == source.read_bytes()
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    def test_it_is_refreshed_only_when_it_differs(self, tmp_path: Path, source: Path) -> None:
        path = install_plugin(source, tmp_path / "inject")
        before = path.stat().st_ino, path.stat().st_mtime_ns
        install_plugin(source, tmp_path / "inject")
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == before
        source.write_text("LOADED = 2\n")
        install_plugin(source, tmp_path / "inject")
        assert path.read_text() == "LOADED = 2\n"

    def test_a_link_in_its_place_is_replaced_and_not_followed(self, tmp_path: Path, source: Path) -> None:
        (tmp_path / "inject").mkdir()
        victim = tmp_path / "victim"
        victim.write_text("mine")
        (tmp_path / "inject" / f"{PLUGIN}.py").symlink_to(victim)
        path = install_plugin(source, tmp_path / "inject")
        assert victim.read_text() == "mine"
        assert not path.is_symlink()

    def test_a_linked_folder_is_refused(self, tmp_path: Path, source: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "inject").symlink_to(tmp_path / "real")
        with pytest.raises(PermissionError, match="link"):
            install_plugin(source, tmp_path / "inject")

    @pytest.mark.skipif(
        not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder to another user"
    )
    def test_a_foreign_folder_is_refused(self, tmp_path: Path, source: Path) -> None:
        (tmp_path / "inject").mkdir()
        os.chown(tmp_path / "inject", 12345, 12345)
        with pytest.raises(PermissionError, match="another user"):
            install_plugin(source, tmp_path / "inject")

    def test_a_folder_that_cannot_stand_on_a_path_is_refused(self, tmp_path: Path, source: Path) -> None:
        with pytest.raises(OSError, match="PYTHONPATH"):
            install_plugin(source, tmp_path / f"in{os.pathsep}ject")


class TestVariables:
    ROOT, INJECT, REPORTS = Path("/ws"), Path("/cache/inject"), Path("/cache/reports")

    def variables(self, **base: str) -> dict[str, str]:
        return terminal_environment(self.ROOT, self.INJECT, self.REPORTS, base)

    def test_an_empty_environment(self) -> None:
        assert self.variables() == {
            "PYTHONPATH": "/cache/inject",
            "PYTEST_ADDOPTS": "-p heal_lsp_report",
            "HEAL_ROOT": "/ws",
            "HEAL_REPORT_DIR": "/cache/reports",
        }

    def test_what_was_there_is_kept(self) -> None:
        found = self.variables(PYTHONPATH=os.pathsep.join(["/a", "", "/b"]), PYTEST_ADDOPTS="-q -k 'a b'")
        assert found["PYTHONPATH"].split(os.pathsep) == ["/cache/inject", "/a", "", "/b"]
        assert found["PYTEST_ADDOPTS"] == "-q -k 'a b' -p heal_lsp_report"

    @pytest.mark.parametrize("options", ["", "-q", "-p heal_lsp_report -q", "-pheal_lsp_report", "it's"])
    def test_setting_them_twice_changes_nothing(self, options: str) -> None:
        once = self.variables(PYTHONPATH="/a", PYTEST_ADDOPTS=options)
        assert self.variables(**once) == once
        assert once["PYTEST_ADDOPTS"].count("heal_lsp_report") == 1


class TestShells:
    @pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "dash", "ksh"])
    def test_posix_shells_read_it_back(self, shell: str) -> None:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        code = "import os; print(ascii({name: os.environ[name] for name in 'ABCDEFG'}))"
        script = f'eval "$1"; exec "{sys.executable}" -c "{code}"'
        run = subprocess.run(
            [shell, "-c", script, shell, shell_exports(NASTY, shell)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONUTF8": "1"},
        )
        assert run.stdout.strip() == ascii(NASTY), run.stderr

    def test_fish_reads_it_back(self) -> None:
        if shutil.which("fish") is None:
            pytest.skip("fish is not installed")
        script = (
            shell_exports(NASTY, "fish")
            + f"\n{sys.executable} -c 'import os; print(ascii(os.environ[\"B\"]))'"
        )
        run = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True)
        assert run.stdout.strip() == ascii(NASTY["B"])

    def test_fish_and_powershell_quoting(self) -> None:
        assert shell_exports({"A": "it's \\ $x"}, "fish") == "set -gx A 'it\\'s \\\\ $x'"
        assert shell_exports({"A": "it's $x \u2019"}, "powershell") == "$env:A = 'it''s $x \u2019\u2019'"

    def test_an_unknown_shell_is_named_with_the_known_ones(self) -> None:
        with pytest.raises(ValueError, match=r"'csh'.*powershell"):
            shell_exports({}, "csh")

    @pytest.mark.parametrize("shell", SHELLS)
    def test_a_name_that_is_none_is_refused(self, shell: str) -> None:
        with pytest.raises(ValueError, match="name"):
            shell_exports({"A=1; id": "x"}, shell)


def test_a_pytest_of_the_terminal_loads_the_plugin(tmp_path: Path, source: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_it.py").write_text(
        "import os, sys\n\ndef test_it():\n    assert sys.modules['heal_lsp_report'].LOADED\n"
        f"    assert os.environ['HEAL_ROOT'] == {str(project)!r}\n"
    )
    inject = tmp_path / "inject"
    install_plugin(source, inject)
    base = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env=base | terminal_environment(project, inject, tmp_path / "reports", base),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
