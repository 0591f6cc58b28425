"""Variables and attributes: another one of the same scope, a near spelling."""

from __future__ import annotations

import ast
import builtins
from difflib import SequenceMatcher

from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.kinds import compatible
from heal_lsp.proposers.search.pool import available
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import BUILTINS


@operator("name", 1.5, ast.Name)
def name(site: Site) -> Drafts:
    """``a`` → another variable that holds something here, of the same type if that is known."""
    node = site.node
    assert isinstance(node, ast.Name)
    if not isinstance(node.ctx, ast.Load) or site.role == "Call.func":
        return
    kinds = site.subject.kinds.names
    for other in site.names:
        if other == node.id or other in ("self", "cls", "_"):
            continue
        fits = compatible(kinds.get(node.id, frozenset()), kinds.get(other, frozenset()))
        yield site.replace(f.name(other), 0.0 if fits else 0.8 if fits is None else 2.1)


@operator("name-near", 0.8, ast.Name)
def name_near(site: Site) -> Drafts:
    """A name that is not there → one that is spelt alike."""
    node = site.node
    assert isinstance(node, ast.Name)
    unknown = node.id not in site.names and not site.subject.is_global(node.id)
    if not isinstance(node.ctx, ast.Load) or not (unknown or _is_unbound(site, node.id)):
        return
    for other in dict.fromkeys((*site.names, *site.subject.module_names, *sorted(BUILTINS))):
        alike = SequenceMatcher(None, other.lower(), node.id.lower()).ratio()
        if other != node.id and alike >= 0.6:
            yield site.replace(f.name(other), 1.5 * (1 - alike))


def _is_unbound(site: Site, identifier: str) -> bool:
    return (
        site.subject.exception in ("NameError", "UnboundLocalError")
        and f"'{identifier}'" in site.subject.failure.message
    )


@operator("bound-name", 2.6, ast.Name)
def bound_name(site: Site) -> Drafts:
    """``a = ...`` → ``b = ...``."""
    node = site.node
    assert isinstance(node, ast.Name)
    if not isinstance(node.ctx, ast.Store) or site.role == "comprehension.target":
        return
    kinds = site.subject.kinds.names
    for other in site.scope.bound:
        if other != node.id and other not in ("self", "cls"):
            fits = compatible(kinds.get(node.id, frozenset()), kinds.get(other, frozenset()))
            loop = 0.6 if site.role in ("For.target", "AsyncFor.target") else 0.0
            yield site.replace(f.name(other), loop + (0.0 if fits else 0.6 if fits is None else 1.6))


@operator("bound-target", 3.2, ast.Name, ast.Subscript, ast.Attribute)
def bound_target(site: Site) -> Drafts:
    """``a[i] = ...`` → ``b[j] = ...``, with a place that the function reads or writes elsewhere."""
    if not isinstance(site.node.ctx, ast.Store):  # type: ignore[attr-defined]
        return
    if site.role not in ("Assign.targets", "AugAssign.target", "Tuple.elts"):
        return
    for each in available(site):
        is_slice = isinstance(each.node, ast.Subscript) and isinstance(each.node.slice, ast.Slice)
        if isinstance(each.node, (ast.Subscript, ast.Attribute)) and each.size <= 8 and not is_slice:
            yield site.replace(each.fragment, 0.05 * each.size)


@operator("attribute", 1.8, ast.Attribute)
def attribute(site: Site) -> Drafts:
    """``a.x`` → ``a.y``, with an attribute that the function or its class uses."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    if site.role == "Call.func":
        return
    used = [each.node.attr for each in site.subject.sites if isinstance(each.node, ast.Attribute)]
    on_self = isinstance(node.value, ast.Name) and node.value.id == "self"
    for other in dict.fromkeys((*used, *(site.subject.members if on_self else ()))):
        if other != node.attr:
            alike = SequenceMatcher(None, other, node.attr).ratio()
            yield _renamed(site, node, other, 0.0 if alike > 0.5 else 0.6)


@operator("attribute-near", 1.0, ast.Attribute)
def attribute_near(site: Site) -> Drafts:
    """An attribute that an AttributeError named → one spelt alike, or the one that Python itself suggests."""
    node = site.node
    assert isinstance(node, ast.Attribute)
    subject = site.subject
    if subject.exception != "AttributeError" or f"'{node.attr}'" not in subject.failure.message:
        return
    known = list(subject.members) + [
        each.node.attr for each in subject.sites if isinstance(each.node, ast.Attribute)
    ]
    for kind in site.subject.kinds.of(node.value) or _type_named(subject.failure.message):
        known += dir(getattr(builtins, kind, object))
    for other in dict.fromkeys(known):
        alike = SequenceMatcher(None, other, node.attr).ratio()
        if other != node.attr and not other.startswith("__") and alike >= 0.55:
            yield _renamed(site, node, other, 1.2 * (1 - alike))


def _type_named(message: str) -> frozenset[str]:
    """The type in ``'list' object has no attribute 'push'``."""
    return frozenset({message.split("'")[1]}) if message.startswith("'") else frozenset()


def _renamed(site: Site, node: ast.Attribute, new: str, extra: float) -> Draft:
    end = site.subject.source.span(node)[1]
    return Draft.single(end - len(node.attr.encode()), end, new, site.line, extra)


FAMILY = (name, name_near, bound_name, bound_target, attribute, attribute_near)
