"""What exceptions ask for: a missing import or ``self``, a guard against None, a cast, another handler."""

from __future__ import annotations

import ast
import re
import sys

from heal_lsp.proposers.search import blocks
from heal_lsp.proposers.search import fragment as f
from heal_lsp.proposers.search.draft import Draft, Drafts, operator
from heal_lsp.proposers.search.pool import is_value
from heal_lsp.proposers.search.subject import Site
from heal_lsp.proposers.search.trees import is_docstring

_HOMES: dict[str, str] = {
    "deque": "collections", "defaultdict": "collections", "Counter": "collections",
    "OrderedDict": "collections",
    "namedtuple": "collections", "reduce": "functools", "lru_cache": "functools", "partial": "functools",
    "wraps": "functools", "cmp_to_key": "functools", "sqrt": "math", "ceil": "math", "floor": "math",
    "gcd": "math",
    "pi": "math", "inf": "math", "log": "math", "prod": "math", "isclose": "math",
    "permutations": "itertools",
    "combinations": "itertools", "product": "itertools", "chain": "itertools", "groupby": "itertools",
    "accumulate": "itertools", "zip_longest": "itertools", "islice": "itertools", "heappush": "heapq",
    "heappop": "heapq", "heapify": "heapq", "List": "typing", "Optional": "typing", "Dict": "typing",
    "Any": "typing",
    "Tuple": "typing", "Union": "typing", "Callable": "typing", "Iterator": "typing", "bisect_left": "bisect",
    "bisect_right": "bisect", "insort": "bisect", "deepcopy": "copy", "dataclass": "dataclasses",
    "field": "dataclasses",
    "Path": "pathlib", "Decimal": "decimal", "Fraction": "fractions", "Enum": "enum", "timedelta": "datetime",
    "date": "datetime", "timezone": "datetime", "mean": "statistics", "median": "statistics",
    "suppress": "contextlib",
    "contextmanager": "contextlib", "randint": "random", "itemgetter": "operator", "attrgetter": "operator",
    "StringIO": "io", "dedent": "textwrap", "sleep": "time", "ABC": "abc",
}  # fmt: skip
_NAMED = re.compile(r"(?:name|variable) '(\w+)'")
_CASTABLE = (
    "BinOp.left",
    "BinOp.right",
    "Call.args",
    "Subscript.slice",
    "Compare.left",
    "Compare.comparators",
)


@operator("import", 0.3, ast.FunctionDef, ast.AsyncFunctionDef)
def missing_import(site: Site) -> Drafts:
    """The import of a name that a NameError missed, at the top of the file."""
    subject = site.subject
    named = _NAMED.search(subject.failure.message)
    if subject.exception != "NameError" or named is None or site.node is not subject.root:
        return
    name = named.group(1)
    lines = [f"from {_HOMES[name]} import {name}"] if name in _HOMES else []
    if name in sys.stdlib_module_names:
        lines.append(f"import {name}")
    if name == "datetime":
        lines.append("from datetime import datetime")
    start = _import_place(site)
    for rank, line in enumerate(lines):
        text = line + subject.source.eol
        yield Draft.single(start, start, text, site.line, 0.1 * rank, note=f"add `{line}`")


def _import_place(site: Site) -> int:
    """Before the first statement that is neither the docstring nor an import from ``__future__``."""
    source = site.subject.source
    for index, node in enumerate(source.tree.body):
        is_text = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            return (
                source.offset(source.line(source.start(node)), 0) if node.lineno > 1 else source.start(node)
            )
    return len(source.data)


@operator("self", 0.9, ast.Name)
def missing_self(site: Site) -> Drafts:
    """``a`` → ``self.a``, where the class has such a member and nothing else is called so."""
    node, subject = site.node, site.subject
    assert isinstance(node, ast.Name)
    if subject.owner is None or "self" not in site.names or node.id not in subject.members:
        return
    bound = node.id in site.names or subject.is_global(node.id)
    if isinstance(node.ctx, ast.Load):
        yield site.replace(f.attribute(f.name("self"), node.id), 1.6 if bound else 0.0)
    elif isinstance(site.statement and site.statement.node, (ast.Assign, ast.AugAssign)):
        yield site.replace(f.attribute(f.name("self"), node.id), 0.8)


@operator("self-parameter", 1.0, ast.FunctionDef, ast.AsyncFunctionDef)
def self_parameter(site: Site) -> Drafts:
    """``def g(a)`` → ``def g(self, a)`` in a class."""
    node, subject = site.node, site.subject
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    if subject.owner is None or node is not subject.root or node.decorator_list:
        return
    names = [each.arg for each in [*node.args.posonlyargs, *node.args.args]]
    if names and names[0] in ("self", "cls", "mcs"):
        return
    source = subject.source
    opening = source.data.index(b"(", source.offset(node.lineno, node.col_offset)) + 1
    has_any = bool(names or node.args.vararg or node.args.kwonlyargs or node.args.kwarg)
    yield Draft.single(opening, opening, "self, " if has_any else "self", site.line)


@operator("none-guard", 2.6, ast.If, ast.While, ast.Return, ast.Assign, ast.For, ast.Expr, ast.AugAssign)
def none_guard(site: Site) -> Drafts:
    """``if a is None: return ...`` before a statement that failed on None, and the same in its condition."""
    if "NoneType" not in site.subject.failure.message or site.is_elif:
        return
    inner = blocks.deeper(site)
    for name in _dereferenced(site):
        if isinstance(site.node, (ast.If, ast.While)):
            test = site.subject.site(site.node.test)
            known = f.compare(f.name(name), "is not", f.literal(None))
            yield test.replace(f.boolean("and", [known, test.fragment]), -0.8)
            absent = f.compare(f.name(name), "is", f.literal(None))
            yield test.replace(f.boolean("or", [absent, test.fragment]), -0.7)
        for rank, value in enumerate(_absent_values(site)):
            yield blocks.insert_before(site, f"if {name} is None:\n{inner}return{value}", 0.2 * rank)


def _dereferenced(site: Site) -> list[str]:
    """Variables of which a statement reads attributes or elements."""
    found: dict[str, None] = {}
    head = [each for each in site.subject.sites if each.statement is site]
    for each in head:
        node = each.node
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(
            node.value, (ast.Name, ast.Attribute)
        ):
            found[site.subject.fragment(node.value).text] = None
        elif isinstance(node, (ast.BinOp, ast.Compare)) and isinstance(node.left, ast.Name):
            found[node.left.id] = None
    return [name for name in found if name not in ("self", "cls")]


def _absent_values(site: Site) -> list[str]:
    found = dict.fromkeys(
        f" {site.subject.fragment(each.node.value).text}"
        for each in site.subject.sites
        if isinstance(each.node, ast.Return)
        and isinstance(each.node.value, (ast.Constant, ast.List, ast.Dict))
        and each.scope is site.scope
    )
    return list(dict.fromkeys([*found, "", " False", " 0", " []", " ''"]))


@operator("cast", 1.8, ast.expr)
def cast(site: Site) -> Drafts:
    """``a`` → ``str(a)``, ``int(a)``, ``float(a)``, ``list(a)``: what a TypeError or ValueError asks for."""
    subject = site.subject
    if subject.exception != "TypeError" or not is_value(site) or not isinstance(site.node, ast.expr):
        return
    if site.role not in _CASTABLE or isinstance(site.node, (ast.Starred, ast.Slice, ast.JoinedStr)):
        return
    message = subject.failure.message
    text = "str" in message
    for rank, called in enumerate(("str", "int", "float", "list", "tuple")):
        likely = 0.0 if (called in message or (text and called == "int")) else 0.8
        yield site.replace(f.call(called, site.fragment), likely + 0.1 * rank)


@operator("or-default", 2.9, ast.expr)
def or_default(site: Site) -> Drafts:
    """``a`` → ``a or 0``, ``a or []``, ``a or ''``, where None got in."""
    if "NoneType" not in site.subject.failure.message or not is_value(site):
        return
    if isinstance(site.node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        for rank, value in enumerate((f.literal(0), f.listed(), f.literal(""), f.name("{}"))):
            yield site.replace(f.boolean("or", [site.fragment, value]), 0.15 * rank)


@operator("caught", 2.4, ast.Try)
def caught(site: Site) -> Drafts:
    """``except A`` → ``except B``, with ``B`` the exception that came through."""
    node, raised = site.node, site.subject.exception
    assert isinstance(node, ast.Try)
    if not raised.isidentifier() or raised in ("AssertionError", "SyntaxError", "Failed"):
        return
    for handler in node.handlers:
        if handler.type is not None and site.subject.source.segment(handler.type) != raised:
            start, end = site.subject.source.span(handler.type)
            both = f"({site.subject.source.segment(handler.type).strip('()')}, {raised})"
            yield Draft.single(start, end, both, site.line)
            yield Draft.single(start, end, raised, site.line, 0.2)


@operator("mutable-default", 2.6, ast.FunctionDef, ast.AsyncFunctionDef)
def mutable_default(site: Site) -> Drafts:
    """``def g(a=[])`` → ``def g(a=None)`` and ``if a is None: a = []``."""
    node, source = site.node, site.subject.source
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    plain = [*node.args.posonlyargs, *node.args.args]
    start = 1 if is_docstring(node.body[0]) and len(node.body) > 1 else 0
    if isinstance(node.body[start], ast.ClassDef):
        return
    first = site.subject.site(node.body[start])
    inner = blocks.deeper(site)
    for argument, default in zip(
        plain[len(plain) - len(node.args.defaults) :], node.args.defaults, strict=True
    ):
        if isinstance(default, (ast.List, ast.Dict, ast.Set)):
            text = source.segment(default)
            added = blocks.insert_before(first, f"if {argument.arg} is None:\n{inner}{argument.arg} = {text}")
            if added is not None:
                changed = Draft.single(*source.span(default), "None", site.line)
                yield Draft(
                    (*changed.edits, *added.edits), first.line, note=f"`{argument.arg}={text}` → `None`"
                )


FAMILY = (
    missing_import, missing_self, self_parameter, none_guard, cast, or_default, caught, mutable_default,
)  # fmt: skip
