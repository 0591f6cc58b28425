"""The analysis port over the texts of a workspace."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping

from heal_lsp.analysis import doctests, normal, spans, testcode
from heal_lsp.analysis.locating import Locator
from heal_lsp.analysis.sources import Parsed, Sources, is_doctest, is_test_code
from heal_lsp.core.localise import ochiai
from heal_lsp.core.model import Failure, Located, Snapshot, Suspect, Target

_FRESH_SECONDS = 1.0
_log = logging.getLogger(__name__)


class SourceAnalysis:
    """Reads source and runs nothing. May be used by several threads; odd input gets an answer, never an
    exception.

    ``size`` is the number of parsed files that are kept.
    """

    def __init__(self, size: int = 256) -> None:
        self._parsed = Parsed(size)
        self._last: tuple[Snapshot, float, Sources] | None = None

    def locate(
        self,
        failure: Failure,
        snapshot: Snapshot,
        coverage: Mapping[str, Mapping[str, tuple[int, ...]]],
        *,
        failing: Collection[str] = (),
    ) -> Located:
        """Find the function at fault.

        ``failing`` names the other tests that are known to fail: as they may fail for another reason, they count
        neither as failing nor as passing. A test of the coverage that is not named is taken to pass.
        """
        suspects = _suspects(failure, coverage, failing)
        try:
            locator = Locator(self._sources(snapshot), failure, coverage, failing, suspects)
            return locator.located()
        except Exception:
            _log.exception("Locating a failure of %s went wrong.", failure.path)
            return Located(failure, None, suspects, f"The failure in {failure.path} could not be followed.")

    def _sources(self, snapshot: Snapshot) -> Sources:
        """Failures of one run come one after another, with the same snapshot: the disk is read once for them."""
        last, now = self._last, time.monotonic()
        if last is None or last[0] is not snapshot or now - last[1] > _FRESH_SECONDS:
            last = self._last = (snapshot, now, Sources(snapshot, self._parsed))
        return last[2]

    def target_at(self, snapshot: Snapshot, path: str, line: int) -> Target | None:
        """The function whose lines hold the line; a module target outside any; None without such a file."""
        sources = Sources(snapshot, self._parsed)
        inside = sources.relative(path)
        module = sources.module(inside) if inside is not None else None
        if module is None:
            return None
        return module.function_at(line) or spans.module_target(module.text, module.path)

    def test_source(self, snapshot: Snapshot, test: str) -> str:
        """The source of a test's function; the empty string when it cannot be found.

        For the examples of a docstring or a text file it is the examples.
        """
        try:
            return _test_source(Sources(snapshot, self._parsed), test)
        except Exception:
            _log.exception("Reading the source of %s went wrong.", test)
            return ""

    def normalised(self, text: str, target: Target) -> str:
        """The target's source without comments, formatting and docstring, for use in a key."""
        try:
            return normal.normalised(text, target)
        except (RecursionError, ValueError):
            return text


def _suspects(
    failure: Failure, coverage: Mapping[str, Mapping[str, tuple[int, ...]]], failing: Collection[str]
) -> tuple[Suspect, ...]:
    if failure.test is None or failure.test not in coverage:
        return ()
    green = [each for each in coverage if each not in {failure.test, *failing}]
    found = ochiai(coverage, [failure.test], green)
    return tuple(each for each in found if not is_test_code(each.path))


def _test_source(sources: Sources, test: str) -> str:
    found = testcode.find(sources, test)
    if found is not None and found.function is not None:
        target = found.module.target_of(found.function)
        return "" if target is None else normal.source_of(found.module.text, target)
    return doctests.source(sources, test) if is_doctest(test) else ""
