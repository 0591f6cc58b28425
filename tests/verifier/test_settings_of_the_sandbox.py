"""What the person's settings open in the sandbox, and that each denial names the setting that allows it."""

from __future__ import annotations

import socket
import threading

import pytest

from heal_lsp.core.model import TestOutcome


@pytest.fixture
def server():
    """A service of this machine that answers each connection with what it was sent, in capitals."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100).upper())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


CONNECT = """
import socket


def test_said():
    with socket.create_connection(({host!r}, {port}), 2) as connection:
        connection.sendall(b"word")
        assert connection.recv(100) == b"WORD"
"""


async def test_an_allowed_port_is_relayed_and_no_other(project, server):
    with socket.create_server(("127.0.0.1", 0)) as other:
        project.policy["allow_ports"] = (server,)
        project.write(
            {
                "test_name.py": CONNECT.format(host="localhost", port=server),
                "test_number.py": CONNECT.format(host="127.0.0.1", port=server),
                "test_other.py": CONNECT.format(host="127.0.0.1", port=other.getsockname()[1]),
            }
        )
        report = await project.run()

    found = {each.id: each.outcome for each in report.tests}
    assert found == {
        "test_name.py::test_said": TestOutcome.PASSED,
        "test_number.py::test_said": TestOutcome.PASSED,
        "test_other.py::test_said": TestOutcome.DENIED,
    }


async def test_the_network_is_opened_loudly(project, server):
    project.policy["network"] = True
    project.write({"test_n.py": CONNECT.format(host="127.0.0.1", port=server)})

    report = await project.run()

    assert [each.outcome for each in report.tests] == [TestOutcome.PASSED]
    assert "WHOLE NETWORK IS OPEN" in report.isolation


async def test_paths_and_variables_that_are_allowed(project, tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.csv").write_text("1,2")
    (data / ".env").write_text("SECRET")
    single = tmp_path / "single.txt"
    single.write_text("single")
    monkeypatch.setenv("MY_DATABASE", "of mine")
    body = (
        "import os, pytest\n\n\ndef test_reads():\n"
        f"    assert open({str(data / 'rows.csv')!r}).read() == '1,2'\n"
        f"    assert open({str(single)!r}).read() == 'single'\n"
        f"    with pytest.raises(OSError): open({str(data / '.env')!r})\n"
        f"    with pytest.raises(OSError): open({str(data / 'made')!r}, 'w')\n\n\n"
        "def test_variable():\n    assert os.environ['MY_DATABASE'] == 'of mine'\n"
    )
    project.write({"test_p.py": body})
    denied = await project.run()
    assert {each.outcome for each in denied.tests} == {TestOutcome.DENIED}
    words = " ".join(each.message for each in denied.failures)
    assert f'heal.sandbox.readOnlyPaths = ["{data / "rows.csv"}"]' in words
    assert 'heal.sandbox.env = ["MY_DATABASE"]' in words

    project.policy |= {"read_only_paths": (str(data), str(single)), "env": ("MY_DATABASE",)}
    allowed = await project.renewed().run()

    assert [each.outcome for each in allowed.tests] == [TestOutcome.PASSED] * 2, allowed.failures


async def test_a_hang_names_the_setting_that_bounds_it(project):
    project.write({"test_h.py": "import time\n\n\ndef test_h():\n    time.sleep(60)\n"})

    report = await project.run(seconds=3.0)

    assert "heal.test.maxSeconds" in report.failures[0].message
