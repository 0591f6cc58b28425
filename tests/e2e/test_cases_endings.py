"""Code that ends, blocks or floods its process, in the original and in a candidate: healed all the same, or explained.

The engine is the same for every case, so each also shows that the next heal works.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import pytest

from heal_lsp.core.model import ObstacleKind, OutcomeKind, TestOutcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

ENDINGS = {
    "sys.exit": "import sys\n        sys.exit(0)",
    "os._exit": "import os\n        os._exit(0)",
    "os.abort": "import os\n        os.abort()",
    "SIGKILL of itself": "import os\n        os.kill(os.getpid(), 9)",
    "endless recursion": "return level(n)",
    "a stack overflow": "import sys\n        sys.setrecursionlimit(10**7)\n        return repr(Deep())",
    "a 4 GB allocation": "return bytearray(4 << 30)",
    "a fork bomb": "import os\n        while True:\n            try:\n                os.fork()\n"
    "            except OSError:\n                pass",
    "an endless loop": "while «True → True → False»:\n            pass",
    "a deadlocked thread": "import threading\n        gate = threading.Lock()\n        gate.acquire()\n"
    "        thread = threading.Thread(target=gate.acquire)\n        thread.start()\n        thread.join()",
    "100 MB on stdout": "import os\n        for _ in range(100):\n            os.write(1, b'x' * 10**6)\n        return 0",
}
HEAD = "class Deep:\n    def __repr__(self):\n        return repr([self])\n\n\n"
IN_ORIGINAL = HEAD + "def level(n):\n    if n «>= → > → >=» 10:\n        {ending}\n    return n + 1\n"
IN_CANDIDATE = HEAD + "def level(n):\n    if n > 10:\n        {ending}\n    return n «- → +» 1\n"
TESTS = (
    "import mod\n\n\ndef test_before():\n    assert mod.level(0) == 1\n\n\n"
    "def test_it():\n    assert mod.level(10) == 11\n\n\ndef test_after():\n    assert mod.level(1) == 2\n"
)


def left(root: str) -> list[str]:
    """Processes that name the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                line = stream.read()
        except OSError:
            continue
        if os.fsencode(root) in line and int(pid) != os.getpid():
            found.append(line.decode("utf-8", "replace"))
    return found


async def none_left(root: str) -> None:
    deadline = time.monotonic() + 5
    while found := left(root):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("ending", ENDINGS)
async def test_in_the_original(small: Any, ending: str) -> None:
    small.settings |= {"test_max_seconds": 6.0, "sandbox_seconds": 4.0}
    small.write({"mod.py": IN_ORIGINAL.replace("{ending}", ENDINGS[ending]), "test_mod.py": TESTS})
    before, began = small.bytes(), time.monotonic()

    reply = await small.run()
    ended = {each.id.partition("::")[2]: each.outcome for each in reply.report.tests}
    assert ended.pop("test_it") is not TestOutcome.PASSED
    assert set(ended.values()) == {TestOutcome.PASSED}
    outcome = await small.repair(*reply.located, at=("mod.py", 7))

    if ending == "a 4 GB allocation":
        assert outcome.obstacle.kind is ObstacleKind.DENIED, outcome.message
        assert "heal.sandbox.memoryMb" in outcome.message + outcome.advice
        assert small.bytes() == before
    else:
        assert outcome.kind is OutcomeKind.HEALED, (outcome.message, outcome.closest)
        small.is_right(before)
    assert time.monotonic() - began < 60
    await none_left(str(small.root))


@pytest.mark.parametrize("ending", ENDINGS)
async def test_in_a_candidate(small: Any, ending: str) -> None:
    small.settings |= {"sandbox_seconds": 4.0}
    small.write({"mod.py": IN_CANDIDATE.replace("{ending}", ENDINGS[ending]), "test_mod.py": TESTS})
    before, began = small.bytes(), time.monotonic()

    outcome = await small.heal()

    assert outcome.kind is OutcomeKind.HEALED, (outcome.message, outcome.closest)
    small.is_right(before)
    assert "`n > 10` → `n >= 10`" in small.tried, "this one runs into it"
    assert time.monotonic() - began < 60
    await none_left(str(small.root))
