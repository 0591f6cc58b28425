import pytest
from backup.cli import main, parser


@pytest.mark.parametrize("keep", [1, 2, 11, 12])
def test_numbers(tmp_path, keep):
    for number in range(10, 22):
        (tmp_path / f"b-{number}").touch()
    assert main([str(tmp_path), "--keep", str(keep), "--prefix", "b-"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"b-{number}" for number in range(22 - keep, 22)
    ]


def test_types():
    assert parser().parse_args(["x"]).keep == 3
    assert parser().parse_args(["x", "--keep", "7"]).keep == 7


@pytest.mark.parametrize("text", ["many", "1.5", ""])
def test_no_number(tmp_path, text, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), "--keep", text])
    assert stop.value.code == 2
    assert "--keep" in capsys.readouterr().err


def test_negative(tmp_path):
    (tmp_path / "a").touch()
    assert main([str(tmp_path), "--keep=-1"]) == 2
    assert (tmp_path / "a").exists()
