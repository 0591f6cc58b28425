"""What a passing candidate shows that speaks for luck rather than for a repair."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import attrs

from heal_lsp.core.model import Candidate, Target, Task
from heal_lsp.core.rails import is_broad
from heal_lsp.core.syntax import (
    Definition,
    Version,
    changed_parts,
    common_start,
    definition_at,
    parse,
    same_definition,
    version,
    walk,
)
from heal_lsp.core.text import Edit, apply_edits, lines

Edits = Mapping[str, tuple[Edit, ...]]

SIZE_WEIGHT = 0.12
"""Cost of one changed token."""
TWICE_WEIGHT = 0.6
REMOVED_WEIGHT = 0.3
FIXED_WEIGHT = 0.4
SMALL_LITERAL_WEIGHT = 0.3


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


def stays_inside(candidate: Candidate, target: Target) -> bool:
    """Whether a candidate edits nothing but the target."""
    return _only_inside(candidate.edits, target)


def _only_inside(edits: Edits, target: Target) -> bool:
    return set(edits) == {target.path} and all(
        target.start <= edit.start and edit.end <= target.end for edit in edits[target.path]
    )


def marks(candidate: Candidate, task: Task) -> Marks:
    """Look at what a candidate changes; all zero, without a shape, for one that does not apply or parse."""
    edits = tuple(sorted(candidate.edits.items()))
    return _marks(edits, task.base, task.target, tuple(task.test_sources.values()))


@lru_cache(maxsize=256)
def _marks(
    edits: tuple[tuple[str, tuple[Edit, ...]], ...], text: str, target: Target, tests: tuple[str, ...]
) -> Marks:
    try:
        new = version(apply_edits(text, dict(edits).get(target.path, ())))
    except (ValueError, SyntaxError):
        return Marks()
    base = _base(text, target)
    if base is None:
        return Marks(size=_size(lines(text), new.lines), shape=ast.dump(new.tree))
    before, after = changed_parts(base.version, new)
    told = (_literals(after) - base.literals) & _test_literals(tests)
    telling = {each for each in told if _is_telling(each)}
    return Marks(
        size=_size(base.version.lines, new.lines),
        copied=len(telling),
        special=_gain(_branches(after, telling), _branches(before, telling)),
        broad=_gain(_broad(after), _broad(before)),
        twice=_gain(_twice(after), _twice(before)),
        removed=max(0, _statements(before) - _statements(after)),
        fixed=_fixed(before, after),
        small=len(told - telling),
        shape=_shape(new.tree, dict(edits), target, base.target),
        calls=frozenset(_calls(after)) - base.calls - _PURE_CALLS,
        imports=_imports(after) > _imports(before),
    )


@attrs.frozen(eq=False)
class _Base:
    """What the marks are compared with."""

    version: Version
    target: Definition | None
    literals: frozenset[str]
    calls: frozenset[str]


@lru_cache(maxsize=8)
def _base(text: str, target: Target) -> _Base | None:
    """None when the running Python cannot parse the base."""
    try:
        found = version(text)
    except SyntaxError:
        return None
    return _Base(
        found, definition_at(text, found.tree, target), _literals(found.tree), frozenset(_calls(found.tree))
    )


def _shape(tree: ast.Module, edits: Edits, target: Target, definition: Definition | None) -> str:
    """The function's tree when nothing else changed, else the whole file's."""
    if definition is not None and _only_inside(edits, target):
        changed = same_definition(tree, definition)
        if changed is not None:
            return ast.dump(changed.node)
    return ast.dump(tree)


def _gain(new: Counter[str], old: Counter[str]) -> int:
    return sum((new - old).values())


def _size(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens differ, of two texts given as lines."""
    front = common_start(old, new)
    before, after = old[front:], new[front:]
    back = common_start(before[::-1], after[::-1])
    words = [_TOKEN.findall("".join(each[: len(each) - back])) for each in (before, after)]
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
