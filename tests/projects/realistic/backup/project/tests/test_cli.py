import pytest

from backup.cli import main


@pytest.fixture
def folder(tmp_path):
    for day in range(1, 6):
        (tmp_path / f"db-2024-01-0{day}").touch()
    return tmp_path


def left(folder):
    return sorted(path.name[-1] for path in folder.iterdir())


def test_default(folder, capsys):
    assert main([str(folder)]) == 0
    assert left(folder) == ["3", "4", "5"]
    assert capsys.readouterr().out == "removed db-2024-01-02\nremoved db-2024-01-01\n"


def test_dry_run(folder, capsys):
    assert main([str(folder), "--dry-run"]) == 0
    assert len(left(folder)) == 5
    assert "would remove db-2024-01-01" in capsys.readouterr().out


def test_keep(folder):
    assert main(["--keep", "1", str(folder)]) == 0
    assert left(folder) == ["5"]


def test_keep_nothing(folder, capsys):
    assert main(["--keep=0", str(folder)]) == 2
    assert "at least one" in capsys.readouterr().err
    assert len(left(folder)) == 5


def test_no_folder(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 2
    assert "no folder" in capsys.readouterr().err
