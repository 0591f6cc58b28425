"""The examples of docstrings and text files that a doctest id names."""

from __future__ import annotations

import ast
import doctest

import attrs

from heal_lsp.analysis.sources import Module, Sources, is_doctest
from heal_lsp.core.model import Target
from heal_lsp.core.syntax import definitions


@attrs.frozen(eq=False)
class Examples:
    """A docstring or text file with examples: its text, the line it starts on, the function that holds it.

    ``module`` is where the names of the examples are looked up.
    """

    module: Module
    text: str
    line: int
    holder: Target | None

    def parsed(self) -> list[doctest.Example]:
        """The examples; their ``lineno`` counts from 0 within the text."""
        return _parsed(self.text)


def examples(sources: Sources, test: str) -> Examples | None:
    """The examples that a doctest id names."""
    path, _, dotted = test.partition("::")
    module = sources.module(path)
    if module is None or not is_doctest(test):
        return None
    if module.tree is None or not path.endswith(".py"):
        program = sources.reading(path, "".join(each.source for each in _parsed(module.text)))
        return Examples(program, module.text, 1, None)
    for names, node in _documented(module.tree):
        if dotted == names or dotted.endswith("." + names):
            return _of_node(module, node)
    return _of_node(module, module.tree)


def _parsed(text: str) -> list[doctest.Example]:
    try:
        return doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []


def _documented(tree: ast.Module) -> list[tuple[str, ast.AST]]:
    """Functions and classes by dotted name, the longest name first."""
    found: list[tuple[str, ast.AST]] = [
        (each.qualname, each.node) for each in definitions(tree) if not each.local
    ]
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, prefix = stack.pop()
        for each in getattr(node, "body", []):
            if isinstance(each, ast.ClassDef):
                found.append((prefix + each.name, each))
                stack.append((each, f"{prefix}{each.name}."))
    return sorted(found, key=lambda pair: -len(pair[0]))


def _of_node(module: Module, node: ast.AST) -> Examples | None:
    body = getattr(node, "body", [])
    first = body[0] if body else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    if not isinstance(first.value.value, str):
        return None
    return Examples(module, first.value.value, first.lineno, module.target_of(node))


def source(sources: Sources, test: str) -> str:
    """The text of the examples, or the empty string."""
    found = examples(sources, test)
    if found is None:
        return ""
    return "\n".join(f">>> {each.source.rstrip()}\n{each.want.rstrip()}" for each in found.parsed())
