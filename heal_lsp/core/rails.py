"""Static checks that refuse a candidate before it runs, each with one sentence for people and the memory.

Every check compares the candidate with the base text: what was there before is its author's and stays
allowed.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import attrs

from heal_lsp.core.dangers import ATTRIBUTES, MODULES, NAMES, Scan
from heal_lsp.core.model import Candidate, Target, Task, Verdict, VerdictKind
from heal_lsp.core.syntax import (
    Definition,
    Parameter,
    Version,
    body_without_docstring,
    changed_parts,
    definition_at,
    definitions,
    folded,
    parameters,
    version,
    walk,
)
from heal_lsp.core.text import digest

_BROAD = frozenset(["Exception", "BaseException"])
_WORD = re.compile(r"[^\W\d]\w*")


def check(candidate: Candidate, task: Task, *, allow_test_edits: bool = False) -> Verdict | None:
    """The refusal of a candidate, or None when nothing speaks against running it."""
    try:
        reason = next(_reasons(candidate, task, allow_test_edits), None)
    except RecursionError:
        reason = "It is nested too deeply to be checked."
    return None if reason is None else Verdict(VerdictKind.REFUSED, reason)


def is_test_file(path: str, tests: tuple[str, ...] = ()) -> bool:
    """Whether a file holds tests: by its name, or because one of the test ids or test files names it."""
    name = posixpath.basename(path)
    if name == "conftest.py" or (
        name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
    ):
        return True
    return any(each.partition("::")[0] == path for each in tests)


@attrs.frozen(eq=False)
class _Base:
    """What the checks know of the base text."""

    version: Version
    scan: Scan
    dangers: frozenset[str]
    target: Definition | None


@lru_cache(maxsize=8)
def _base(text: str, target: Target) -> _Base | None:
    """None when the running Python cannot parse the base."""
    try:
        found = version(text)
    except SyntaxError:
        return None
    scan = Scan(found.tree)
    return _Base(found, scan, scan.dangers(), definition_at(text, found.tree, target))


def _reasons(candidate: Candidate, task: Task, allow_test_edits: bool) -> Iterator[str]:
    yield from _wrong_files(candidate, task, allow_test_edits)
    path = task.target.path
    if candidate.base != digest(task.base):
        yield f"It was made for another version of {path}."
    if not allow_test_edits and path in {each.partition("::")[0] for each in (*task.failing, *task.guards)}:
        yield from _outside(candidate, task)
    try:
        text = candidate.text(path, task.base)
    except ValueError as error:
        yield f"It does not apply to {path}: {error}."
    else:
        if text == task.base and len(candidate.edits) < 2:
            yield "It changes nothing."
        yield from _wrong_text(text, task, alone=len(candidate.edits) < 2)


def _wrong_text(text: str, task: Task, alone: bool) -> Iterator[str]:
    base = _base(task.base, task.target)
    if base is None:
        yield from _new_words(task.base, text)
    try:
        new = version(text)
    except SyntaxError as error:
        if base is not None or _is_syntax_error(task):
            yield f"It does not parse: {error.msg} (line {error.lineno or 0})."
        return
    if base is not None:
        before, after = changed_parts(base.version, new)
        if alone and ast.dump(before) == ast.dump(after):
            yield "It changes nothing but comments or layout."
        yield from _compare(base, before, after)


def _wrong_files(candidate: Candidate, task: Task, allow_test_edits: bool) -> Iterator[str]:
    if not any(candidate.edits.values()):
        yield "It changes nothing."
    for path in candidate.edits:
        if path != posixpath.normpath(path) or path.startswith(("/", "..")) or "\\" in path:
            yield f"It edits {path}, which is no plain path inside the workspace."
        is_test = is_test_file(path, () if path == task.target.path else (*task.failing, *task.guards))
        if is_test and not allow_test_edits:
            yield f"It edits the test file {path}; tests are read-only to a repair."
        elif path != task.target.path and not is_test:
            yield f"It edits {path}, but only {task.target.path} holds the function at fault."


def _outside(candidate: Candidate, task: Task) -> Iterator[str]:
    """The target's own file holds tests too, so only the target itself may change."""
    for edit in candidate.edits.get(task.target.path, ()):
        if edit.start < task.target.start or edit.end > task.target.end:
            yield f"It edits {task.target.path} outside {task.target.qualname}, and that file holds tests."


def _is_syntax_error(task: Task) -> bool:
    """Whether the base fails to parse for the project's Python too; else it is of a newer one than this."""
    return task.failure.exception in ("SyntaxError", "IndentationError", "TabError")


def _new_words(base: str, text: str) -> Iterator[str]:
    """Without a tree to compare, any new word that the net knows is refused."""
    known = set(_WORD.findall(base))
    for word in _WORD.findall(text):
        if word not in known and word in ATTRIBUTES | MODULES | NAMES:
            yield f"It uses {word}, which the file did not use before."


def _compare(base: _Base, before: ast.Module, after: ast.Module) -> Iterator[str]:
    for found in sorted(Scan(after, base.scan).dangers() - base.dangers):
        yield f"It uses {found}, which the file did not use before."
    yield from _changed_definitions(base, before, after)
    if sum(map(_swallows, walk(after))) > sum(map(_swallows, walk(before))):
        yield "It adds a handler that swallows every exception."
    if set(_examples(before)) - set(_examples(after)):
        yield "It changes or removes an example in a docstring, which is a test."


def _changed_definitions(base: _Base, before: ast.Module, after: ast.Module) -> Iterator[str]:
    remaining = {(each.qualname, each.index): each for each in definitions(after)}
    for each in definitions(before):
        is_target = base.target is not None and each.node is base.target.node
        if each.local and not is_target:
            continue
        changed = remaining.get((each.qualname, each.index))
        if changed is None:
            yield f"It removes or renames {each.qualname}."
        elif not _fits(each, parameters(changed.node)):
            yield f"It changes the parameters of {each.qualname}."
        elif is_target and _is_empty(changed) and not _is_empty(each):
            yield f"It empties {each.qualname}."


def _fits(old: Definition, new: tuple[Parameter, ...]) -> bool:
    """Whether callers can stay as they are. A method may gain the ``self`` or ``cls`` that it lacked."""
    before = parameters(old.node)
    if new == before:
        return True
    gained = len(new) == len(before) + 1 and new[0][1] in ("self", "cls") and new[1:] == before
    return gained and isinstance(old.holder, ast.ClassDef)


def _is_empty(definition: Definition) -> bool:
    return all(map(_does_nothing, body_without_docstring(definition.node)))


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return statement.value is None or (
            isinstance(statement.value, ast.Constant) and statement.value.value is None
        )
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass)


def _swallows(node: ast.AST) -> bool:
    """Whether a node silences every exception: ``except Exception: pass`` or ``suppress(Exception)``."""
    if isinstance(node, ast.ExceptHandler):
        return is_broad(node) and all(
            _does_nothing(each) or isinstance(each, ast.Continue) for each in node.body
        )
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name == "suppress" and any(_names_broad(each) for each in node.args)
    return False


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every exception."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(_names_broad(each) for each in kinds)


def _names_broad(node: ast.expr) -> bool:
    return getattr(node, "id", getattr(node, "attr", "")) in _BROAD


def _examples(tree: ast.Module) -> Iterator[str]:
    """Strings that stand as statements and hold doctest examples, numbered so that copies count."""
    seen: Counter[str] = Counter()
    for node in walk(tree):
        if isinstance(node, ast.Expr) and (text := folded(node.value)) is not None and ">>>" in text:
            seen[text] += 1
            yield f"{seen[text]} {text}"
