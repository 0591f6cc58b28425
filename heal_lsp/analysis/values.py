"""What an expression of a test stands for in the workspace: a small evaluator over syntax alone.

It follows imports, assignments, classes, fixtures and return values through the snapshot's texts. It knows
nothing of types from elsewhere; what it cannot follow has no value, and the caller asks jedi instead.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from heal_lsp.analysis.bindings import (
    assigned_before,
    assignments,
    is_local,
    last_assignment,
    last_definition,
    last_definition_before,
    parameter_names,
)
from heal_lsp.analysis.modules import Modules
from heal_lsp.analysis.sources import Module, Sources
from heal_lsp.analysis.spans import is_property_decorator
from heal_lsp.analysis.testcode import Scope, fixture, flat, is_fixture, parametrized, results
from heal_lsp.core.syntax import FunctionNode

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEPTH = 16
_STEPS = 20_000
"""Expressions that one evaluator looks at before it gives up; tests hold some hundreds."""


@attrs.frozen
class Function:
    """A function or method; ``owner`` is the class in whose body it stands."""

    module: Module
    node: FunctionNode
    owner: ast.ClassDef | None = None

    @property
    def scope(self) -> Scope:
        return Scope(self.module, self.node, self.owner)

    @property
    def is_property(self) -> bool:
        return self.owner is not None and any(
            is_property_decorator(ast.unparse(each)) for each in self.node.decorator_list
        )


@attrs.frozen
class Class:
    """A class."""

    module: Module
    node: ast.ClassDef


@attrs.frozen
class Instance:
    """An object of a class."""

    of: Class


@attrs.frozen
class Package:
    """A module or package by its path without ``.py``; it may be a plain folder."""

    path: str


Value = Function | Class | Instance | Package


class Evaluator:
    """Evaluates expressions in one workspace."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.modules = Modules(sources)
        self._depth = 0
        self._left = _STEPS

    def evaluate(self, node: ast.AST | None, scope: Scope) -> list[Value]:
        """The things an expression may stand for; empty when that cannot be told."""
        with self._deeper() as allowed:
            return self._evaluate(node, scope) if allowed else []

    @contextmanager
    def _deeper(self) -> Iterator[bool]:
        """One step down; False when it would be one too many."""
        self._depth += 1
        self._left -= 1
        try:
            yield self._depth <= _DEPTH and self._left >= 0
        finally:
            self._depth -= 1

    def _evaluate(self, node: ast.AST | None, scope: Scope) -> list[Value]:
        if isinstance(node, ast.Name):
            return self.name(node.id, scope, node.lineno)
        if isinstance(node, ast.Attribute):
            return [
                found
                for value in self.evaluate(node.value, scope)
                for member in self.member(value, node.attr)
                for found in self._read(value, member)
            ]
        if isinstance(node, ast.Call):
            return [found for each in self.evaluate(node.func, scope) for found in self.called(each)]
        if isinstance(node, (ast.Await, ast.Starred, ast.NamedExpr)):
            return self.evaluate(node.value, scope)
        if isinstance(node, ast.IfExp):
            return [*self.evaluate(node.body, scope), *self.evaluate(node.orelse, scope)]
        if isinstance(node, ast.BoolOp):
            return [found for each in node.values for found in self.evaluate(each, scope)]
        return []

    def called(self, value: Value) -> list[Value]:
        """What calling a value gives."""
        if isinstance(value, Class):
            return [Instance(value)]
        if isinstance(value, Instance):
            return [found for each in self.member(value, "__call__") for found in self.called(each)]
        if isinstance(value, Function):
            if value.node.returns is not None:
                of = [each for each in self._annotation(value.node.returns, value) if isinstance(each, Class)]
                if of:
                    return [Instance(each) for each in of]
            return [found for each in results(value.node) for found in self.evaluate(each, value.scope)]
        return []

    def _annotation(self, node: ast.expr, function: Function) -> list[Value]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return []
        return self.evaluate(node, Scope(function.module))

    def _read(self, value: Value, member: Value) -> list[Value]:
        """Reading a property off an object gives what the property returns."""
        if isinstance(value, Instance) and isinstance(member, Function) and member.is_property:
            return self.called(member)
        return [member]

    def member(self, value: Value, name: str) -> list[Value]:
        """An attribute of a value, a property as its function."""
        if isinstance(value, Package):
            return self._package_member(value, name)
        if isinstance(value, Class):
            return self._class_member(value, name)
        if isinstance(value, Instance):
            return self._class_member(value.of, name) or self._assigned_to_self(value.of, name)
        return []

    def _class_member(self, of: Class, name: str) -> list[Value]:
        if found := last_definition(of.node.body, name):
            return [_as_value(found, of.module, of.node)]
        if assigned := last_assignment(of.node.body, name):
            return self.evaluate(assigned, Scope(of.module))
        for base in self._bases(of):
            with self._deeper() as allowed:
                if allowed and (inherited := self._class_member(base, name)):
                    return inherited
        return []

    def _bases(self, of: Class) -> Iterator[Class]:
        for base in of.node.bases:
            for each in self.evaluate(base, Scope(of.module)):
                if isinstance(each, Class) and each.node is not of.node:
                    yield each

    def _assigned_to_self(self, of: Class, name: str) -> list[Value]:
        for method in flat(of.node.body):
            if not isinstance(method, _FUNCTIONS):
                continue
            for statement in flat(method.body):
                for target, value in assignments(statement):
                    own = isinstance(target, ast.Attribute) and _is_self(target.value) and target.attr == name
                    found = self.evaluate(value, Scope(of.module, method, of.node)) if own else []
                    if found:
                        return found
        with self._deeper() as allowed:
            bases = self._bases(of) if allowed else ()
            return [found for base in bases for found in self._assigned_to_self(base, name)]

    def leads_outside(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an expression without a value starts at a built-in or an import from elsewhere."""
        while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript, ast.Await)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if not isinstance(node, ast.Name):
            return isinstance(node, (ast.Constant, ast.JoinedStr))
        if scope.function is not None and is_local(scope.function, node.id):
            return False
        body = scope.module.tree.body if scope.module.tree is not None else []
        if last_assignment(body, node.id) is not None:
            return False
        return not (
            self.name(node.id, scope, node.lineno) or self._is_imported_from_here(node.id, scope.module)
        )

    def name(self, name: str, scope: Scope, line: int) -> list[Value]:
        """What a name stands for where it is read."""
        if scope.function is not None:
            if _is_self(ast.Name(name)) and scope.owner is not None:
                of = Class(scope.module, scope.owner)
                return [of] if name == "cls" else [Instance(of)]
            if local := last_definition_before(scope.function.body, name, line):
                return [_as_value(local, scope.module, None)]
            if assigned := assigned_before(scope.function, name, line):
                return self.evaluate(assigned, scope)
            if name in parameter_names(scope.function):
                return self._parameter(name, scope)
        return self._global(name, scope.module)

    def _parameter(self, name: str, scope: Scope) -> list[Value]:
        if values := parametrized(scope, name):
            return [found for each in values for found in self.evaluate(each, Scope(scope.module))]
        function = scope.function
        if function is not None and (function.name.startswith("test") or is_fixture(function)):
            source = fixture(self._sources, scope, name)
            if source is not None and source.function is not None:
                return [found for each in results(source.function) for found in self.evaluate(each, source)]
        for each in (
            *(function.args.args if function else ()),
            *(function.args.kwonlyargs if function else ()),
        ):
            if each.arg == name and each.annotation is not None:
                found = self.evaluate(each.annotation, Scope(scope.module))
                return [Instance(value) for value in found if isinstance(value, Class)]
        return []

    def _global(self, name: str, module: Module) -> list[Value]:
        if module.tree is None:
            return []
        body = module.tree.body
        if found := last_definition(body, name):
            return [_as_value(found, module, None)]
        if assigned := last_assignment(body, name):
            return self.evaluate(assigned, Scope(module))
        return self._imported(name, module, body)

    def _imported(self, name: str, module: Module, body: list[ast.stmt]) -> list[Value]:
        stars: list[str] = []
        for statement in module.imports:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if name == (alias.asname or alias.name.partition(".")[0]):
                        dotted = alias.name if alias.asname else name
                        return self._module(dotted, module.path, 0)
            else:
                dotted = statement.module or ""
                for alias in statement.names:
                    if alias.name == "*":
                        stars.append("." * statement.level + dotted)
                    elif name == (alias.asname or alias.name):
                        packages = self._module(dotted, module.path, statement.level)
                        return [found for each in packages for found in self.member(each, alias.name)]
        for star in stars:
            plain = star.lstrip(".")
            for package in self._module(plain, module.path, len(star) - len(plain)):
                if found := self.member(package, name):
                    return found
        return []

    def _is_imported_from_here(self, name: str, module: Module) -> bool:
        """Whether some import of a file may give it the name from a module of the workspace."""
        return any(
            self.modules.find(statement.module or "", module.path, statement.level) is not None
            for statement in module.imports
            if isinstance(statement, ast.ImportFrom)
            and any(alias.name == "*" or name == (alias.asname or alias.name) for alias in statement.names)
        )

    def _package_member(self, package: Package, name: str) -> list[Value]:
        with self._deeper() as allowed:
            for module in self.modules.texts(package.path) if allowed else ():
                if found := self._global(name, module):
                    return found
        below = posixpath.join(package.path, name)
        return [Package(below)] if self.modules.exists(below) else []

    def _module(self, dotted: str, importer: str, level: int) -> list[Value]:
        path = self.modules.find(dotted, importer, level)
        return [] if path is None else [Package(path)]


def _as_value(node: FunctionNode | ast.ClassDef, module: Module, owner: ast.ClassDef | None) -> Value:
    if isinstance(node, ast.ClassDef):
        return Class(module, node)
    return Function(module, node, owner)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")
