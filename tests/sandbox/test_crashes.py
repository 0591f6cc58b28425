"""Code that ends, blocks or floods its process: in the original, and in a candidate."""

from __future__ import annotations

import os
import signal
import tempfile
import time

import pytest

from heal_lsp.core.model import Candidate, TestOutcome, VerdictKind
from heal_lsp.core.text import difference, digest

TESTS = (
    "from calc import add\n\n\ndef test_before():\n    pass\n\n\n"
    "def test_add():\n    assert add(1, 2) == 3\n\n\ndef test_after():\n    pass\n"
)
DEADLOCK = "import threading\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()"
THREAD = (
    "import threading\n    gate = threading.Event()\n    threads = [threading.Thread(target=gate.wait)]\n"
    "    threads[0].start()\n    threads[0].join()"
)
STUBBORN = "while True:\n        try:\n            while True: pass\n        except BaseException: pass"
CRASHES = {
    "os._exit": ("import os\n    os._exit(0)", "exit code 0"),
    "os._exit with a code": ("import os\n    os._exit(7)", "exit code 7"),
    "os.abort": ("import os\n    os.abort()", "SIGABRT"),
    "SIGKILL of itself": ("import os\n    os.kill(os.getpid(), 9)", "SIGKILL"),
    "SIGKILL of its group": ("import os\n    os.killpg(0, 9)", "SIGKILL"),
    "a fault": ("import ctypes\n    ctypes.string_at(0)", "SIGSEGV"),
    "a fork bomb": (
        "import os\n    while True:\n        try: os.fork()\n        except OSError: pass",
        "processes",
    ),
}
HANGS = {
    "an endless loop": "while True: pass",
    "a loop that catches everything": STUBBORN,
    "a sleep": "import time\n    time.sleep(1000)",
    "a deadlocked lock": DEADLOCK,
    "a deadlocked thread": THREAD,
}
FAILS = {
    "sys.exit": ("import sys\n    sys.exit(0)", "SystemExit"),
    "endless recursion": ("return add(a, b)", "RecursionError"),
    "100 MB on stdout": ("import os\n    for _ in range(100): os.write(1, b'x' * 10**6)", "AssertionError"),
    "100 MB printed": ("for _ in range(100): print('x' * 10**6)", "AssertionError"),
    "a daemon left behind": (
        "import os, time\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: time.sleep(300)\n"
        "        os._exit(0)",
        "AssertionError",
    ),
}


def source(body: str) -> str:
    return f"def add(a, b):\n    {body}\n"


@pytest.fixture
def crashing(project):
    project.policy["seconds"] = 6.0
    return project.write({"calc.py": "def add(a, b):\n    return a - b\n", "test_calc.py": TESTS})


@pytest.mark.parametrize("case", CRASHES)
async def test_the_original_ends_its_process(crashing, case):
    body, words = CRASHES[case]
    crashing.write({"calc.py": source(body)})

    report = await crashing.run(seconds=20.0)

    found = {each.id.partition("::")[2]: each for each in report.tests}
    assert found["test_before"].outcome is TestOutcome.PASSED
    assert found["test_add"].outcome is TestOutcome.FAILED
    failure = found["test_add"].failure
    assert failure.exception == (
        "Timeout" if case == "a fork bomb" and "running" in failure.message else "Crash"
    )
    assert words in failure.message or case == "a fork bomb"
    assert (failure.path, failure.line) == ("test_calc.py", 8)
    assert found["test_after"].outcome is TestOutcome.PASSED
    assert report.finished


@pytest.mark.parametrize("case", HANGS)
async def test_the_original_hangs(crashing, case):
    crashing.write({"calc.py": source(HANGS[case])})

    began = time.monotonic()
    report = await crashing.run(seconds=6.0)

    assert time.monotonic() - began < 20
    found = {each.id.partition("::")[2]: each for each in report.tests}
    assert found["test_add"].failure.exception == "Timeout"
    assert found["test_after"].outcome is TestOutcome.PASSED


@pytest.mark.parametrize("case", FAILS)
async def test_the_original_fails_plainly(crashing, case):
    body, exception = FAILS[case]
    crashing.write({"calc.py": source(body)})

    report = await crashing.run()

    found = {each.id.partition("::")[2]: each for each in report.tests}
    assert found["test_add"].failure.exception == exception
    assert found["test_after"].outcome is TestOutcome.PASSED


async def test_too_much_memory_is_denied_and_names_the_setting(crashing):
    crashing.write({"calc.py": source("return bytearray(4 << 30)")})

    report = await crashing.run()

    [failure] = report.failures
    assert {each.outcome for each in report.tests} == {TestOutcome.PASSED, TestOutcome.DENIED}
    assert "heal.sandbox.memoryMb" in failure.message


@pytest.mark.parametrize("tier", [1, 2])
async def test_candidates_that_do_all_of_this_are_refused_and_the_next_one_heals(crashing, tier):
    crashing.options["tiers"] = (tier,)
    task = crashing.task("calc.py", ("test_calc.py::test_add",))
    verifier = crashing.verifier()
    await verifier.baseline(task)

    def candidate(text):
        return Candidate(digest(task.base), {"calc.py": difference(task.base, text)})

    for case, (body, words) in CRASHES.items():
        verdict = await verifier.verify(candidate(source(body)))
        expected = {VerdictKind.CRASHED, VerdictKind.TIMED_OUT} if "bomb" in case else {VerdictKind.CRASHED}
        assert verdict.kind in expected, case
        assert words in verdict.reason or "bomb" in case, case
    for case, body in HANGS.items():
        began = time.monotonic()
        assert (await verifier.verify(candidate(source(body)))).kind is VerdictKind.TIMED_OUT, case
        assert time.monotonic() - began < 6.0, case
    for case, (body, exception) in FAILS.items():
        verdict = await verifier.verify(candidate(source(body)))
        assert verdict.kind is VerdictKind.FAILED, case
        assert exception in verdict.reason, case
    assert (await verifier.verify(candidate(source("return bytearray(4 << 30)")))).kind is VerdictKind.DENIED
    at_import = await verifier.verify(candidate("import os\nos._exit(0)\n" + task.base))
    assert at_import.kind is VerdictKind.CRASHED
    hang = await verifier.verify(candidate("while True: pass\n" + task.base))
    assert hang.kind is VerdictKind.TIMED_OUT

    assert (await verifier.verify(candidate(source("return a + b")))).passed
    await verifier.close()
    assert _of(crashing.root) == []


@pytest.mark.parametrize("tier", [1, 2])
async def test_the_worker_itself_cannot_be_killed_from_inside(crashing, tier):
    crashing.options["tiers"] = (tier,)
    task = crashing.task("calc.py", ("test_calc.py::test_add",))
    verifier = crashing.verifier()
    await verifier.baseline(task)
    before = verifier._client._process.pid
    kill = (
        "import os\n    for pid in [1, os.getppid(), *range(os.getppid() - 20, os.getppid()), *range(2, 400)]:\n"
        "        try: os.kill(pid, 9)\n        except OSError: pass"
    )

    verdict = await verifier.verify(
        Candidate(digest(task.base), {"calc.py": difference(task.base, source(kill))})
    )

    assert verdict.kind in (VerdictKind.CRASHED, VerdictKind.FAILED)
    os.kill(os.getpid(), signal.SIGCONT)  # this process is none of those that were reached
    fix = Candidate(digest(task.base), {"calc.py": difference(task.base, source("return a + b"))})
    assert (await verifier.verify(fix)).passed
    assert verifier._client._process.pid == before


FLOODS = {
    "many files": "import os, tempfile\n    folder = tempfile.mkdtemp()\n"
    "    for n in range(2000):\n        with open(f'{folder}/{n}', 'wb') as f: f.write(b'x' * (1 << 20))",
    "folders without permission": "import os, tempfile\n    path = tempfile.mkdtemp()\n"
    "    for n in range(50):\n        path += '/d'\n        os.mkdir(path)\n    os.mkdir(path + '/closed', 0)",
}


@pytest.mark.parametrize("tier", [1, 2])
async def test_what_floods_the_disk_is_ended_and_removed(crashing, tier, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    crashing.options["tiers"] = (tier,)
    crashing.policy["disk_mb"] = 32
    task = crashing.task("calc.py", ("test_calc.py::test_add",))
    verifier = crashing.verifier()
    await verifier.baseline(task)

    def candidate(text):
        return Candidate(digest(task.base), {"calc.py": difference(task.base, text)})

    for case, body in FLOODS.items():
        verdict = await verifier.verify(candidate(source(body)))
        assert verdict.kind in (VerdictKind.FAILED, VerdictKind.CRASHED, VerdictKind.DENIED), case
    assert (await verifier.verify(candidate(source("return a + b")))).passed
    await verifier.close()

    assert os.listdir(tmp_path / "temporary") == []


def _of(root):
    """Processes that hold the workspace's name in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                if os.fsencode(root) in stream.read():
                    found.append(pid)
        except OSError:
            continue
    return found
