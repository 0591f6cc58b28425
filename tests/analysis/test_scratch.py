"""Folders of processes that were killed do not pile up, and those of living ones stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heal_lsp.analysis.scratch import own_folder

PROCESS = (
    "import sys, time\nfrom pathlib import Path\nfrom heal_lsp.analysis.scratch import own_folder\n"
    "made = own_folder('ours-', Path(sys.argv[1]))\nprint(made.name, flush=True)\ntime.sleep(60)\n"
)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock to tell it by")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        try:
            (theirs / "pickle").write_text("x")
            (tmp_path / "others-1").mkdir()
            elsewhere = tmp_path / "elsewhere"
            elsewhere.mkdir()
            (tmp_path / "ours-link").symlink_to(elsewhere)
            (tmp_path / "ours-starting").mkdir()
            old = tmp_path / "ours-old"
            old.mkdir()
            os.utime(old, (1, 1))
            own = own_folder("ours-", tmp_path)
            assert (theirs / "pickle").exists()
            assert not old.exists()
        finally:
            process.send_signal(signal.SIGKILL)
        process.wait()
    assert theirs.exists()
    own.cleanup()
    with own_folder("ours-", tmp_path) as again:
        names = {"others-1", "elsewhere", "ours-link", "ours-starting", Path(again).name}
        assert {each.name for each in tmp_path.iterdir()} == names
        assert os.stat(again).st_mode & 0o077 == 0
