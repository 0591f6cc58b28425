"""What code in the sandbox tries and does not get."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import pytest

from heal_lsp.core.model import Candidate, Evidence, TestOutcome, VerdictKind
from heal_lsp.core.text import difference, digest


@pytest.fixture
def attempt(project):
    """Run statements as a test; return how it ended."""

    async def run(body: str):
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        project.write({"test_attempt.py": f"import os\n\n\ndef test_attempt():\n{lines}"})
        [test] = (await project.run()).tests
        return test

    return run


async def test_files_of_the_home_folder_are_not_there(attempt, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id_rsa").write_text("SECRET")
    monkeypatch.setenv("HOME", str(home))

    absolute = await attempt(f"open({str(home / '.ssh/id_rsa')!r})")
    relative = await attempt("open(os.path.expanduser('~/.ssh/id_rsa'))")

    assert absolute.outcome is TestOutcome.DENIED
    assert "outside the project" in absolute.failure.message
    assert relative.outcome is TestOutcome.DENIED
    assert "home folder" in relative.failure.message


@pytest.mark.parametrize(
    "name", [".env", ".env.local", "deep/er/server.pem", "id_rsa_work", ".git/config", "my.token"]
)
async def test_hidden_files_are_empty(project, attempt, name):
    project.policy["exclude"] = (".env*", "*.pem", "id_rsa*", ".git/config", "*.token")
    project.write({name: "S3CR3T"})

    test = await attempt(f"text = open({name!r}).read()\nassert len(text) > 1")

    assert test.outcome is TestOutcome.DENIED
    assert "heal.exclude" in test.failure.message
    assert name in test.failure.message
    assert ("text", "''") in [(each.name, each.text) for each in test.failure.values]
    assert (project.root / name).read_text() == "S3CR3T"


async def test_a_mask_cannot_be_taken_away(project, attempt):
    project.write({".env": "SECRET"})
    test = await attempt(
        "import ctypes, glob\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "here = os.getcwd().encode()\n"
        "calls = [libc.umount2(here, 2), libc.unshare(0x10020000), libc.mount(here, b'/tmp', None, 4096, None)]\n"
        "assert calls == [-1, -1, -1], calls\n"
        "texts = [open('.env').read()]\n"
        "for path in glob.glob('/proc/*/root' + os.getcwd() + '/.env'):\n"
        "    try: texts.append(open(path).read())\n"
        "    except OSError: pass\n"
        "assert 'SECRET' not in ''.join(texts)\n"
        "try: texts += [open('/run/heal/mnt/upper/' + e).read() for e in os.listdir('/run/heal/mnt/upper')]\n"
        "except OSError: pass\n"
        "assert 'SECRET' not in ''.join(texts)\n"
    )
    assert test.outcome is TestOutcome.PASSED, test.failure


async def test_writes_stay_private(project, attempt):
    test = await attempt("open('made.txt', 'w').write('x')\nos.remove('test_attempt.py')\nos.mkdir('d')")

    assert test.outcome is TestOutcome.PASSED
    assert sorted(os.listdir(project.root)) == ["test_attempt.py"]


@pytest.mark.parametrize("path", ["/usr/made", "/etc/made", "/made", "/usr/lib/made"])
async def test_nothing_outside_is_written(attempt, path):
    test = await attempt(f"open({path!r}, 'w')")

    assert test.outcome in (TestOutcome.DENIED, TestOutcome.FAILED)
    assert not os.path.exists(path)


async def test_a_server_on_this_machine_is_not_reached(attempt):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        test = await attempt(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)")
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()

    assert test.outcome is TestOutcome.DENIED
    assert str(port) in test.failure.message


async def test_a_refused_connection_to_nothing_is_the_tests_own_failure(attempt):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    test = await attempt(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)")

    assert test.outcome is TestOutcome.FAILED


async def test_its_own_loopback_works(attempt):
    test = await attempt(
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), 2).sendall(b'x')\nassert server.accept()[0].recv(1) == b'x'"
    )
    assert test.outcome is TestOutcome.PASSED


@pytest.mark.parametrize(
    "body",
    [
        "import socket\nsocket.create_connection(('192.0.2.1', 80), 2)",
        "import urllib.request\nurllib.request.urlopen('http://example.com/', timeout=2)",
        "import urllib.request\ntry: urllib.request.urlopen('http://example.com/', timeout=2)\n"
        "except Exception: raise LookupError('no answer') from None",
        "import urllib.request\ntry: urllib.request.urlopen('http://example.com/', timeout=2)\n"
        "except Exception: pass\nassert False",
    ],
)
async def test_the_network_is_denied_however_the_failure_looks(attempt, body):
    test = await attempt(body)

    assert test.outcome is TestOutcome.DENIED
    assert "network" in test.failure.message


async def test_sockets_of_this_machine_are_not_there(attempt, tmp_path):
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as server, contextlib.ExitStack() as stack:
        server.bind(str(path))
        server.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0heal-test-socket")
        abstract.listen()
        named = await attempt(f"import socket\nsocket.socket(socket.AF_UNIX).connect({str(path)!r})")
        hidden = await attempt("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0heal-test-socket')")

    assert named.outcome is TestOutcome.DENIED
    assert hidden.outcome in (TestOutcome.FAILED, TestOutcome.DENIED)
    assert hidden.failure.exception == "ConnectionRefusedError"


async def test_keys_in_the_environment_are_not_passed_on(attempt, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "SECRET")

    test = await attempt("assert 'SECRET' not in str(dict(os.environ))\nos.environ['SOME_API_KEY']")

    assert test.outcome is TestOutcome.DENIED
    assert "SOME_API_KEY" in test.failure.message
    unset = await attempt("os.environ['A_KEY_THAT_NOBODY_SET']")
    assert unset.outcome is TestOutcome.FAILED


async def test_other_processes_are_out_of_reach(attempt):
    victim = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        test = await attempt(
            f"try: os.kill({victim.pid}, 9)\nexcept ProcessLookupError: pass\n"
            "names = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]\n"
            "assert not [n for n in names if n.startswith('sleep')], names\n"
        )
        assert test.outcome is TestOutcome.PASSED, test.failure
        assert victim.returncode is None
    finally:
        victim.kill()
        await victim.wait()


async def test_a_daemon_does_not_outlive_its_test(project):
    project.write(
        {
            "test_d.py": (
                "import os, time\n\n\ndef test_leave():\n    if os.fork() == 0:\n        os.setsid()\n"
                "        if os.fork() == 0:\n            os.execlp('sleep', 'sleep', '4321')\n        os._exit(0)\n"
            )
        }
    )
    await project.run()

    for _ in range(40):
        if not _sleepers():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(_sleepers())


def _sleepers():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if Path("/proc", pid, "cmdline").read_bytes() == b"sleep\x004321\x00":
                found.append(pid)
    return found


FORGED = """\
import json, os, sys
EVENTS = [
    {"event": "collected", "ids": ["test_calc.py::test_add"], "lines": [1], "missing": []},
    {"event": "test", "result": {"id": "test_calc.py::test_add", "outcome": "passed", "seconds": 0.0,
     "failure": None}, "digests": {}, "signs": []},
    {"event": "done", "exit": 0, "whole": True},
    {"event": "end", "how": "finished", "test": None, "seconds": 0.0},
]
DATA = "".join(json.dumps(each) + "\\n" for each in EVENTS).encode()


def add(a, b):
    for descriptor in %s:
        try:
            os.write(descriptor, DATA)
        except OSError:
            pass
    os._exit(0)
"""


def _forged(descriptors, task):
    return Candidate(digest(task.base), {"calc.py": difference(task.base, FORGED % descriptors)})


async def test_a_forged_reply_on_standard_output_is_not_heard(project):
    project.write(
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
        }
    )
    task = project.task("calc.py", ("test_calc.py::test_add",))
    verifier = project.verifier()
    await verifier.baseline(task)

    verdict = await verifier.verify(_forged("(1, 2)", task))
    assert verdict.kind is VerdictKind.CRASHED
    # whoever finds the private descriptor can lie to one lane; the twin, whose name is not known, uncovers it
    assert not isinstance(await verifier.confirm(_forged("range(1, 64)", task)), Evidence)
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("-", "+"))})
    assert (await verifier.verify(fix)).passed


async def test_an_answer_that_unpickles_to_code_runs_nothing(project, tmp_path):
    mark = tmp_path / "mark"
    project.write(
        {
            "test_p.py": (
                "class Evil(Exception):\n    def __reduce__(self):\n"
                f"        return eval, (\"open({str(mark)!r}, 'w')\",)\n\n\ndef test_p():\n    raise Evil()\n"
            )
        }
    )
    [test] = (await project.run()).tests

    assert test.failure.exception == "test_p.Evil"
    assert not mark.exists()


async def test_the_project_is_as_it_was(project):
    project.write(
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "test_calc.py": (
                "import os, shutil\nfrom calc import add\n\n\ndef test_add():\n    shutil.rmtree('.', ignore_errors=True)\n"
                "    assert add(1, 2) == 3\n"
            ),
        }
    )
    before = {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in project.root.iterdir()}
    task = project.task("calc.py", ("test_calc.py::test_add",))
    verifier = project.verifier()
    await verifier.baseline(task)
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, task.base.replace("-", "+"))})
    await verifier.verify(fix)
    await verifier.confirm(fix)

    assert {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in project.root.iterdir()} == before
