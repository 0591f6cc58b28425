"""Which of several passing candidates to offer first, and whether it may be called sure.

Passing is not enough (Smith et al., "Is the Cure Worse Than the Disease?", ESEC/FSE 2015). The order:

1. Candidates with a mark of overfitting come last: a telling literal copied from a test, a branch on such a
   literal, a new handler for every exception.
2. Among the rest, the smaller sum of the proposer's cost, the size of the change in tokens, and smaller
   marks: an operand or argument given twice, statements removed, a variable replaced by a constant, a small
   number that tests use too.
3. Equal sums keep the order in which the candidates came.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import attrs

from heal_lsp.core.localise import holding
from heal_lsp.core.model import Baseline, Candidate, Fix, Target, TargetKind, Task, TestOutcome
from heal_lsp.core.rails import is_broad
from heal_lsp.core.syntax import FunctionNode, definition_at, parse, same_definition, walk

SIZE_WEIGHT = 0.12
"""Cost of one changed token."""
TWICE_WEIGHT = 0.6
REMOVED_WEIGHT = 0.3
FIXED_WEIGHT = 0.4
SMALL_LITERAL_WEIGHT = 0.3

ENOUGH_TESTS = 3
"""How many tests must run the target for a fix of it to be called sure."""
RIVAL_MARGIN = 0.5
"""A different winner whose sum is no more than this above the fix's makes it unsure."""

_TOKEN = re.compile(r"\w+|\*\*=?|//=?|<<=?|>>=?|->|[-+*/%@&|^=<>!:]=|[^\w\s]")
_PURE_CALLS = frozenset(
    """
    abs all any bool dict divmod enumerate filter float frozenset int isinstance len list map max min next
    range reversed round set sorted str sum tuple zip
    """.split()  # noqa: SIM905 - a list of strings would fill a page
)
_FORGIVING = (ast.Add, ast.Mult)


@attrs.frozen
class Marks:
    """What a candidate shows beyond passing."""

    size: int = 0
    """Changed tokens."""
    copied: int = 0
    """Telling literals that the file lacked and a test has."""
    special: int = 0
    """Branches on such a literal."""
    broad: int = 0
    """New handlers for every exception."""
    twice: int = 0
    """New places where both operands, or two arguments, are the same."""
    removed: int = 0
    """Statements fewer than before."""
    fixed: int = 0
    """Variables that gave way to constants."""
    small: int = 0
    """Small numbers that the file lacked and a test has."""
    shape: str = ""
    """The function's tree, to tell candidates apart."""
    calls: frozenset[str] = frozenset()
    """Names that are newly called, but for pure built-ins."""
    imports: bool = False
    """Whether it adds an import."""

    @property
    def overfitted(self) -> int:
        return self.copied + self.special + self.broad

    def weight(self, cost: float) -> float:
        """The sum that orders candidates without a mark of overfitting."""
        return (
            cost
            + SIZE_WEIGHT * self.size
            + TWICE_WEIGHT * self.twice
            + REMOVED_WEIGHT * self.removed
            + FIXED_WEIGHT * self.fixed
            + SMALL_LITERAL_WEIGHT * self.small
        )


def rank(candidates: Sequence[Candidate], task: Task, baseline: Baseline) -> tuple[Candidate, ...]:
    """Passing candidates, the likeliest to be right first; of those with the same tree, only the best."""
    judged = [(marks(each, task), each) for each in candidates]
    judged.sort(key=lambda pair: (not pair[0].shape, pair[0].overfitted, pair[0].weight(pair[1].cost)))
    first: dict[str, Candidate] = {}
    for found, each in judged:
        first.setdefault(found.shape or repr(each.edits), each)
    return tuple(first.values())


def is_sure(fix: Fix, winners: Sequence[Candidate], task: Task, baseline: Baseline) -> bool:
    """Whether a fix may be called sure.

    It must hold that

    - only the target changed, with no mark of overfitting, nothing given twice, nothing removed or made
      constant, no new import and no new call except of pure built-ins;
    - at least :data:`ENOUGH_TESTS` tests that were seen to pass with the fix execute the target's body, by
      the baseline's coverage (without coverage nothing is sure), and no test of the repair is flaky or
      still fails;
    - no other winner with a different tree comes within :data:`RIVAL_MARGIN` of it.
    """
    own = marks(fix.candidate, task)
    weight = own.weight(fix.candidate.cost)
    plain = not (own.overfitted or own.twice or own.removed or own.fixed or own.calls or own.imports)
    if not plain or not own.shape or not _inside(fix.candidate, task.target):
        return False
    if baseline.flaky or set(fix.evidence.still_failing) & set(task.failing):
        return False
    if len(constraining(fix, task.target, baseline)) < ENOUGH_TESTS:
        return False
    for each in winners:
        other = marks(each, task)
        if (
            other.shape != own.shape
            and not other.overfitted
            and other.weight(each.cost) <= weight + RIVAL_MARGIN
        ):
            return False
    return True


def constraining(fix: Fix, target: Target, baseline: Baseline) -> tuple[str, ...]:
    """Ids of the tests that execute the target's body and were seen to pass with the fix."""
    known = (*baseline.ids(TestOutcome.FAILED), *baseline.ids(TestOutcome.PASSED))
    passed = {*fix.evidence.fixed, *fix.evidence.kept}
    return tuple(
        test
        for test in dict.fromkeys(known)
        if test in passed
        and any(holding((target,), line) for line in baseline.coverage.get(test, {}).get(target.path, ()))
    )


def marks(candidate: Candidate, task: Task) -> Marks:
    """Look at what a candidate changes in the target and around it."""
    base = _version(task.base, task.target)
    try:
        text = candidate.text(task.target.path, task.base)
        tree = parse(text)
    except (ValueError, SyntaxError):
        return Marks()
    old, new = base.function, None
    if base.tree is not None and (found := definition_at(task.base, base.tree, task.target)) is not None:
        changed = same_definition(tree, found)
        new = changed.node if changed is not None else None
    before = old if old is not None else (base.tree or ast.Module([], []))
    after = new if new is not None else tree
    tested = _test_literals(tuple(task.test_sources.values()))
    fresh = _literals(after) - base.literals
    told = {each for each in fresh if each in tested}
    telling = {each for each in told if _is_telling(each)}
    return Marks(
        size=_size(task.base, text),
        copied=len(telling),
        special=_gain(_branches(after, telling), _branches(before, telling)),
        broad=_gain(_broad(after), _broad(before)),
        twice=_gain(_twice(after), _twice(before)),
        removed=max(0, _statements(before) - _statements(after)),
        fixed=_fixed(before, after),
        small=len(told - telling),
        shape=ast.dump(tree),
        calls=frozenset(_calls(tree)) - base.calls - _PURE_CALLS,
        imports=_imports(tree) > base.imports,
    )


@attrs.frozen(eq=False)
class _Version:
    tree: ast.Module | None
    function: FunctionNode | None
    literals: frozenset[str]
    calls: frozenset[str]
    imports: int


@lru_cache(maxsize=8)
def _version(text: str, target: Target) -> _Version:
    try:
        tree = parse(text)
    except SyntaxError:
        return _Version(None, None, frozenset(), frozenset(), 0)
    found = definition_at(text, tree, target) if target.kind is not TargetKind.MODULE else None
    return _Version(
        tree, found.node if found else None, _literals(tree), frozenset(_calls(tree)), _imports(tree)
    )


def _gain(new: Counter[str], old: Counter[str]) -> int:
    return sum((new - old).values())


def _inside(candidate: Candidate, target: Target) -> bool:
    return set(candidate.edits) == {target.path} and all(
        target.start <= edit.start and edit.end <= target.end for edit in candidate.edits[target.path]
    )


def _size(old: str, new: str) -> int:
    before, after = (each.splitlines() for each in (old, new))
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    words = [_TOKEN.findall("\n".join(each)) for each in (before, after)]
    changes = SequenceMatcher(None, words[0], words[1], autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for tag, a, b, c, d in changes if tag != "equal")


def _literals(tree: ast.AST) -> frozenset[str]:
    return frozenset(_literal(node) for node in walk(tree) if isinstance(node, ast.Constant))


def _literal(node: ast.Constant) -> str:
    return repr(node.value)


@lru_cache(maxsize=32)
def _test_literals(sources: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for source in sources:
        try:
            found |= _literals(parse(_dedented(source)))
        except SyntaxError:
            continue
    return frozenset(found)


def _dedented(source: str) -> str:
    """A method's source under a class of its own, so that its indentation is right."""
    return f"if True:\n{source}" if source[:1] in (" ", "\t") else source


def _is_telling(literal: str) -> bool:
    """Whether a literal is hardly in both places by chance: no flag, no short string, no small number."""
    value = ast.literal_eval(literal) if literal != "Ellipsis" else None
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) > 10
    return len(value) > 2 if isinstance(value, (str, bytes)) else value not in (0.0, 0.5, 1.0, 2.0)


def _branches(tree: ast.AST, telling: set[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in walk(tree):
        test = node.test if isinstance(node, (ast.If, ast.IfExp)) else getattr(node, "pattern", None)
        if test is not None and _literals(test) & telling:
            found[ast.dump(test)] += 1
    return found


def _broad(tree: ast.AST) -> Counter[str]:
    return Counter("broad" for node in walk(tree) if isinstance(node, ast.ExceptHandler) and is_broad(node))


def _twice(tree: ast.AST) -> Counter[str]:
    """Places where the same thing is given twice though that hardly ever makes sense."""
    return Counter(ast.dump(node) for node in walk(tree) if _repeats(_operands(node)))


def _operands(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and not isinstance(node.op, _FORGIVING):
        return [node.left, node.right]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    return node.args if isinstance(node, ast.Call) else []


def _repeats(nodes: list[ast.expr]) -> bool:
    if len(nodes) < 2:
        return False
    dumps = [ast.dump(each) for each in nodes if not isinstance(each, ast.Constant)]
    return len(set(dumps)) < len(dumps)


def _statements(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in walk(tree))


def _fixed(old: ast.AST, new: ast.AST) -> int:
    lost = sum((_loads(old) - _loads(new)).values()) - sum((_loads(new) - _loads(old)).values())
    gained = sum((_constants(new) - _constants(old)).values())
    return max(0, min(lost, gained))


def _loads(tree: ast.AST) -> Counter[str]:
    return Counter(
        node.id for node in walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def _constants(tree: ast.AST) -> Counter[str]:
    return Counter(_literal(node) for node in walk(tree) if isinstance(node, ast.Constant))


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def _imports(tree: ast.AST) -> int:
    return sum(len(node.names) for node in walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
