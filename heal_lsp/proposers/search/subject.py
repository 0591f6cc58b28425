"""The function under repair as the operators see it: its sites, scopes, ingredients, and its failure."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from heal_lsp.core.model import Failure, Task
from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft
from heal_lsp.proposers.search.evidence import test_literals
from heal_lsp.proposers.search.flow import Flow, flow_of
from heal_lsp.proposers.search.fragment import Fragment, Level
from heal_lsp.proposers.search.kinds import Kinds
from heal_lsp.proposers.search.source import Source
from heal_lsp.proposers.search.trees import BUILTINS, FUNCTIONS, LOOPS, Function, arguments_of, size_of

if TYPE_CHECKING:
    from heal_lsp.proposers.search.pool import Ingredient


@attrs.define(eq=False)
class Scope:
    """A function in the target: the target itself, or one nested in it."""

    node: Function
    parent: Scope | None
    bound: dict[str, int]
    """Parameters and local names, with the line that binds each first."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(each.arg for each in arguments_of(self.node))

    def visible(self, line: int) -> tuple[str, ...]:
        """Names of functions' variables that hold something at the start of a line."""
        own = [name for name, first in self.bound.items() if first < line]
        outer = list(self.parent.bound) if self.parent else []
        return tuple(dict.fromkeys((*own, *outer)))


@attrs.define(eq=False)
class Site:
    """A node of the target in its place."""

    node: ast.AST
    parent: Site | None
    field: str
    index: int | None
    scope: Scope
    statement: Site | None
    subject: Subject
    inner: tuple[str, ...] = ()
    """Names that an enclosing comprehension or lambda binds."""
    in_loop: bool = False
    """For a statement: whether ``break`` and ``continue`` may stand here."""
    is_elif: bool = False

    @property
    def line(self) -> int:
        """The line where the node starts."""
        return int(self.node.lineno)  # type: ignore[attr-defined]

    @property
    def role(self) -> str:
        """The kind of place, such as ``Return.value``."""
        return f"{type(self.parent.node).__name__}.{self.field}" if self.parent else ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Variables that hold something here, the innermost first."""
        line = self.statement.line if self.statement else self.line
        if (
            self.statement is not None
            and self.statement is not self
            and isinstance(self.statement.node, LOOPS)
        ):
            line += 0 if self._is_iterated() else 1
        return tuple(dict.fromkeys((*reversed(self.inner), *self.scope.visible(line))))

    def _is_iterated(self) -> bool:
        """Whether this is, or is a part of, what a ``for`` statement iterates over."""
        site: Site | None = self
        while site is not None and site.parent is not self.statement:
            site = site.parent
        return site is not None and site.field == "iter"

    @property
    def level(self) -> Level:
        """The level that this place asks for."""
        return f.slot_level(self.parent.node, self.field, self.index) if self.parent else Level.TUPLE

    @property
    def fragment(self) -> Fragment:
        """The node as a fragment."""
        return self.subject.fragment(self.node)

    @property
    def kinds(self) -> frozenset[str]:
        """The types that the expression may have, by what the text shows; empty when that is nothing."""
        return self.subject.kinds.of(self.node)

    @property
    def siblings(self) -> list[ast.stmt]:
        """For a statement: the block that it stands in."""
        if self.parent is None:
            return [self.subject.root]
        block: list[ast.stmt] = getattr(self.parent.node, self.field)
        return block

    def replace(self, new: Fragment | None, extra: float = 0.0, size: int = 0) -> Draft | None:
        """Put another expression in this place; None when that would be no repair at all."""
        if new is None or new.key == self.fragment.key:
            return None
        penalty = self._penalty(new)
        if penalty is None:
            return None
        start, end = self.subject.source.span(self.node)
        level = self.level
        text = new.text if self.subject.source.grouped(start, end) and level > Level.TEST else new.at(level)
        if isinstance(self.node, ast.GeneratorExp) and self._is_sole_argument():
            text = f"({new.at(Level.TEST)})"
        return Draft.single(start, end, text, self.line, extra + penalty, size)

    def _is_sole_argument(self) -> bool:
        """Whether a generator's parentheses are those of the call that it is the argument of."""
        if self.parent is None or not isinstance(self.parent.node, ast.Call) or self.field != "args":
            return False
        source = self.subject.source
        return not source.data[source.span(self.parent.node.func)[1] : source.span(self.node)[0]].strip(
            b" \t)"
        )

    def _penalty(self, new: Fragment) -> float | None:
        """What makes a replacement unlikely where it stands; None for one that cannot be meant."""
        penalty = 1.4 if new.constant and not _is_constant(self.node) else 0.0
        parent = self.parent.node if self.parent else None
        if isinstance(parent, ast.Compare) and len(parent.ops) == 1:
            other = parent.left if self.field == "comparators" else parent.comparators[0]
            if self.subject.fragment(other).key == new.key:
                return None
        elif isinstance(parent, ast.BinOp) and not isinstance(parent.op, (ast.Mult, ast.Add)):
            other = parent.left if self.field == "right" else parent.right
            penalty += 2.5 if self.subject.fragment(other).key == new.key else 0.0
        elif isinstance(parent, ast.BoolOp):
            if any(self.subject.fragment(each).key == new.key for each in parent.values):
                return None
        elif isinstance(parent, ast.Call) and self.field == "args":
            penalty += 1.2 if any(self.subject.fragment(each).key == new.key for each in parent.args) else 0.0
        elif isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            if self.field == "value" and self.subject.fragment(parent.targets[0]).key == new.key:
                return None
            if self.field == "targets" and self.subject.fragment(parent.value).key == new.key:
                return None
        return penalty


@attrs.define(eq=False)
class Subject:
    """The target with everything that the operators ask about it."""

    source: Source
    task: Task
    root: Function
    owner: ast.ClassDef | None
    """The class of a method."""
    kinds: Kinds
    sites: list[Site] = attrs.field(factory=list)
    scopes: list[Scope] = attrs.field(factory=list)
    by_node: dict[int, Site] = attrs.field(factory=dict)
    """Sites by the identity of their nodes."""
    ingredients: list[Ingredient] = attrs.field(factory=list)
    available: dict[frozenset[str], list[Ingredient]] = attrs.field(factory=dict)
    """Ingredients by the set of variables that hold something; filled as it is asked for."""
    conditions: dict[frozenset[str], list[tuple[Fragment, float]]] = attrs.field(factory=dict)
    """Simple conditions by the same."""

    @cached_property
    def end(self) -> int:
        """The offset after the target's last byte."""
        return self.source.span(self.root)[1]

    @cached_property
    def flow(self) -> Flow:
        """What seems to be forgotten in how the target uses its variables."""
        return flow_of(self.root)

    @property
    def failure(self) -> Failure:
        return self.task.failure

    @cached_property
    def exception(self) -> str:
        """The failure's exception type without its module."""
        return self.failure.exception.rpartition(".")[2]

    @cached_property
    def test_literals(self) -> list[Any]:
        """Strings and numbers that the failing tests hold."""
        return test_literals(self.task)

    def site(self, node: ast.AST) -> Site:
        """The site of a node of the target.

        Raises:
            KeyError: the node is none that may change, such as one inside a nested class.
        """
        return self.by_node[id(node)]

    def fragment(self, node: ast.AST) -> Fragment:
        """A node's own text as a fragment; on one line, so that it may stand anywhere."""
        text = self.source.segment(node)
        if "\n" in text or "\r" in text:
            text = ast.unparse(node)
        if not isinstance(node, ast.expr):
            return Fragment(text, Level.NAMED)
        return Fragment(text, f.level_of(node, text), size_of(node), _is_constant(node))

    @cached_property
    def module_functions(self) -> dict[str, int]:
        """Functions of the module (the target among them) with their number of positional parameters."""
        return {
            each.name: len(each.args.posonlyargs) + len(each.args.args)
            for each in [*self.source.tree.body, *(scope.node for scope in self.scopes)]
            if isinstance(each, FUNCTIONS) and not (self.owner and each is self.root)
        }

    @cached_property
    def module_names(self) -> tuple[str, ...]:
        """Names that the module binds at its top level."""
        names: list[str] = []
        for each in self.source.tree.body:
            if isinstance(each, (ast.Import, ast.ImportFrom)):
                names += [(alias.asname or alias.name).split(".")[0] for alias in each.names]
            elif isinstance(each, (*FUNCTIONS, ast.ClassDef)):
                names.append(each.name)
            elif isinstance(each, (ast.Assign, ast.AnnAssign)):
                targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                names += [
                    node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
                ]
        return tuple(dict.fromkeys(names))

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of the class's methods and of the attributes that its methods set on ``self``."""
        if self.owner is None:
            return ()
        names = [each.name for each in self.owner.body if isinstance(each, FUNCTIONS)]
        for node in ast.walk(self.owner):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
            ):
                if isinstance(node.ctx, ast.Store):
                    names.append(node.attr)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.append(node.target.id)
        return tuple(dict.fromkeys(names))

    def is_global(self, identifier: str) -> bool:
        """Whether a name is there without any function binding it."""
        return identifier in BUILTINS or identifier in self.module_names


def _is_constant(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) or (isinstance(node, (ast.List, ast.Tuple)) and not node.elts)
