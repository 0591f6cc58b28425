"""``python -m benchmarks.screen``: how many candidates a second the screen lane judges, and whether rightly.

Distinct candidates are sent through the verifier's port. The engine and the sandbox share one core. With
``--suite`` the programs of a suite are screened as well, and what passes there is verified: a candidate that
the verify lane refuses would be a mistake of the screen lane, unless the test is flaky.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import CodeType

import attrs

from benchmarks.workspaces import PLAIN
from heal_lsp.analysis import SourceAnalysis
from heal_lsp.bench.project import project_of
from heal_lsp.bench.suite import Record, read_suite
from heal_lsp.config import DEFAULT_EXCLUDE
from heal_lsp.core import rails
from heal_lsp.core.budget import Budget
from heal_lsp.core.memory import Memory
from heal_lsp.core.model import Candidate, Snapshot, Task, TestOutcome, VerdictKind
from heal_lsp.engine.wiring import report_plugin
from heal_lsp.proposers.search import SearchProposer
from heal_lsp.verifier.sandbox import SandboxPolicy
from heal_lsp.verifier.verifier import SandboxVerifier
from heal_lsp.verifier.workbench import Workbench

GCD = "def gcd(a, b):\n    if b == 0:\n        return a\n    return gcd(a % b, b)\n"
QUICKSORT = (
    "def quicksort(arr):\n    if not arr:\n        return []\n    pivot = arr[0]\n"
    "    lesser = quicksort([x for x in arr[1:] if x < pivot])\n"
    "    greater = quicksort([x for x in arr[1:] if x > pivot])\n    return lesser + [pivot] + greater\n"
)
FLATTEN = (
    "def flatten(arr):\n    for x in arr:\n        if isinstance(x, list):\n            for y in flatten(x):\n"
    "                yield y\n        else:\n            yield flatten(x)\n"
)
BITCOUNT = "def bitcount(n):\n    count = 0\n    while n:\n        n ^= n - 1\n        count += 1\n    return count\n"
LARGE = (
    "import collections\nimport dataclasses\nimport functools\nimport json\nimport re\n\n\n"
    + "".join(
        f"def helper_{number}(value, other={number}):\n    if value > other:\n        return value - other\n"
        "    found = [each for each in range(value) if each % 2]\n    return sum(found)\n\n\n"
        for number in range(67)
    )
    + "class Ledger:\n    limit = 3\n\n    def __init__(self, values):\n        self.values = values\n\n"
    "    def total(self):\n        found = 0\n        for each in self.values:\n            found -= each\n"
    "        return found\n\n\ndef middle(values):\n    ordered = sorted(values)\n    return ordered[len(ordered)]\n"
)
PROGRAMS = {  # by name: text, function, tests (calls and what they give), the wanted rate
    "quicksort": (QUICKSORT, "quicksort", {"quicksort([3, 1, 2])": "[1, 2, 3]", "quicksort([3, 3])": "[3, 3]"}, 1500),
    "gcd": (GCD, "gcd", {"gcd(17, 0)": "17", "gcd(35, 21)": "7", "gcd(37, 600)": "1"}, 1500),
    "flatten": (FLATTEN, "flatten", {"list(flatten([[1, [2]], 3]))": "[1, 2, 3]", "list(flatten([]))": "[]"}, 1500),
    "bitcount": (BITCOUNT, "bitcount", {"bitcount(127)": "7", "bitcount(14)": "3", "bitcount(0)": "0"}, 300),
    "function of 490 lines": (LARGE, "middle", {"middle([3, 1, 2])": "2", "helper_3(9)": "6"}, 800),
    "method in 490 lines": (LARGE, "Ledger.total", {"Ledger([1, 2]).total()": "3", "Ledger([]).total()": "0"}, 800),
}  # fmt: skip


def record_of(name: str) -> Record:
    """One of the programs as a record of a suite."""
    text, function, calls, _ = PROGRAMS[name]
    tests = "from program import *\n\n\n" + "\n\n".join(
        f"def test_{number}():\n    assert {call} == {value}\n"
        for number, (call, value) in enumerate(calls.items())
    )
    return Record(name, "program.py", function, {"program.py": text, "test_program.py": tests}, {})


@attrs.frozen
class Subject:
    """A program with its baseline taken, and candidates for it."""

    verifier: SandboxVerifier
    candidates: list[Candidate]


@asynccontextmanager
async def subject_of(record: Record, wanted: int) -> AsyncIterator[Subject]:
    """Take the baseline of a record's program in a folder of its own, and make candidates."""
    with project_of(record) as project:
        policy = SandboxPolicy(exclude=DEFAULT_EXCLUDE, seconds=2.0)
        bench = Workbench(
            project.root,
            policy,
            interpreter=sys.executable,
            report_plugin=report_plugin(),
            test_args=PLAIN,
        )
        snapshot = Snapshot(str(project.root))
        report = await bench.runner().run_tests(snapshot, record.visible_tests, seconds=20.0)
        failing = tuple(each.id for each in report.tests if each.outcome is TestOutcome.FAILED)
        target = SourceAnalysis().target_at(snapshot, record.path, record.line)
        assert target is not None, f"{record.id}: there is no function at line {record.line}"
        first = next(each.failure for each in report.tests if each.failure is not None)
        base = record.files[record.path]
        task = Task(snapshot, first, target, base, failing, record.visible_tests)
        verifier = bench.verifier()
        try:
            baseline = await verifier.baseline(task)
            memory = Memory(task)
            stream = SearchProposer(Budget(attempts=wanted)).propose(task, baseline, memory)
            found = [each async for each in stream if rails.check(each, task) is None]
            yield Subject(verifier, list(itertools.islice(distinct(found, task), wanted)))
        finally:
            await verifier.close()


def distinct(found: list[Candidate], task: Task) -> Iterator[Candidate]:
    """Candidates of different code: those given, then two of them together."""
    path, seen = task.target.path, set[CodeType]()
    for each in itertools.chain(found, _pairs(found, path)):
        try:
            code = compile(each.text(path, task.base), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        if code not in seen:
            seen.add(code)
            yield each


def _pairs(found: list[Candidate], path: str) -> Iterator[Candidate]:
    for one, other in itertools.combinations(found, 2):
        edits = sorted((*one.edits[path], *other.edits[path]), key=lambda each: each.start)
        if all(before.end < after.start for before, after in itertools.pairwise(edits)):
            yield attrs.evolve(one, edits={path: tuple(edits)})


async def rate(name: str, count: int, seconds: float) -> None:
    """Screen the candidates of one of the programs."""
    async with subject_of(record_of(name), count) as subject:
        began = time.perf_counter()
        found = await subject.verifier.screen(subject.candidates, seconds)
        took = time.perf_counter() - began
    kinds = Counter("unsure" if each is None else each.kind.value for each in found)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    print(
        f"{name:22} {len(found) / took:6.0f} a second (wanted: {PROGRAMS[name][3]}), "
        f"{len(found)} of {len(subject.candidates)} in {took:.2f} s: {told}",
        flush=True,
    )


async def agreement(suite: Path, limit: int | None, count: int, passes: int) -> None:
    """Verify what passes the screen lane on the programs of a suite."""
    wrong = verified = programs = 0
    for record in read_suite(suite, limit):
        async with subject_of(record, count) as subject:
            found = await subject.verifier.screen(subject.candidates, 30.0)
            pairs = zip(subject.candidates, found, strict=False)
            passed = [each for each, verdict in pairs if verdict is not None and verdict.passed][:passes]
            refused = []
            for each in passed:
                verdict = await subject.verifier.verify(each)
                if verdict.kind is not VerdictKind.PASSED:
                    refused.append(f"{each.note}: {verdict.reason}")
        programs, verified, wrong = programs + bool(found), verified + len(passed), wrong + len(refused)
        print(
            f"{record.id:40} {len(found)} screened, {len(passed)} passes verified, {len(refused)} refused",
            *refused,
            sep="\n    ",
            flush=True,
        )
    print(f"{programs} programs screened; {verified} passes verified, {wrong} of them refused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=2000, help="for each of the programs")
    parser.add_argument("--suite", type=Path, help="a suite of `heal-lsp bench`, to verify what passes")
    parser.add_argument("--limit", type=int, help="only the first programs of the suite")
    parser.add_argument("--passes", type=int, default=5, help="passes to verify for each of them")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"One core; load of the machine at the start: {os.getloadavg()[0]:.1f}")
    for name in PROGRAMS:
        asyncio.run(rate(name, options.candidates, 120.0))
    if options.suite is not None:
        asyncio.run(agreement(options.suite, options.limit, min(options.candidates, 300), options.passes))


if __name__ == "__main__":
    main()
