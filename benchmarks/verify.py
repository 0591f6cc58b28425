"""``python -m benchmarks.verify``: what a candidate costs in the verify lane, and cold pytest in the same sandbox.

Three workspaces: a trivial one, one whose conftest imports numpy and pandas, one whose target does. Every
tenth candidate is run cold as well, with the same plugins, so that a change of the machine's load meets
both. Needs numpy and pandas: ``pip install heal-lsp[bench]``.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from benchmarks.workspaces import Workspace, right, wrong
from heal_lsp.core.model import Candidate, VerdictKind
from heal_lsp.verifier.verdicts import judge
from heal_lsp.verifier.verifier import SandboxVerifier

LIBRARIES = "import numpy\nimport pandas\n"
WORKSPACES = {  # by name: the conftest, the target's imports, how much faster than cold it has to be
    "trivial": ("", "", 8),
    "conftest imports numpy and pandas": (LIBRARIES, "", 15),
    "target imports numpy and pandas": ("", LIBRARIES, 15),
}
EVERY = 10


@attrs.define
class Measured:
    """What was seen in one workspace."""

    warm: list[float] = attrs.field(factory=list)
    cold: list[float] = attrs.field(factory=list)
    correct: int = 0
    cold_correct: int = 0
    mode: str = ""

    @property
    def ratio(self) -> float:
        return statistics.median(self.cold) / statistics.median(self.warm)


async def cold(verifier: SandboxVerifier, candidate: Candidate) -> bool:
    """Whether a candidate passes the same tests in a pytest process of its own."""
    [lane] = verifier._lanes
    assert verifier._client is not None
    data = verifier._texts.encoded(verifier._texts.changed(candidate))
    tests = (*lane.failing, *lane.kept)
    account = await lane.run_cold(
        verifier._client, tests, data, seconds=60.0, limits=lane.limits(), stop=True
    )
    return judge(account, tests) is None


async def measure(workspace: Workspace, candidates: int) -> Measured:
    """Run right and wrong candidates in turn."""
    workspace.write()
    verifier = workspace.bench().verifier()
    found = Measured()
    try:
        baseline = await verifier.baseline(workspace.task())
        if baseline.obstacle is not None:
            sys.exit(baseline.obstacle.message)
        [lane] = verifier._lanes
        found.mode = lane.mode
        for number in range(candidates):
            good = number % 2 == 0
            candidate = workspace.candidate((right if good else wrong)(number // 2))
            began = time.perf_counter()
            verdict = await verifier.verify(candidate)
            found.warm.append(time.perf_counter() - began)
            found.correct += verdict.kind is (VerdictKind.PASSED if good else VerdictKind.FAILED)
            # right and wrong ones in turn here too
            if number % EVERY == number // EVERY % 2:
                began = time.perf_counter()
                passed = await cold(verifier, candidate)
                found.cold.append(time.perf_counter() - began)
                found.cold_correct += passed is good
    finally:
        await verifier.close()
    return found


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 95th percentile."""
    ranked = sorted(seconds)
    high = ranked[min(len(ranked) - 1, round(0.95 * len(ranked)))]
    return f"median {statistics.median(ranked) * 1000:6.1f} ms   p95 {high * 1000:6.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=200)
    candidates = max(2 * EVERY, parser.parse_args().candidates)
    if any(importlib.util.find_spec(name) is None for name in ("numpy", "pandas")):
        sys.exit("numpy and pandas are not installed here: pip install 'heal-lsp[bench]'")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}")
    for name, (conftest, imports, least) in WORKSPACES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(measure(Workspace(Path(folder), conftest, imports), candidates))
        print(f"\n{name} ({found.mode} session)")
        print(f"  verify lane  {milliseconds(found.warm)}   {found.correct} of {candidates} verdicts right")
        print(f"  cold pytest  {milliseconds(found.cold)}   {found.cold_correct} of {len(found.cold)} right")
        print(f"  {found.ratio:.1f} times as fast (at least {least} is wanted)", flush=True)


if __name__ == "__main__":
    main()
