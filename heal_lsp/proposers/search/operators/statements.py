"""Statements: deleted, exchanged, moved in and out of blocks, copied, inserted."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from heal_lsp.proposers.search import blocks
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.kinds import NUMBERS, compatible
from heal_lsp.proposers.search.pool import variables
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import FUNCTIONS, LOOPS, is_docstring, names_in

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise, ast.Break, ast.Continue)
COMPOUND = (ast.If, *LOOPS, ast.With, ast.Try)
_COPIED = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)


@operator("delete", 2.8, ast.stmt)
def delete(site: Site) -> Drafts:
    """A statement taken out."""
    if (
        isinstance(site.node, (*SIMPLE, ast.If, *LOOPS))
        and not is_docstring(site.node)
        and not is_needed(site)
    ):
        yield blocks.delete(
            site, 0.0 if isinstance(site.node, (ast.Expr, ast.Assign, ast.AugAssign, ast.If)) else 0.4
        )


def is_needed(site: Site, by: ast.stmt | None = None) -> bool:
    """Whether a statement is the first to bind a name that others read (or that the statement ``by`` reads)."""
    node = site.node
    if not isinstance(node, ast.Assign):
        return False
    first = {each for each in _targets(node) if site.scope.bound.get(each) == site.line}
    others = [by] if by is not None else [each.node for each in site.subject.sites if each.line > site.line]
    return any(first & _reads(each) for each in others)


def _reads(node: ast.AST) -> set[str]:
    return {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }


@operator("loop-kind", 3.0, ast.If, ast.While)
def loop_kind(site: Site) -> Drafts:
    """``if a:`` → ``while a:`` and back."""
    source = site.subject.source
    start = source.span(site.node)[0]
    if site.is_elif or getattr(site.node, "orelse", None):
        return
    old, new = ("if", "while") if isinstance(site.node, ast.If) else ("while", "if")
    yield Draft.single(start, start + len(old), new, site.line, note=f"`{old}` → `{new}`")


@operator("jump", 1.8, ast.Break, ast.Continue)
def jump(site: Site) -> Drafts:
    """``break`` → ``continue`` and back; ``pass``."""
    new = "continue" if isinstance(site.node, ast.Break) else "break"
    yield blocks.replace_code(site, new)


@operator("assign-kind", 2.6, ast.Assign)
def assign_kind(site: Site) -> Drafts:
    """``a = b`` → ``a += b``."""
    node = site.node
    assert isinstance(node, ast.Assign)
    if len(node.targets) != 1 or isinstance(node.targets[0], (ast.Tuple, ast.List)):
        return
    span = site.subject.source.operator_between(node.targets[0], node.value)
    if span is not None and not _first_binding(site, node.targets[0]):
        for rank, new in enumerate(("+=", "-=", "*=")):
            yield Draft.single(*span, new, site.line, 0.2 * rank)


def _first_binding(site: Site, target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and site.scope.bound.get(target.id) == site.line


@operator("call-to-assign", 3.2, ast.Expr)
def call_to_assign(site: Site) -> Drafts:
    """``a.update(b)`` → ``a = b``, ``a += b``; ``g(a)`` → ``a = g(a)``: the result was thrown away."""
    node = site.node
    assert isinstance(node, ast.Expr)
    call = node.value
    if not isinstance(call, ast.Call):
        return
    get = site.subject.fragment
    if isinstance(call.func, ast.Attribute) and isinstance(
        call.func.value, (ast.Name, ast.Subscript, ast.Attribute)
    ):
        holder = get(call.func.value).text
        if len(call.args) == 1 and not call.keywords:
            yield blocks.replace_code(site, f"{holder} = {get(call.args[0]).text}")
            yield blocks.replace_code(site, f"{holder} += {get(call.args[0]).text}", 0.2)
        if call.func.attr in ("replace", "strip", "lower", "upper", "union", "title", "lstrip", "rstrip"):
            yield blocks.replace_code(site, f"{holder} = {get(call).text}", -1.2)
    elif isinstance(call.func, ast.Name) and call.args and isinstance(call.args[0], ast.Name):
        yield blocks.replace_code(site, f"{call.args[0].id} = {get(call).text}")


def places(site: Site) -> list[bool]:
    """Where something can be inserted at a statement: before it (True), and after it when it ends its block."""
    if isinstance(site.node, FUNCTIONS) and site.parent is None:
        return []
    found = [] if is_docstring(site.node) else [True]
    ends = isinstance(site.node, (ast.Return, ast.Raise, ast.Break, ast.Continue))
    if (site.index or 0) == len(site.siblings) - 1 and not ends and not is_docstring(site.node):
        found.append(False)
    return found


def put(site: Site, before: bool, code: str, extra: float = 0.0, size: int = 0) -> Draft | None:
    """Insert code at one of a statement's places."""
    return (
        blocks.insert_before(site, code, extra, size)
        if before
        else blocks.insert_after(site, code, extra, size)
    )


@operator("copy", 3.3, ast.stmt)
def copy(site: Site) -> Drafts:
    """A statement of the function repeated at another place."""
    held = frozenset(site.names)
    for before in places(site):
        for code, node in _copies(site):
            if before and node is site.node:
                continue
            unknown = {
                each for each in names_in(node) if each not in held and not site.subject.is_global(each)
            }
            if unknown and not (isinstance(node, ast.Assign) and unknown <= _targets(node)):
                continue
            yield put(site, before, code, 0.0 if isinstance(node, SIMPLE) else 0.4)


def _copies(site: Site) -> Iterator[tuple[str, ast.stmt]]:
    seen: set[str] = set()
    for other in site.subject.sites:
        node = other.node
        if not isinstance(node, _COPIED) or is_docstring(node) or other.scope is not site.scope:
            continue
        if isinstance(node, ast.Return) and other.siblings is site.siblings:
            continue
        code = site.subject.fragment(node).text
        if code not in seen:
            seen.add(code)
            yield code, node


def _targets(node: ast.Assign) -> set[str]:
    return {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}


@operator("insert", 3.6, ast.stmt)
def insert(site: Site) -> Drafts:
    """A small forgotten statement: ``a.append(b)``, ``a.add(b)``, ``a = b``, ``i += 1``, ``break``."""
    held = variables(site)
    assigned, flow = set(site.scope.bound), site.subject.flow
    for before in places(site):
        if site.in_loop:
            for code in ("break", "continue"):
                yield put(site, before, code, 0.2)
        for name, kinds in held:
            if kinds and kinds <= NUMBERS and name in assigned:
                moved_on = -1.4 if name in flow.stuck and site.in_loop else 0.0
                for sign in ("+=", "-="):
                    yield put(site, before, f"{name} {sign} 1", moved_on)
            for code, extra in _calls_on(name, kinds):
                yield put(site, before, code, extra)
            for other, others in held:
                if name != other:
                    for code, extra in _statements(name, kinds, other, others, name in assigned):
                        yield put(site, before, code, extra + _forgotten(site, name, code))


def _forgotten(site: Site, name: str, code: str) -> float:
    """What speaks for a statement: it fills what nothing fills, or moves on what a loop waits for."""
    flow = site.subject.flow
    if code.startswith(f"{name}."):
        return -1.4 if name in flow.unfilled else 0.0
    return -1.0 if name in flow.stuck and site.in_loop else 0.0


def _calls_on(name: str, kinds: frozenset[str]) -> Iterator[tuple[str, float]]:
    if "list" in kinds:
        yield f"{name}.sort()", 0.6
        yield f"{name}.reverse()", 0.8


def _statements(
    name: str, kinds: frozenset[str], other: str, others: frozenset[str], assigned: bool
) -> Iterator[tuple[str, float]]:
    if kinds & {"list", "deque"}:
        yield f"{name}.append({other})", 0.0
    if "set" in kinds:
        yield f"{name}.add({other})", -0.1
    fits = compatible(kinds, others)
    if assigned and fits is not False:
        yield f"{name} = {other}", 0.3 if fits else 0.4
    if assigned and kinds and kinds <= NUMBERS and others <= NUMBERS and others:
        yield f"{name} += {other}", 0.6


FAMILY = (
    delete, loop_kind, jump, assign_kind, call_to_assign,
    copy, insert,
)  # fmt: skip
