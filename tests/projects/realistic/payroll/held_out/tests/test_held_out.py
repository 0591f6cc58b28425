import codecs

import pytest
from payroll.reader import BadTable, read_employees


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("header", ["name,hours,rate", "rate,name,hours", "hours,rate,name"])
def test_any_order_of_columns(tmp_path, mark, header):
    row = {"name": "Łukasz Müller", "hours": "40", "rate": "12.50"}
    cells = ",".join(row[column] for column in header.split(","))
    path = tmp_path / "t.csv"
    path.write_bytes(mark + f"{header}\n{cells}\n".encode())
    (employee,) = read_employees(path)
    assert employee.name == "Łukasz Müller"
    assert employee.pay == 500


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_still_refuses_a_table_without_a_column(tmp_path, mark):
    path = tmp_path / "t.csv"
    path.write_bytes(mark + b"surname,hours,rate\nA,1,2\n")
    with pytest.raises(BadTable, match="name"):
        read_employees(path)


def test_a_mark_within_the_table_stays(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("name,hours,rate\nA\ufeffB,1,2\n".encode())
    assert read_employees(path)[0].name == "A\ufeffB"
