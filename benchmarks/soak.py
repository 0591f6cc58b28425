"""``python -m benchmarks.soak``: thousands of candidates on one verifier, every twentieth of them vicious.

Those hang, end their process, overflow the stack or take all memory. Printed are the verdicts, the memory
and the descriptors of every process that outlives a candidate at the start and at the end, and how many
candidates a second the first and the last tenth saw. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.workspaces import Workspace, right, wrong
from heal_lsp.core.model import VerdictKind
from heal_lsp.verifier.verifier import SandboxVerifier

EVERY = 20
PASSED, FAILED, CRASHED = VerdictKind.PASSED, VerdictKind.FAILED, VerdictKind.CRASHED
VICIOUS = (  # what stands in the place of the right expression, and the verdicts that are right
    ("[0 for _ in iter(int, 1)]", {VerdictKind.TIMED_OUT}),
    ("__import__('os')._exit(0)", {CRASHED}),
    ("__import__('os').kill(__import__('os').getpid(), 9)", {CRASHED}),
    ("[b'x' * (1 << 20) for _ in iter(int, 1)]", {VerdictKind.DENIED, FAILED}),
    # through C code, where Python's own limit does not count every step; newer versions count these too
    (
        "__import__('sys').setrecursionlimit(10**8) or (f := lambda _: list(map(f, [0])))(0)",
        {CRASHED, FAILED},
    ),
    ("__import__('os').abort()", {CRASHED}),
    ("b'x' * (1 << 40)", {VerdictKind.DENIED, FAILED}),
    ("__import__('os').killpg(0, 9)", {CRASHED}),
)


def expressions(count: int) -> Iterator[tuple[str, set[VerdictKind]]]:
    """Candidates in a fixed order: right and wrong in turn, and every twentieth vicious."""
    for number in range(count):
        if number % EVERY == EVERY // 2:
            text, kinds = VICIOUS[number // EVERY % len(VICIOUS)]
            yield f"({text}, {number})[0]", kinds
        elif number % 2:
            yield wrong(number // 2), {FAILED}
        else:
            yield right(number // 2), {PASSED}


def processes(verifier: SandboxVerifier) -> dict[str, int]:
    """Every process of the tool that outlives a candidate, by what it is."""
    assert verifier._client is not None
    assert verifier._client._process is not None
    found = {"engine side": os.getpid(), "bubblewrap": verifier._client._process.pid}
    for name in ("bubblewrap, inside", "worker", "session's keeper", "session"):
        try:
            children = Path(f"/proc/{list(found.values())[-1]}/task").glob("*/children")
            waiting = [int(each) for file in children for each in file.read_text().split()]
            waiting = [
                each for each in waiting if size(each)[0] != "0.0"
            ]  # it ended, and is not yet collected
        except OSError:
            waiting = []
        if not waiting:
            break
        found[name] = waiting[0]
    return found


def size(process: int) -> tuple[str, str]:
    """Memory in MiB and the number of open descriptors; a question mark for what may not be read."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        memory = f"{pages * os.sysconf('SC_PAGE_SIZE') / (1 << 20):.1f}"
    except OSError:
        memory = "?"
    try:
        return memory, str(len(os.listdir(f"/proc/{process}/fd")))
    except OSError:
        return memory, "?"


async def soak(count: int) -> None:
    """Run the candidates and print what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), "", "")
        workspace.write()
        verifier = workspace.bench(seconds=2.0, memory_mb=512).verifier()
        try:
            baseline = await verifier.baseline(workspace.task())
            if baseline.obstacle is not None:
                sys.exit(baseline.obstacle.message)
            tenth = max(1, count // 10)
            false: Counter[str] = Counter()
            times = [time.perf_counter()]
            before: dict[str, tuple[str, str]] = {}
            began = processes(verifier)
            for number, (expression, kinds) in enumerate(expressions(count)):
                if number == min(100, tenth):
                    before = {name: size(each) for name, each in began.items()}
                verdict = await verifier.verify(workspace.candidate(expression))
                if verdict.kind not in kinds:
                    false[f"{expression.partition('+')[0]}: {verdict.kind.value}, {verdict.reason}"] += 1
                if (number + 1) % tenth == 0:
                    times.append(time.perf_counter())
                    rate = tenth / (times[-1] - times[-2])
                    print(
                        f"{number + 1:6} candidates, {rate:5.1f} a second, {sum(false.values())} false verdicts",
                        flush=True,
                    )
            print(f"{'':20} {'memory, MiB':>18} {'descriptors':>15}")
            for name, each in began.items():
                (memory, descriptors), (memory_after, descriptors_after) = before[name], size(each)
                print(
                    f"{name:20} {memory:>8} -> {memory_after:>6} {descriptors:>6} -> {descriptors_after:>5}"
                )
            print(
                "the same processes as at the start" if processes(verifier) == began else "PROCESSES CHANGED"
            )
            first, last = tenth / (times[1] - times[0]), tenth / (times[-1] - times[-2])
            print(
                f"first tenth {first:.1f} a second, last tenth {last:.1f} ({100 * last / first - 100:+.0f} %)"
            )
            print(f"{count - sum(false.values())} of {count} verdicts right")
            for words, times_seen in false.most_common(10):
                print(f"  {times_seen} x {words}")
        finally:
            await verifier.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=5000)
    asyncio.run(soak(max(20, parser.parse_args().candidates)))


if __name__ == "__main__":
    main()
