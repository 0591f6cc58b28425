"""Which types an expression may have, by what the text of the function and its tests shows. Nothing runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

NUMBERS = frozenset({"int", "float"})
SEQUENCES = frozenset({"list", "str", "tuple"})
CONTAINERS = frozenset({"list", "str", "tuple", "dict", "set"})
NOTHING: frozenset[str] = frozenset()

_CALLS: dict[str, str] = {
    "len": "int", "int": "int", "ord": "int", "range": "range", "str": "str", "repr": "str", "chr": "str",
    "bin": "str",
    "hex": "str", "list": "list", "sorted": "list", "set": "set", "dict": "dict", "tuple": "tuple",
    "float": "float",
    "bool": "bool", "isinstance": "bool", "any": "bool", "all": "bool", "round": "int", "deque": "deque",
    "Counter": "dict", "defaultdict": "dict", "OrderedDict": "dict", "enumerate": "enumerate", "zip": "zip",
    "reversed": "reversed", "map": "map", "filter": "filter", "hash": "int", "input": "str",
    "frozenset": "set",
}  # fmt: skip
_METHODS: dict[str, str] = {
    "lower": "str", "upper": "str", "strip": "str", "lstrip": "str", "rstrip": "str", "join": "str",
    "replace": "str",
    "title": "str", "format": "str", "swapcase": "str", "capitalize": "str", "zfill": "str", "split": "list",
    "splitlines": "list", "rsplit": "list", "find": "int", "index": "int", "count": "int", "rfind": "int",
    "startswith": "bool", "endswith": "bool", "isdigit": "bool", "isalpha": "bool", "isupper": "bool",
    "islower": "bool", "isspace": "bool", "isalnum": "bool", "issubset": "bool", "issuperset": "bool",
    "union": "set", "intersection": "set", "difference": "set", "encode": "bytes", "decode": "str",
}  # fmt: skip
_OWNERS: dict[str, str] = {
    "append": "list", "extend": "list", "sort": "list", "add": "set", "discard": "set", "items": "dict",
    "keys": "dict",
    "values": "dict", "setdefault": "dict", "lower": "str", "upper": "str", "split": "str", "strip": "str",
    "rfind": "str",
    "isdigit": "str", "startswith": "str", "endswith": "str", "popleft": "deque", "appendleft": "deque",
}  # fmt: skip
_ANNOTATIONS: dict[str, str] = {
    "int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "List": "list",
    "Sequence": "list",
    "dict": "dict", "Dict": "dict", "Mapping": "dict", "set": "set", "Set": "set", "tuple": "tuple",
    "Tuple": "tuple",
    "bytes": "bytes", "deque": "deque", "Iterable": "list", "frozenset": "set",
}  # fmt: skip


class Kinds:
    """Types by variable name, and the types of what the variables contain."""

    def __init__(self, samples: Mapping[str, Iterable[Any]]) -> None:
        self.names: dict[str, frozenset[str]] = {}
        self.elements: dict[str, frozenset[str]] = {}
        for name, values in samples.items():
            for value in values:
                self._add(name, frozenset({type(value).__name__}))
                if isinstance(value, (list, tuple, set, dict)):
                    inside = frozenset(type(each).__name__ for each in list(value)[:20])
                    self.elements[name] = self.elements.get(name, NOTHING) | inside

    def learn(self, function: ast.AST) -> None:
        """Read a function's annotations, defaults, assignments, loops and uses."""
        nodes = list(ast.walk(function))
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._learn_signature(node)
        for _ in range(3):
            for node in nodes:
                self._learn_binding(node)
        for node in nodes:
            self._learn_use(node)
        for node in nodes:
            self._learn_binding(node)

    def of(self, node: ast.AST) -> frozenset[str]:
        """The possible types of an expression; empty when nothing is known."""
        if isinstance(node, ast.Constant):
            return frozenset({type(node.value).__name__})
        if isinstance(node, ast.Name):
            return self.names.get(node.id, NOTHING)
        simple = _DISPLAYS.get(type(node))
        if simple is not None:
            return frozenset({simple})
        if isinstance(node, ast.Call):
            return self._of_call(node)
        if isinstance(node, ast.BinOp):
            return self._of_binary(node)
        if isinstance(node, ast.UnaryOp):
            return frozenset({"bool"}) if isinstance(node.op, ast.Not) else self.of(node.operand)
        if isinstance(node, ast.BoolOp):
            return _merge([self.of(each) for each in node.values])
        if isinstance(node, ast.IfExp):
            return _merge([self.of(node.body), self.of(node.orelse)])
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Slice):
                return self.of(node.value)
            return self.of_element(node.value)
        return NOTHING

    def of_element(self, node: ast.AST) -> frozenset[str]:
        """The possible types of what iterating over an expression, or indexing it, gives."""
        kinds = self.of(node)
        if kinds == {"str"}:
            return frozenset({"str"})
        if kinds == {"range"}:
            return frozenset({"int"})
        if isinstance(node, ast.Name):
            return self.elements.get(node.id, NOTHING)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return _merge([self.of(each) for each in node.elts])
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self.of_element(node.value)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return self.of(node.elt)
        if isinstance(node, ast.BinOp):
            return self.of_element(node.left) or self.of_element(node.right)
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name):
            kept = node.func.id in ("list", "sorted", "set", "reversed", "tuple", "deque")
            return self.of_element(node.args[0]) if kept else NOTHING
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            return frozenset({"str"})
        return NOTHING

    def _of_call(self, node: ast.Call) -> frozenset[str]:
        if isinstance(node.func, ast.Name):
            called = node.func.id
            if called in ("abs", "sum"):
                inside = self.of(node.args[0]) if called == "abs" and node.args else NOTHING
                return inside or frozenset({"int"})
            if called in ("min", "max"):
                if len(node.args) == 1:
                    return self.of_element(node.args[0])
                return _merge([self.of(each) for each in node.args])
            if called in _CALLS:
                return frozenset({_CALLS[called]})
            return self.names.get(f"{called}()", NOTHING)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "pop":
                return self.of_element(node.func.value)
            if node.func.attr in _METHODS:
                return frozenset({_METHODS[node.func.attr]})
        return NOTHING

    def _of_binary(self, node: ast.BinOp) -> frozenset[str]:
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(node.op, ast.Div):
            return frozenset({"float"}) if left <= NUMBERS and right <= NUMBERS else NOTHING
        if isinstance(node.op, ast.Mod) and left == {"str"}:
            return left
        if isinstance(node.op, ast.Mult) and (left | right) & SEQUENCES:
            return (left | right) & SEQUENCES
        if left and right:
            return (
                left
                if left == right
                else (left | right) - {"int"}
                if left | right <= NUMBERS
                else left | right
            )
        return (
            left
            or right
            or (frozenset({"int"}) if isinstance(node.op, (ast.FloorDiv, ast.BitAnd)) else NOTHING)
        )

    def _add(self, name: str, kinds: frozenset[str]) -> None:
        if kinds and kinds != {"NoneType"}:
            self.names[name] = self.names.get(name, NOTHING) | kinds

    def _learn_signature(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        spec = node.args
        self._add(node.name, frozenset({"function"}))
        plain = [*spec.posonlyargs, *spec.args]
        for argument in [*plain, *spec.kwonlyargs]:
            if argument.arg not in self.names:
                self._annotate(argument.arg, argument.annotation)
        for argument, default in zip(plain[len(plain) - len(spec.defaults) :], spec.defaults, strict=True):
            self._add(argument.arg, self.of(default))
        if node.returns is not None:
            self._annotate(f"{node.name}()", node.returns)

    def _annotate(self, name: str, annotation: ast.expr | None) -> None:
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
            inside = annotation.slice
            if annotation.value.id == "Optional":
                self._annotate(name, inside)
                return
            if isinstance(inside, ast.Name) and inside.id in _ANNOTATIONS:
                self.elements[name] = frozenset({_ANNOTATIONS[inside.id]})
            annotation = annotation.value
        if isinstance(annotation, ast.Name) and annotation.id in _ANNOTATIONS:
            self._add(name, frozenset({_ANNOTATIONS[annotation.id]}))

    def _learn_binding(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for each in ast.walk(node):
                if isinstance(each, ast.Return) and each.value is not None:
                    self._add(f"{node.name}()", self.of(each.value))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self._annotate(node.target.id, node.annotation)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._add(node.target.id, self.of(node.value) if node.target.id not in self.names else NOTHING)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._iterate(node.target, node.iter)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            holder = node.func.value
            if node.func.attr in ("append", "add", "appendleft") and isinstance(holder, ast.Name):
                inside = self.of(node.args[0])
                self.elements[holder.id] = self.elements.get(holder.id, NOTHING) | inside

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, self.of(value))
            inside = self.of_element(value)
            if inside and self.of(value) != {"str"}:
                self.elements[target.id] = self.elements.get(target.id, NOTHING) | inside
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            for one, other in zip(target.elts, value.elts, strict=True):
                self._bind(one, other)

    def _iterate(self, target: ast.expr, over: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, self.of_element(over))
        elif isinstance(target, ast.Tuple) and isinstance(over, ast.Call) and isinstance(over.func, ast.Name):
            if over.func.id == "enumerate" and len(target.elts) == 2 and over.args:
                if isinstance(target.elts[0], ast.Name):
                    self._add(target.elts[0].id, frozenset({"int"}))
                self._iterate(target.elts[1], over.args[0])
            elif over.func.id == "zip" and len(over.args) == len(target.elts):
                for one, other in zip(target.elts, over.args, strict=True):
                    self._iterate(one, other)

    def _learn_use(self, node: ast.AST) -> None:
        """What a name is used for tells its type, when nothing that binds it does."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                self._guess(node.func.value.id, _OWNERS.get(node.func.attr))
            elif isinstance(node.func, ast.Name) and node.func.id == "range":
                for each in node.args:
                    if isinstance(each, ast.Name):
                        self._guess(each.id, "int")
            elif isinstance(node.func, ast.Name):
                self._guess(node.func.id, "function")
        elif isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Add, ast.Mult)):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, ast.Name) and self.of(other) <= NUMBERS and self.of(other):
                    self._guess(one.id, "int")
        elif isinstance(node, (ast.BinOp, ast.Compare)):
            left = node.left
            right = node.right if isinstance(node, ast.BinOp) else node.comparators[0]
            for one, other in ((left, right), (right, left)):
                kinds = self.of(other)
                repeats = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
                if (
                    isinstance(one, ast.Name)
                    and len(kinds) == 1
                    and kinds <= NUMBERS | {"str"}
                    and not repeats
                ):
                    self._guess(one.id, next(iter(kinds)))
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            if isinstance(node.value, ast.Name):
                self._guess(node.value.id, "list")
            for bound in (node.slice.lower, node.slice.upper):
                if isinstance(bound, ast.Name):
                    self._guess(bound.id, "int")

    def _guess(self, name: str, kind: str | None) -> None:
        if kind is not None and name not in self.names:
            self._add(name, frozenset({kind}))


def compatible(one: frozenset[str], other: frozenset[str]) -> bool | None:
    """Whether one type can stand for another; None when one of them is not known."""
    if not one or not other:
        return None
    if (one == {"bool"}) != (other == {"bool"}):
        return False
    if one & other:
        return True
    return bool(one & (NUMBERS | {"bool"}) and other & NUMBERS)


def _merge(parts: Iterable[frozenset[str]]) -> frozenset[str]:
    return NOTHING.union(*parts) - {"NoneType"}


_DISPLAYS: dict[type[ast.AST], str] = {
    ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple", ast.JoinedStr: "str", ast.Compare: "bool", ast.GeneratorExp: "generator",
    ast.Lambda: "function",
}  # fmt: skip
