"""Everything that ``attacks.py`` tries, in every place and tier, as whoever runs these tests and as another user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _held(found):
    assert (found["obstacle"], found["errors"]) == ("", [])
    assert found["attacks"] >= 100
    assert found["ran"] == 3 * found["attacks"]
    assert found["failed"] == {}
    assert found["damage"] == []


@pytest.mark.parametrize("tier", [1, 2])
async def test_nothing_outside_is_read_written_signalled_or_reached(tier, tmp_path, besieged):
    # the folders above must not be what keeps the attackers out
    found = await besieged.besiege(tmp_path, tier)

    _held(found)


@pytest.mark.parametrize("tier", [1, 2])
def test_nor_by_code_that_an_ordinary_user_runs(tier):
    if os.getuid():
        pytest.skip("this is an ordinary user already")
    with tempfile.TemporaryDirectory(prefix="besieged-") as folder:
        os.chmod(folder, 0o777)
        words = [sys.executable, str(HERE / "as_nobody.py"), folder, str(HERE / "besieged.py"), str(tier)]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=180)
        shutil.rmtree(folder, ignore_errors=True)

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["user"] not in (0, None)
    _held(found)
