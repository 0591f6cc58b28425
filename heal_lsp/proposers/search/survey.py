"""Reading a task's target into a :class:`Subject`: finding the function, walking its sites and scopes."""

from __future__ import annotations

import ast

from heal_lsp.core.model import Target, Task
from heal_lsp.proposers.search.evidence import samples
from heal_lsp.proposers.search.kinds import Kinds
from heal_lsp.proposers.search.pool import collect
from heal_lsp.proposers.search.source import Source
from heal_lsp.proposers.search.subject import Scope, Site, Subject
from heal_lsp.proposers.search.trees import BLOCKS, COMPREHENSIONS, FUNCTIONS, LOOPS, Function, arguments_of

_UNTOUCHED = ("ctx", "op", "ops", "annotation", "returns", "decorator_list", "type_comment", "type_params")


def survey(task: Task) -> Subject | None:
    """Everything that the operators ask about a task's target; None when the text has no such function."""
    try:
        source = Source(task.base)
    except (SyntaxError, ValueError, RecursionError):
        return None
    root, owner = _find(source, task.target)
    if root is None:
        return None
    kinds = Kinds(samples(task, root))
    kinds.learn(root)
    for each in source.tree.body:
        if isinstance(each, FUNCTIONS) and each is not root:
            kinds.names.setdefault(each.name, frozenset({"function"}))
    subject = Subject(source, task, root, owner, kinds)
    _Walk(subject).function(root, None, None, None, "body", 0)
    subject.ingredients = list(collect(subject))
    return subject


def _find(source: Source, target: Target) -> tuple[Function | None, ast.ClassDef | None]:
    """The definition at the target's position, and the class whose method it is."""

    def look(node: ast.AST, owner: ast.ClassDef | None) -> tuple[Function | None, ast.ClassDef | None]:
        for child in ast.iter_child_nodes(node):
            here = node if isinstance(node, ast.ClassDef) else None if isinstance(node, FUNCTIONS) else owner
            if isinstance(child, FUNCTIONS) and (
                child.lineno == target.line or source.start(child) == target.start
            ):
                return child, here
            found = look(child, here)
            if found[0] is not None:
                return found
        return None, None

    return look(source.tree, None)


class _Walk:
    """Makes a site of every statement and expression of the target that may change."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def function(
        self,
        node: Function,
        scope: Scope | None,
        parent: Site | None,
        outer: Site | None,
        field: str,
        index: int,
    ) -> None:
        inner = Scope(node, scope, _bound(node))
        self.subject.scopes.append(inner)
        site = self._add(Site(node, parent, field, index, scope or inner, outer, self.subject))
        site.statement = site
        for number, default in enumerate([*node.args.defaults, *node.args.kw_defaults]):
            if default is not None:
                self.expression(default, site, "defaults", number, inner, site, ())
        self.block(node, site, "body", inner, False)

    def block(self, node: ast.AST, parent: Site, field: str, scope: Scope, in_loop: bool) -> None:
        statements: list[ast.stmt] = getattr(node, field, None) or []
        for index, statement in enumerate(statements):
            if isinstance(statement, FUNCTIONS):
                self.function(statement, scope, parent, None, field, index)
            elif not isinstance(statement, ast.ClassDef):
                self.statement(statement, parent, field, index, scope, in_loop)

    def statement(
        self, node: ast.stmt, parent: Site, field: str, index: int, scope: Scope, in_loop: bool
    ) -> None:
        site = self._add(Site(node, parent, field, index, scope, None, self.subject, in_loop=in_loop))
        site.statement = site
        site.is_elif = isinstance(node, ast.If) and self.subject.source.segment(node).startswith("elif")
        for name, value in ast.iter_fields(node):
            if name in (*BLOCKS, "handlers", "cases") or name in _UNTOUCHED:
                continue
            for number, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.withitem):
                    self.expression(child.context_expr, site, "items", number, scope, site, ())
                elif isinstance(child, ast.expr):
                    self.expression(
                        child, site, name, number if isinstance(value, list) else None, scope, site, ()
                    )
        for name in BLOCKS:
            looped = (in_loop or isinstance(node, LOOPS)) if name == "body" else in_loop
            self.block(node, site, name, scope, looped)
        for part in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
            inner = Site(part, site, "handlers", None, scope, site, self.subject, in_loop=in_loop)
            self.block(part, inner, "body", scope, in_loop)

    def expression(
        self,
        node: ast.AST,
        parent: Site,
        field: str,
        index: int | None,
        scope: Scope,
        statement: Site,
        inner: tuple[str, ...],
    ) -> None:
        if isinstance(node, ast.expr):
            parent = self._add(Site(node, parent, field, index, scope, statement, self.subject, inner))
        elif isinstance(node, (ast.comprehension, ast.keyword)):
            parent = Site(node, parent, field, index, scope, statement, self.subject, inner)
        if isinstance(node, ast.JoinedStr):
            return  # positions inside are not reliable before Python 3.12
        if isinstance(node, COMPREHENSIONS):
            targets = [each.target for each in node.generators]
            inner += tuple(n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
        elif isinstance(node, ast.Lambda):
            inner += tuple(each.arg for each in arguments_of(node))
        for name, value in ast.iter_fields(node):
            if name in _UNTOUCHED or (name == "args" and isinstance(value, ast.arguments)):
                continue
            for number, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, (ast.expr, ast.comprehension, ast.keyword)):
                    place = number if isinstance(value, list) else None
                    self.expression(child, parent, name, place, scope, statement, inner)

    def _add(self, site: Site) -> Site:
        self.subject.sites.append(site)
        self.subject.by_node[id(site.node)] = site
        return site


def _bound(node: Function) -> dict[str, int]:
    """The names that a function binds and the first line of each binding; nested functions keep theirs."""
    bound = {each.arg: 0 for each in arguments_of(node)}

    def look(part: ast.AST) -> None:
        for child in ast.iter_child_nodes(part):
            if isinstance(child, FUNCTIONS):
                bound.setdefault(child.name, child.lineno)
            elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                bound.setdefault(child.id, child.lineno)
            elif isinstance(child, ast.ExceptHandler) and child.name:
                bound.setdefault(child.name, child.lineno)
            elif isinstance(child, (ast.Import, ast.ImportFrom)):
                for alias in child.names:
                    bound.setdefault((alias.asname or alias.name).split(".")[0], child.lineno)
            if not isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda, *COMPREHENSIONS)):
                look(child)

    for each in node.body:
        look(ast.Module([each], []))
    return bound
