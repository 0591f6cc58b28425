"""Spectrum-based fault localisation: which statements, and which function, the failing tests point at."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import attrs

from heal_lsp.core.model import Frame, Suspect, Target, TargetKind

Coverage = Mapping[str, Mapping[str, Iterable[int]]]
"""Executed lines by test id, then by path."""


def ochiai(
    coverage: Coverage,
    failing: Collection[str],
    passing: Collection[str],
    *,
    within: Target | None = None,
) -> tuple[Suspect, ...]:
    """Score each line that a failing test executed, the most suspicious first.

    The score is Ochiai's coefficient as used for fault localisation by Abreu, Zoeteweij and van Gemund ("On
    the Accuracy of Spectrum-based Fault Localization", TAICPART-MUTATION 2007):
    ``failed(line) / sqrt(all failed * (failed(line) + passed(line)))``.
    Tests that the coverage does not know are left out of every count. ``within`` keeps one target's lines
    only.
    """
    hits_failing, known = _hits(coverage, failing, within)
    hits_passing, _ = _hits(coverage, passing, within)
    suspects = [
        Suspect(path, line, count / math.sqrt(known * (count + hits_passing.get((path, line), 0))))
        for (path, line), count in hits_failing.items()
    ]
    return tuple(sorted(suspects, key=lambda each: (-each.score, each.path, each.line)))


@attrs.frozen
class Ranked:
    """A function and how suspicious its most suspicious statement is."""

    target: Target
    score: float
    depth: int
    """Position of its deepest frame in the failure's traceback, outermost first; -1 when it is not there."""
    passing: int
    """How many passing tests executed a statement of its body."""


def suspicious_functions(
    suspects: Iterable[Suspect],
    functions: Iterable[Target],
    *,
    frames: Sequence[Frame] = (),
    coverage: Coverage | None = None,
    passing: Collection[str] = (),
) -> tuple[Ranked, ...]:
    """The functions that hold suspects, the most suspicious first.

    ``functions`` are those that may be repaired: the caller leaves out test files. A statement counts for the
    innermost function whose body holds it. Equal scores are ordered by depth in the traceback, the deepest
    first, then by the number of passing tests that execute the function, the fewest first, then by position.
    """
    by_path: dict[str, list[Target]] = {}
    for each in functions:
        if each.kind is not TargetKind.MODULE:
            by_path.setdefault(each.path, []).append(each)
    scores: dict[Target, float] = {}
    for suspect in suspects:
        if (holder := holding(by_path.get(suspect.path, ()), suspect.line)) is not None:
            scores[holder] = max(scores.get(holder, 0.0), suspect.score)
    depths: dict[Target, int] = {}
    for depth, frame in enumerate(frames):
        if (holder := holding(by_path.get(frame.path, ()), frame.line)) is not None:
            depths[holder] = depth
    reached = _reached(coverage or {}, passing, by_path)
    ranked = [
        Ranked(target, score, depths.get(target, -1), reached.get(target, 0))
        for target, score in scores.items()
    ]
    return tuple(sorted(ranked, key=_order))


def suspicious_function(
    suspects: Iterable[Suspect],
    functions: Iterable[Target],
    *,
    frames: Sequence[Frame] = (),
    coverage: Coverage | None = None,
    passing: Collection[str] = (),
) -> Target | None:
    """The first of :func:`suspicious_functions`, or None when no function holds a suspect."""
    ranked = suspicious_functions(suspects, functions, frames=frames, coverage=coverage, passing=passing)
    return ranked[0].target if ranked else None


def holding(functions: Iterable[Target], line: int) -> Target | None:
    """The innermost function whose body may hold the line.

    The line of a ``def`` runs when the function is defined, so it counts only when the body is on it too.
    """
    inner = [
        each for each in functions if each.line < line <= each.end_line or each.line == line == each.end_line
    ]
    return min(inner, key=lambda each: each.end - each.start, default=None)


def _order(ranked: Ranked) -> tuple[float, int, int, str, int]:
    return (-ranked.score, -ranked.depth, ranked.passing, ranked.target.path, ranked.target.start)


def _hits(
    coverage: Coverage, tests: Collection[str], within: Target | None
) -> tuple[dict[tuple[str, int], int], int]:
    """For each line, how many of the tests executed it; and how many of the tests the coverage knows."""
    hits: dict[tuple[str, int], int] = {}
    known = 0
    for test in dict.fromkeys(tests):
        if (files := coverage.get(test)) is None:
            continue
        known += 1
        for place in _places(files, within):
            hits[place] = hits.get(place, 0) + 1
    return hits, known


def _places(files: Mapping[str, Iterable[int]], within: Target | None) -> Iterator[tuple[str, int]]:
    for path, lines in files.items():
        if within is not None and path != within.path:
            continue
        for line in frozenset(lines):
            if within is None or within.line <= line <= within.end_line:
                yield path, line


def _reached(
    coverage: Coverage, tests: Collection[str], by_path: Mapping[str, Sequence[Target]]
) -> dict[Target, int]:
    reached: dict[Target, int] = {}
    for test in dict.fromkeys(tests):
        touched = {
            holding(by_path[path], line)
            for path, lines in coverage.get(test, {}).items()
            if path in by_path
            for line in lines
        }
        for target in touched:
            if target is not None:
                reached[target] = reached.get(target, 0) + 1
    return reached
