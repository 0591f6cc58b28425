"""Tier 2: the candidate is served to the interpreter instead of being laid over the project."""

from __future__ import annotations

import os
import py_compile
import signal
import subprocess
import tempfile

import pytest

from heal_lsp.core.model import Candidate, Evidence, TestOutcome, VerdictKind
from heal_lsp.core.text import difference, digest


@pytest.fixture
def ruled(broken):
    """A workspace with a wrong function, on a machine without user namespaces."""
    broken.options["tiers"] = (2,)
    return broken


def _candidate(task, old, new):
    return Candidate(
        digest(task.base), {task.target.path: difference(task.base, task.base.replace(old, new))}
    )


async def test_the_tier_is_found_by_running_it_and_says_why(ruled, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    ruled.options |= {"tiers": (1, 2), "bubblewrap": (str(broken),)}

    isolation = await ruled.bench.isolation()

    assert (isolation.tier, isolation.isolates) == (2, True)
    assert isolation.label == "no network at all, not even localhost; project read-only"
    assert "setting up uid map: Permission denied" in isolation.reason


@pytest.mark.parametrize("landlock", [99, 5])
async def test_a_repair(ruled, landlock):
    ruled.options["landlock"] = landlock
    ruled.policy["allow_ports"] = (5432,)
    task = ruled.task("calc.py", ("test_calc.py::test_add", "test_calc.py::test_more"))
    verifier = ruled.verifier()
    before = {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in ruled.root.iterdir()}

    baseline = await verifier.baseline(task)
    assert baseline.ids(TestOutcome.FAILED) == task.failing
    assert (await verifier.verify(_candidate(task, "a - b", "a * b"))).kind is VerdictKind.FAILED
    assert (
        await verifier.verify(_candidate(task, "a - b", "__import__('os')._exit(0)"))
    ).kind is VerdictKind.CRASHED
    right = _candidate(task, "a - b", "a + b")
    assert (await verifier.verify(right)).passed
    assert (await verifier.verify(_candidate(task, "a - b", "a * b"))).kind is VerdictKind.FAILED
    evidence = await verifier.confirm(right)

    assert isinstance(evidence, Evidence)
    assert "project read-only" in evidence.isolation
    assert (
        "heal.sandbox.allowPorts is set, which this tier cannot give"
        in (await ruled.bench.isolation()).reason
    )
    assert {each: (each.read_bytes(), each.stat().st_mtime_ns) for each in ruled.root.iterdir()} == before
    temporary = verifier._client.box.temporary
    assert os.path.isdir(temporary)
    await verifier.close()
    assert not os.path.exists(temporary)


async def test_unsaved_texts_are_what_runs_and_what_is_shown(ruled):
    """Imports, new modules, assertion rewriting, ``inspect``, plain reading; a compiled form of the old text counts for nothing."""
    ruled.write({"rows.txt": "old", "package/__init__.py": "", "package/part.py": "X = 'old'\n"})
    for each in ("calc.py", "package/part.py"):
        py_compile.compile(str(ruled.root / each), doraise=True)
    ruled.unsaved = {
        "calc.py": "import fresh\n\n\ndef add(a, b):\n    return a + b + fresh.NOTHING\n",
        "fresh.py": "NOTHING = 0\n",
        "package/part.py": "X = 'new'\n",
        "package/late.py": "Y = 'new'\n",
        "rows.txt": "nouveau é",
        "test_calc.py": (
            "import inspect, linecache, pathlib\nimport calc\nfrom package import late, part\n\n\n"
            "def test_all():\n"
            "    assert calc.add(1, 2) == 3\n"
            "    assert (part.X, late.Y) == ('new', 'new')\n"
            "    assert 'NOTHING' in inspect.getsource(calc.add)\n"
            "    assert 'NOTHING' in linecache.getline(calc.__file__, 5)\n"
            "    assert open('rows.txt', encoding='utf-8').read() == 'nouveau é'\n"
            "    assert pathlib.Path('rows.txt').read_bytes().decode() == 'nouveau é'\n\n\n"
            "def test_rewritten():\n    numbers = [1]\n    assert len(numbers) == 2\n"
        ),
    }

    report = await ruled.run()

    found = {each.id: each for each in report.tests}
    assert found["test_calc.py::test_all"].outcome is TestOutcome.PASSED, report.failures
    assert "assert 1 == 2\n +  where 1 = len([1])" in found["test_calc.py::test_rewritten"].failure.message


async def test_each_run_has_a_home_and_temporary_files_of_its_own(ruled):
    ruled.write(
        {
            "test_calc.py": (
                "import os, pathlib, shutil, subprocess, sys, tempfile\n\n\n"
                "def test_writes(tmp_path):\n"
                "    (tmp_path / 'a').write_text('x')\n"
                "    shutil.copy2(tmp_path / 'a', tmp_path / 'b')\n"
                "    shutil.copytree(tmp_path, tempfile.mkdtemp() + '/c')\n"
                "    pathlib.Path.home().joinpath('.cache').mkdir()\n"
                "    assert subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout == b'1\\n'\n"
                "    assert subprocess.run('echo $HOME; ls $TMPDIR', shell=True).returncode == 0\n\n\n"
                "def test_loops():\n"
                "    import asyncio, multiprocessing\n"
                "    asyncio.run(asyncio.sleep(0))\n"
                "    p = multiprocessing.get_context('fork').Process(target=str); p.start(); p.join(5); assert p.exitcode == 0\n"
                "    p = subprocess.Popen(['sleep', '60']); p.kill(); assert p.wait(5) == -9\n"
            )
        }
    )

    report = await ruled.run()

    assert [each.outcome for each in report.tests] == [TestOutcome.PASSED] * 2, report.failures


DENIED = {
    "import socket; socket.socket()": ("localhost", "heal.sandbox.allowPorts"),
    "import socket\ntry: socket.create_connection(('localhost', 1))\nexcept OSError: pass\nassert False": (
        "makes a socket",
    ),
    "open('made', 'w')": ("read-only",),
    "open('calc.py', 'a')": ("calc.py", "read-only"),
    "open('.env')": (".env", "heal.exclude"),
    "open('/tmp/made', 'w')": ("/tmp/made", "outside the project"),
    "import os; os.listdir('/root' if os.getuid() == 0 else '/home')": ("heal.sandbox.readOnlyPaths",),
    "import os; os.chmod('calc.py', 0o777)": ("does not permit", "changes"),
    "import os; os.setsid(); os.setsid()": ("does not permit",),
}


async def test_what_is_denied_is_named(ruled):
    names = {f"test_{number}": words for number, words in enumerate(DENIED.values())}
    source = "\n\n".join(
        f"def test_{number}():\n" + "".join(f"    {line}\n" for line in body.splitlines())
        for number, body in enumerate(DENIED)
    )
    ruled.write({"test_calc.py": source, ".env": "SECRET"})

    report = await ruled.run()

    found = {each.id.partition("::")[2]: each for each in report.tests}
    for name, words in names.items():
        assert found[name].outcome is TestOutcome.DENIED, (name, found[name])
        assert any(each in found[name].failure.message for each in words), found[name].failure.message


async def test_before_signals_could_be_scoped_a_test_signals_only_itself(ruled):
    with subprocess.Popen(["sleep", "60"]) as victim:
        ruled.options["landlock"] = 5
        body = (
            "import os, signal\n\n\ndef test_kill():\n"
            f"    for each in (lambda: os.kill({victim.pid}, 9), lambda: os.killpg({os.getpgid(victim.pid)}, 9), lambda: os.kill(os.getppid(), 9),\n"
            f"                 lambda: os.kill(-1, 9), lambda: signal.pidfd_send_signal(os.pidfd_open({victim.pid}), 9)):\n"
            "        try: each()\n        except OSError: continue\n        assert False\n"
            "    os.kill(os.getpid(), 0); os.killpg(0, 0)\n"
        )
        ruled.write({"test_calc.py": body})
        report = await ruled.run()
        still = victim.poll()
        victim.send_signal(signal.SIGKILL)

    assert still is None
    assert [each.outcome for each in report.tests] == [TestOutcome.PASSED], report.failures


async def test_a_landlock_that_is_too_old_is_no_sandbox(ruled, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    ruled.options["landlock"] = 2

    isolation = await ruled.bench.isolation()

    assert isolation.tier == 0
    assert "the kernel has only version 2 of Landlock, and version 3 is needed" in isolation.reason
    assert os.listdir(tmp_path / "temporary") == []


async def test_whoever_is_killed_leaves_no_folder(ruled):
    """The worker removes it when the engine's end of the pipe closes without a word."""
    verifier = ruled.verifier()
    await verifier.baseline(ruled.task("calc.py", ("test_calc.py::test_add",)))
    client = verifier._client
    client._process.stdin.close()
    await client._process.wait()

    assert not os.path.exists(client.box.temporary)
