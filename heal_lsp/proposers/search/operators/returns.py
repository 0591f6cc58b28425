"""Returns and yields: another value, a missing ``return``, ``yield`` for ``return``."""

from __future__ import annotations

import ast

from heal_lsp.core.text import Edit
from heal_lsp.proposers.search import blocks
from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.operators.statements import places, put
from heal_lsp.proposers.search.pool import conditions, variables
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import Function

_IN_PLACE = ("sort", "reverse", "append", "extend", "add", "update", "insert", "remove")


@operator("return-missing", 2.4, ast.FunctionDef, ast.AsyncFunctionDef)
def return_missing(site: Site) -> Drafts:
    """A function that ends without returning what it made: ``return a`` at its end."""
    node = site.node
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    if isinstance(node.body[-1], (ast.Return, ast.Raise, ast.ClassDef)) or _yields(node):
        return
    last = site.subject.site(node.body[-1])
    never = not any(isinstance(each, ast.Return) and each.value for each in ast.walk(node))
    names = [each for each in last.scope.bound if each not in ("self", "cls")]
    for rank, name in enumerate(reversed(names)):
        yield blocks.insert_after(last, f"return {name}", (-1.2 if never else 0.4) + 0.1 * rank)
    if isinstance(node.body[-1], ast.Expr) and isinstance(node.body[-1].value, ast.Call):
        yield _returned(last, -1.4 if never else 0.0)


def _yields(node: Function) -> bool:
    return any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in ast.walk(node))


@operator("returns", 1.7, ast.Return)
def returns(site: Site) -> Drafts:
    """The values of two ``return`` statements exchanged."""
    node = site.node
    assert isinstance(node, ast.Return)
    source, get = site.subject.source, site.subject.fragment
    for other in site.subject.sites:
        later = other.node
        if not isinstance(later, ast.Return) or later.lineno <= node.lineno or other.scope is not site.scope:
            continue
        if node.value is None or later.value is None or get(node.value).key == get(later.value).key:
            continue
        edits = (
            Edit(*source.span(node.value), get(later.value).text),
            Edit(*source.span(later.value), get(node.value).text),
        )
        note = f"exchange `return {get(node.value).text}` and `return {get(later.value).text}`"
        yield Draft(edits, site.line, 0.1, note=note)


@operator("return-call", 3.0, ast.Expr)
def return_call(site: Site) -> Drafts:
    """``g(a)`` → ``return g(a)``."""
    if isinstance(site.node, ast.Expr) and isinstance(
        site.node.value, (ast.Call, ast.BinOp, ast.Compare, ast.BoolOp)
    ):
        yield _returned(site, 0.0 if isinstance(site.node.value, ast.Call) else -1.2)


def _returned(site: Site, extra: float) -> Draft:
    start = site.subject.source.span(site.node)[0]
    return Draft.single(start, start, "return ", site.line, extra)


@operator("return-assigned", 3.4, ast.Assign)
def return_assigned(site: Site) -> Drafts:
    """``a = b`` → ``return b``."""
    node = site.node
    assert isinstance(node, ast.Assign)
    start, end = site.subject.source.span(node)[0], site.subject.source.span(node.value)[0]
    yield Draft.single(start, end, "return ", site.line)


@operator("return-insert", 3.9, ast.stmt)
def return_insert(site: Site) -> Drafts:
    """``return a``, ``return True`` before a statement or at a block's end."""
    for before in places(site):
        for name, _kinds in variables(site):
            yield put(site, before, f"return {name}")
        for value in ("True", "False", "None", "0"):
            yield put(site, before, f"return {value}", 0.3)


@operator("yield", 1.5, ast.Yield, ast.YieldFrom)
def yield_kind(site: Site) -> Drafts:
    """``yield a`` → ``yield from a`` and back."""
    node = site.node
    if isinstance(node, ast.Yield) and node.value is not None:
        start = site.subject.source.span(node)[0] + len("yield")
        yield Draft.single(start, start, " from", site.line)
    elif isinstance(node, ast.YieldFrom):
        start, end = site.subject.source.span(node)[0], site.subject.source.span(node.value)[0]
        if site.subject.source.slice(start, end).split() == ["yield", "from"]:
            yield Draft.single(start, end, "yield ", site.line)


@operator("return-yield", 3.4, ast.Return)
def return_yield(site: Site) -> Drafts:
    """``return a`` → ``yield a``."""
    node = site.node
    assert isinstance(node, ast.Return)
    if node.value is not None and not isinstance(site.subject.root, ast.AsyncFunctionDef):
        start = site.subject.source.span(node)[0]
        yield Draft.single(start, start + len("return"), "yield", site.line, 0.0 if site.in_loop else 0.8)


@operator("return-in-place", 2.2, ast.Return)
def return_in_place(site: Site) -> Drafts:
    """``return a.sort()`` → ``a.sort()`` and ``return a``: the method returns nothing."""
    node = site.node
    assert isinstance(node, ast.Return)
    call = node.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return
    block = blocks.Block.of(site)
    if call.func.attr in _IN_PLACE and block is not None:
        holder, whole = site.subject.fragment(call.func.value).text, site.subject.fragment(call).text
        text = blocks.line_of_code(block, f"{whole}\nreturn {holder}")
        yield blocks.rewrite(site, text, f"`{whole}`, then `return {holder}`")


@operator("guard", 4.8, ast.stmt)
def guard(site: Site) -> Drafts:
    """``if c: return a`` (or ``continue``, ``break``) before a statement."""
    if True not in places(site):
        return
    inner = blocks.deeper(site)
    for piece, extra in conditions(site)[:40]:
        for action, more in _actions(site):
            yield put(site, True, f"if {piece.text}:\n{inner}{action}", extra + more)


@operator("wrap-if", 4.4, ast.Expr, ast.Assign, ast.AugAssign)
def wrap_if(site: Site) -> Drafts:
    """``a()`` → ``if c: a()``, with a simple condition."""
    block = blocks.Block.of(site)
    if block is None or site.is_elif:
        return
    inner = blocks.deeper(site)
    body = block.text(block.indent + inner)
    for piece, extra in conditions(site)[:40]:
        head = f"{block.indent}if {piece.text}:{block.source.eol}"
        yield blocks.rewrite(site, head + body, f"only if `{piece.text}`", extra=extra)


def _actions(site: Site) -> list[tuple[str, float]]:
    found: dict[str, float] = {}
    for other in site.subject.sites:
        node = other.node
        if isinstance(node, ast.Return) and other.scope is site.scope and node.value is not None:
            piece = site.subject.fragment(node.value)
            if piece.size <= 4:
                found.setdefault(f"return {piece.text}", 0.0)
    for name in site.scope.parameters:
        if name not in ("self", "cls"):
            found.setdefault(f"return {name}", 0.2)
    for value in ("True", "False", "0", "[]", "None", "1", "''"):
        found.setdefault(f"return {value}", 0.5)
    if site.in_loop:
        found["continue"] = found["break"] = 0.1
    return sorted(found.items(), key=lambda pair: pair[1])


@operator("await", 1.4, ast.Call)
def awaited(site: Site) -> Drafts:
    """``g(a)`` → ``await g(a)`` in a coroutine; ``await g(a)`` → ``g(a)``."""
    if not isinstance(site.scope.node, ast.AsyncFunctionDef) or site.inner:
        return
    if site.parent is not None and isinstance(site.parent.node, ast.Await):
        yield site.parent.replace(site.fragment, 1.0)
    else:
        likely = "coroutine" in site.subject.failure.message or "awaitable" in site.subject.failure.message
        yield site.replace(f.Fragment(f"await {site.fragment.text}", f.Level.AWAIT), -0.8 if likely else 0.2)


FAMILY = (
    return_missing, returns, return_call, return_assigned, return_insert, yield_kind, return_yield,
    return_in_place, guard, wrap_if, awaited,
)  # fmt: skip
