"""Runs the contract of a live verifier in a program that has one thread, as no part of a long test run has for sure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONTRACT = Path(__file__).with_name("contract_live.py")


def test_the_contract_holds_in_a_program_of_its_own(tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:xdist",
            f"--basetemp={tmp_path / 'own'}",
            str(CONTRACT),
        ],
        cwd=CONTRACT.parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
