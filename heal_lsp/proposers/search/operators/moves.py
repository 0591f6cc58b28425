"""Statements in another order or another block: exchanged, moved in and out, branches swapped and dissolved."""

from __future__ import annotations

import ast

from heal_lsp.core.text import Edit
from heal_lsp.proposers.search import blocks
from heal_lsp.proposers.search.blocks import Block
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.operators.statements import COMPOUND, SIMPLE, is_needed
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import is_docstring


@operator("exchange", 2.6, ast.stmt)
def exchange(site: Site) -> Drafts:
    """Two neighbouring statements in the other order."""
    index = (site.index or 0) + 1
    if site.parent is None or index >= len(site.siblings) or is_docstring(site.node):
        return
    if isinstance(site.siblings[index], (ast.Return, ast.Raise, ast.Break, ast.Continue)):
        return  # what came before it would never run
    if is_needed(site, site.siblings[index]):
        return
    first = Block.of(site)
    second = Block.between(site.subject.source, site.siblings[index : index + 1])
    if first is None or second is None or site.is_elif:
        return
    between = first.source.slice(first.end, second.start)
    note = f"exchange `{_head(first)}` and `{_head(second)}`"
    yield blocks.rewrite(site, second.text() + between + first.text(), note, 2)


def _head(block: Block) -> str:
    line = " ".join(block.text().strip().splitlines()[0].split())
    return line if len(line) <= 40 else line[:39] + "…"


@operator("move-out", 2.4, ast.If, ast.For, ast.While, ast.With)
def move_out(site: Site) -> Drafts:
    """A block's last statement put behind it; its first one before it."""
    node = site.node
    assert isinstance(node, (ast.If, ast.For, ast.While, ast.With))
    whole = Block.of(site)
    if whole is None or site.is_elif:
        return
    for body in (node.body, getattr(node, "orelse", [])):
        last = Block.between(whole.source, body[-1:])
        if last is not None and last.end <= whole.end and (len(body) > 1 or isinstance(node, ast.If)):
            yield blocks.move(site, last, whole.end, whole.indent, body[-1].lineno, len(body) == 1)
    first = Block.between(whole.source, node.body[:1])
    if first is not None and len(node.body) > 1 and not is_docstring(node.body[0]):
        yield _costlier(blocks.move(site, first, whole.start, whole.indent, node.body[0].lineno, False), 0.4)


@operator("move-in", 2.6, ast.If, ast.For, ast.While, ast.With)
def move_in(site: Site) -> Drafts:
    """The statement after a block put at its end; the one before it at its start."""
    node = site.node
    assert isinstance(node, (ast.If, ast.For, ast.While, ast.With))
    source, index = site.subject.source, site.index or 0
    whole = Block.of(site)
    if whole is None or site.is_elif:
        return
    for number, body in enumerate([node.body, getattr(node, "orelse", None)]):
        inner = Block.between(source, body or [])
        after = Block.between(source, site.siblings[index + 1 : index + 2])
        if (
            inner is not None
            and after is not None
            and isinstance(site.siblings[index + 1], (*SIMPLE, *COMPOUND))
        ):
            draft = blocks.move(site, after, inner.end, inner.indent, site.siblings[index + 1].lineno, False)
            yield _costlier(draft, 0.2 * number)
    before = site.siblings[index - 1] if index else None
    inner = Block.between(source, node.body)
    if (
        inner is not None
        and isinstance(before, (ast.Assign, ast.AugAssign, ast.Expr))
        and not is_docstring(before)
    ):
        moved = Block.between(source, [before])
        if moved is not None:
            yield _costlier(blocks.move(site, moved, inner.start, inner.indent, before.lineno, False), 0.2)


def _costlier(draft: Draft, extra: float) -> Draft:
    return Draft(draft.edits, draft.line, draft.extra + extra, draft.size, draft.note)


@operator("branches", 2.2, ast.If)
def branches(site: Site) -> Drafts:
    """The two branches of an ``if`` exchanged."""
    node = site.node
    assert isinstance(node, ast.If)
    source = site.subject.source
    one, two = Block.between(source, node.body), Block.between(source, node.orelse)
    if (
        one is None
        or two is None
        or (isinstance(node.orelse[0], ast.If) and site.subject.site(node.orelse[0]).is_elif)
    ):
        return
    first, second = two.text(one.indent), one.text(two.indent)
    if not source.slice(two.start, two.end).endswith(("\n", "\r")):
        second = second.removesuffix(source.eol)
    yield Draft(
        (Edit(one.start, one.end, first), Edit(two.start, two.end, second)),
        site.line,
        note="exchange branches",
    )


@operator("if-dissolve", 3.1, ast.If)
def dissolve(site: Site) -> Drafts:
    """An ``if`` replaced by its body or its ``else``; its ``else`` dropped, or put behind it."""
    node = site.node
    assert isinstance(node, ast.If)
    whole = Block.of(site)
    if whole is None or site.is_elif:
        return
    body, other = (Block.between(whole.source, each) for each in (node.body, node.orelse))
    if body is not None:
        yield blocks.rewrite(site, body.text(whole.indent), "drop the `if`, keep its body")
    if other is None or body is None or site.subject.source.segment(node.orelse[0]).startswith("elif"):
        return
    head = whole.source.slice(whole.start, body.end)
    yield blocks.rewrite(site, head, "drop the `else`", extra=0.1)
    yield blocks.rewrite(site, head + other.text(whole.indent), "the `else` always runs", extra=-0.2)
    yield blocks.rewrite(site, other.text(whole.indent), "drop the `if`, keep its `else`", extra=0.3)


FAMILY = (exchange, move_out, move_in, branches, dissolve)
