"""The order in which changes are tried: costs, suspicion, crowding, and the same change at several places."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise

import attrs

from heal_lsp.core.model import Baseline, Task
from heal_lsp.core.text import Edit
from heal_lsp.proposers.search.confine import confined
from heal_lsp.proposers.search.draft import Draft, Operator
from heal_lsp.proposers.search.subject import Site, Subject
from heal_lsp.proposers.search.trees import FUNCTIONS

SIZE_WEIGHT = 0.12
SUSPICION_WEIGHT = 1.6
RAISING_BONUS = 0.5
CROWD_WEIGHT = 0.25
UNREAD_BONUS = 0.8
TWIN_COST = 0.9
_DEAR = 2.8
"""From this cost on, an operator is used on the most suspicious lines only."""
_DEAR_SITES = 300
"""How many sites these lines may hold together."""
_MOST = 40_000
"""About how many changes an operator may yield in all; shared out among the sites."""
_LEAST_PER_SITE = 50
_NO_TWINS = frozenset(("number", "compare", "binary", "binary-regrouped", "off-by-one", "operands", "wrap"))
_WORD = re.compile(r"[^\W\d]\w*")


@attrs.frozen
class Change:
    """A change to the target with its place in the order."""

    edits: tuple[Edit, ...]
    cost: float
    operator: str
    line: int
    note: str = ""

    def with_cost(self, cost: float) -> Change:
        return attrs.evolve(self, cost=cost)


class Suspicion:
    """How likely each line of the target is to be at fault."""

    def __init__(self, task: Task, baseline: Baseline) -> None:
        path = task.target.path
        self._scores: dict[int, float] = {}
        for suspect in task.suspects:
            if suspect.path == path:
                self._scores[suspect.line] = max(suspect.score, self._scores.get(suspect.line, 0.0))
        self._most = max(self._scores.values(), default=0.0)
        self._executed = _executed(baseline.coverage, task.failing, path)
        span = range(task.target.line, task.target.end_line + 1)
        frames = [each.line for each in task.failure.frames if each.path == path and each.line in span]
        raised = bool(task.failure.frames) and task.failure.frames[-1].path == path
        self._raising = frames[-1] if frames and raised else 0

    def penalty(self, line: int) -> float:
        """What a line adds to the cost of a change there."""
        bonus = RAISING_BONUS if line == self._raising else 0.0
        if self._most <= 0:
            return -bonus
        return SUSPICION_WEIGHT * (1 - self._scores.get(line, 0.25 * self._most) / self._most) - bonus

    def is_reached(self, site: Site) -> bool:
        """Whether a failing test executes a site's statement; true where nothing is known."""
        if not self._executed or site.statement is None:
            return True
        node = site.statement.node
        if isinstance(node, FUNCTIONS) or not isinstance(node, ast.stmt):
            return True
        last = _head_end(node)
        return any(line in self._executed for line in range(site.statement.line, last + 1))

    def order(self, sites: Iterable[Site]) -> list[int]:
        """The statements' lines, the most suspicious first."""
        lines = {site.statement.line for site in sites if site.statement is not None}
        return sorted(lines, key=lambda line: (self.penalty(line), line))


def _head_end(node: ast.stmt) -> int:
    """The last line of a statement, of a compound one without its blocks."""
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        return max(node.lineno, int(body[0].lineno) - 1)
    return node.end_lineno or node.lineno


def _executed(
    coverage: Mapping[str, Mapping[str, tuple[int, ...]]], failing: Sequence[str], path: str
) -> frozenset[int]:
    return frozenset(line for test in failing for line in coverage.get(test, {}).get(path, ()))


def changes(subject: Subject, suspicion: Suspicion, operators: Sequence[Operator]) -> Iterator[Change | None]:
    """Every change that the operators yield, in no order; after each site a None, for a breath."""
    dear_lines = _dear_lines(subject, suspicion)
    most = max(_LEAST_PER_SITE, _MOST // max(1, len(subject.sites)))
    for site in subject.sites:
        if not suspicion.is_reached(site):
            continue
        dear = site.statement is None or site.statement.line in dear_lines
        for each in operators:
            if isinstance(site.node, each.at) and (dear or each.cost < _DEAR):
                yield from islice(_scored(site, each, suspicion), most)
        yield None


def _dear_lines(subject: Subject, suspicion: Suspicion) -> set[int]:
    """The most suspicious lines that do not hold too many sites; at least one."""
    reached = [site for site in subject.sites if suspicion.is_reached(site)]
    counts = Counter(site.statement.line for site in reached if site.statement is not None)
    lines: set[int] = set()
    total = 0
    for line in suspicion.order(reached):
        total += counts[line]
        if lines and total > _DEAR_SITES:
            break
        lines.add(line)
    return lines


def _scored(site: Site, operator: Operator, suspicion: Suspicion) -> Iterable[Change]:
    for draft in operator.drafts(site):
        if draft is None:
            continue
        line = draft.line if draft.line != site.line or site.statement is None else site.statement.line
        penalty = min(suspicion.penalty(line), suspicion.penalty(draft.line))
        cost = operator.cost + draft.extra + SIZE_WEIGHT * draft.size + penalty - _unread_used(site, draft)
        edits = confined(draft.edits, site.subject.source, site.subject.end)
        yield Change(edits, cost, operator.name, draft.line, draft.note)


def _unread_used(site: Site, draft: Draft) -> float:
    """The bonus of a change that makes use of a variable that the function binds and never reads."""
    unread = site.subject.flow.unread
    if not unread:
        return 0.0
    used = any(unread & set(_WORD.findall(each.new)) for each in draft.edits)
    return UNREAD_BONUS if used else 0.0


def ordered(found: Iterable[Change]) -> list[Change]:
    """Changes with the likeliest first, each once.

    What an operator yields in great numbers is each less likely: the further back a change stands among those
    of its operator, the more its cost grows.
    """
    best: dict[tuple[Edit, ...], Change] = {}
    for change in found:
        known = best.get(change.edits)
        if known is None or change.cost < known.cost:
            best[change.edits] = change
    groups: dict[str, list[Change]] = defaultdict(list)
    for change in best.values():
        groups[change.operator].append(change)
    result = []
    for group in groups.values():
        group.sort(key=lambda each: (each.cost, each.edits[0].start))
        result += [
            each.with_cost(each.cost + CROWD_WEIGHT * math.log2(1 + rank)) for rank, each in enumerate(group)
        ]
    result.sort(key=lambda each: (each.cost, each.edits[0].start))
    return result


def twins(subject: Subject, found: Sequence[Change], dearest: float = 4.5) -> list[Change]:
    """The same replacement at every place where it was suggested, when there are two to six of them."""
    groups: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in found:
        if change.operator in _NO_TWINS:
            continue
        if len(change.edits) == 1 and change.cost < dearest and change.edits[0].start < change.edits[0].end:
            edit = change.edits[0]
            groups[(change.operator, subject.source.slice(edit.start, edit.end), edit.new)].append(change)
    result = []
    for (operator, old, _), group in groups.items():
        if 2 <= len(group) <= 6 and "\n" not in old and "\r" not in old:
            edits = sorted((each.edits[0] for each in group), key=lambda each: each.start)
            if all(one.end <= two.start for one, two in pairwise(edits)):
                cost = sum(each.cost for each in group) / len(group) + TWIN_COST
                result.append(Change(tuple(edits), cost, f"{operator} everywhere", group[0].line))
    return result
