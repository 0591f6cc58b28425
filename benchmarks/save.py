"""``python -m benchmarks.save``: from saving a file to the diagnostics, and cold pytest on the same tests.

Makes workspaces of several sizes, a tenth of the files test files, and opens each in the real language server (a
process of its own, every setting at its default, ``heal.test.debounceMs`` among them). A file is saved broken and
mended in turn; the time runs from ``textDocument/didSave`` to the ``publishDiagnostics`` that shows it, nothing
subtracted. After each save ``python -m pytest`` runs the tests that the save selected, so that a change of the
machine's load meets both. A pause lies between the two, as between two saves of a person, so that neither competes
with what the server prepares for the next save.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
from lsprotocol import types as lsp

from heal_lsp.cli.editor import Editor
from heal_lsp.config import Settings
from heal_lsp.watch.impact import affected

SIZES = (200, 2_000, 20_000)
MOST_RATIO = 0.5
MOST_GROWTH = 1.2
AREA = 20
"""Files of one package with its tests: two of them are test files."""
AREAS = 25
"""Packages of one folder, so that no folder grows with the workspace beyond what people have."""
SAVED = "group_0/area_1/part_3.py"
PAUSE = 3.0
_PATIENCE = 120.0


@attrs.define
class Measured:
    """What was seen in one workspace."""

    files: int
    tests: int
    first: float = 0.0
    saves: list[float] = attrs.field(factory=list)
    cold: list[float] = attrs.field(factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(self.saves) / statistics.median(self.cold)


def generate(root: Path, files: int) -> None:
    """Write a workspace of so many Python files."""
    (root / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["."]\n'
    )
    for area in range(files // AREA):
        group = f"group_{area // AREAS}"
        package, tests = root / group / f"area_{area}", root / "tests" / group / f"area_{area}"
        package.mkdir(parents=True)
        tests.mkdir(parents=True)
        (package / "__init__.py").write_text('"""A part of the whole."""\n')
        for number in range(AREA - 3):
            (package / f"part_{number}.py").write_text(module(area, number))
        for half in (0, 1):
            (tests / f"test_area_{area}_{half}.py").write_text(test_module(area, half))


def package(area: int) -> str:
    """The dotted name of an area."""
    return f"group_{area // AREAS}.area_{area}"


def module(area: int, number: int) -> str:
    """A module that builds on the one before it."""
    imports = f"from {package(area)}.part_{number - 1} import scale_{number - 1}\n" if number % 6 else ""
    inner = f"scale_{number - 1}(value)" if number % 6 else "value"
    functions = "".join(
        f'\n\ndef helper_{each}(values):\n    """Keeps what is larger than {each}."""\n'
        f"    found = []\n    for value in values:\n        if value > {each}:\n            found.append(value)\n"
        "    return found\n"
        for each in range(4)
    )
    return (
        f'"""Part {number} of area {area}."""\n\nimport json\nimport re\n{imports}\n\n'
        f"def scale_{number}(value):\n    return {inner} + {number}\n{functions}"
    )


def test_module(area: int, half: int) -> str:
    """Tests of every part of an area."""
    parts = range(AREA - 3)
    imports = "".join(
        f"from {package(area)}.part_{each} import helper_{half}, scale_{each}\n" for each in parts
    )
    tests = "".join(
        f"\n\ndef test_scale_{each}():\n    total = sum(range({each // 6 * 6}, {each + 1}))\n"
        f"    assert scale_{each}({half}) == {half} + total\n"
        for each in parts
    )
    return f"{imports}{tests}\n\ndef test_helper():\n    assert helper_{half}([{half}, 9]) == [9]\n"


async def measure(root: Path, files: int, rounds: int) -> Measured:
    """Save in turn a broken and a whole text."""
    tests = affected(root, [SAVED], {})
    found = Measured(files, len(tests))
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    editor = Editor(root, {"interpreter": sys.executable})
    await editor.start()
    try:
        uri = editor.open(SAVED)
        whole = editor.texts[uri]
        for number in range(2 * rounds + 2):
            broken = number % 2 == 0
            text = whole.replace("+ 3", "+ 4") if broken else whole
            began = await saved(editor, uri, text)
            await editor.until(lambda wanted=broken: shows(editor) is wanted, _PATIENCE, "the diagnostics")
            seconds = time.perf_counter() - began
            if number == 0:
                found.first = seconds
            elif number > 1:
                found.saves.append(seconds)
                await asyncio.sleep(PAUSE)
                found.cold.append(await asyncio.to_thread(cold, command, root, broken))
    finally:
        await editor.stop()
    return found


async def saved(editor: Editor, uri: str, text: str) -> float:
    """Type and save; the moment of the save. What is typed is shown as changed first, if a failure is known."""
    editor.type(uri, text)
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    editor.save(uri)
    return began


def shows(editor: Editor) -> bool | None:
    """Whether a failure is shown; None when all that is shown may be out of date."""
    shown = [each for found in editor.diagnostics.values() for each in found]
    fresh = [each for each in shown if each.severity != lsp.DiagnosticSeverity.Hint]
    return True if fresh else None if shown else False


def cold(command: Sequence[str], root: Path, broken: bool) -> float:
    """Seconds of a pytest process."""
    began = time.perf_counter()
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if ran.returncode != int(broken):
        sys.exit(f"pytest ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    return seconds


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and the slowest."""
    return f"median {statistics.median(seconds) * 1000:6.0f} ms   slowest {max(seconds) * 1000:6.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=10, help="each saves a broken and a whole text")
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    wait = Settings().test_debounce_ms
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}, debounce {wait} ms included"
    )
    results = []
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {f"XDG_{each}_HOME": f"{home}/{each.lower()}" for each in ("CACHE", "CONFIG", "STATE")}
        for files in options.sizes:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(os.path.realpath(folder))
                generate(root, files)
                results.append(found := asyncio.run(measure(root, files, options.rounds)))
            print(f"\n{files} files, {files // 10} test files, {found.tests} of them selected")
            print(f"  first save after opening   {found.first * 1000:6.0f} ms")
            print(f"  save to diagnostics  {milliseconds(found.saves)}")
            print(f"  cold pytest          {milliseconds(found.cold)}")
            print(f"  ratio {found.ratio:.2f} (at most {MOST_RATIO} is wanted)", flush=True)
    growth = statistics.median(results[-1].saves) / statistics.median(results[0].saves)
    print(f"\nfrom {results[0].files} to {results[-1].files} files: {growth:.2f} times as long", end="")
    print(f" (at most {MOST_GROWTH} is wanted)")


if __name__ == "__main__":
    main()
