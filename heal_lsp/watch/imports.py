"""What a Python file imports, read from its text whether or not the text is whole.

Only the import statements are parsed: a syntax error elsewhere does not matter, and a large workspace is read
in a fraction of the time that parsing it would take.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import attrs

_LITERAL = r"""(?P<quote>["'])(?P<name>\.*[^\W\d][\w.]*)(?P=quote)"""
_LOADERS = (
    "import_module",
    "__import__",
    "importorskip",
    "run_module",
    "patch",
    r"patch\.dict",
    r"patch\.multiple",
    "setattr",
    "delattr",
)
_AFTER_LOADER = "|".join(rf"(?<=\b{name}\()" for name in _LOADERS)
_REST_OF_LINE = r"(?:\\\n|[^\n;#(])"
# It starts with one set of characters, so that the search runs through all others at full speed.
_PARTS = re.compile(
    r"[\"'#\n;:(](?:"
    r"(?P<long>(?<=\")\"\"|(?<=')'')"
    r"|(?<=\")[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"?|(?<=')[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
    r"|(?<=#)[^\n]*"
    r"|(?<=[\n;:])[ \t]*(?P<statement>"
    rf"from\b{_REST_OF_LINE}+?\bimport\b[ \t]*(?:\((?:[^()#]|#[^\n]*)*\)|{_REST_OF_LINE}+)"
    rf"|import[ \t\\]{_REST_OF_LINE}+"
    r"|from[ \t]+[.\w]+)"
    rf"|(?:{_AFTER_LOADER})\s*{_LITERAL}"
    r"|(?<=\n)pytest_plugins\b[^=\n]*\+?=\s*(?P<plugins>\[[^\]]*\]|\([^)]*\)|[^\n]*)"
    r")",
    re.DOTALL,
)
_ENDS = {
    quote: re.compile(
        rf"[^{quote[0]}\\]*(?:(?:\\.|{quote[0]}(?!{quote[1:]}))[^{quote[0]}\\]*)*{quote}", re.DOTALL
    )
    for quote in ('"""', "'''")
}
_ANY_LITERAL = re.compile(_LITERAL)
_NAME = r"[A-Za-z_]\w*"
_DOTTED = rf"{_NAME}(?:\.{_NAME})*"
_ITEM = rf"{_DOTTED}(?:[ \t]+as[ \t]+{_NAME})?"
_SIMPLE = re.compile(
    rf"[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>{_DOTTED})?[ \t]+)?import[ \t]+"
    rf"(?P<names>{_ITEM}(?:[ \t]*,[ \t]*{_ITEM})*)[ \t]*\Z",
    re.ASCII,
)
_FROM = re.compile(r"\s*from\s+(?P<dots>\.*)\s*(?P<module>[\w.]*)")


@attrs.frozen
class Import:
    """``from`` ``level`` dots ``module`` ``import names``; a plain import has no names.

    ``guess`` marks a dotted name that may go beyond the module, to something inside it.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0
    guess: bool = False


@attrs.frozen
class Facts:
    """What the text of one file says."""

    imports: tuple[Import, ...] = ()
    doctests: bool = False


def read_facts(text: str) -> Facts:
    """The imports of a text, those in functions included, and whether it has doctests. Never raises."""
    found: list[Import] = []
    for part in _parts("\n" + text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")):
        if statement := part["statement"]:
            found += _statement(statement)
        elif name := part["name"]:
            found.append(_named(name))
        elif plugins := part["plugins"]:
            found += [_named(each["name"]) for each in _ANY_LITERAL.finditer(plugins)]
    return Facts(tuple(dict.fromkeys(found)), ">>>" in text)


def _parts(text: str) -> Iterator[re.Match[str]]:
    """Everything that may be an import, none of it inside a string or a comment."""
    unfinished: set[str] = set()
    position = 0
    while part := _PARTS.search(text, position):
        position = part.end()
        quote = part[0]
        if not part["long"]:
            yield part
        elif quote not in unfinished:
            if end := _ENDS[quote].match(text, position):
                position = end.end()
            else:
                unfinished.add(quote)  # being typed: what follows is still worth reading


def _statement(source: str) -> list[Import]:
    if (simple := _SIMPLE.match(source)) is not None:
        # nearly all are of this form, and parsing takes twenty times as long
        names = tuple(each.split()[0] for each in simple["names"].split(","))
        if simple["dots"] is None:
            return [Import(each) for each in names]
        return [Import(simple["module"] or "", names, len(simple["dots"]))]
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        match = _FROM.match(source)  # half typed
        return [Import(match["module"], (), len(match["dots"]))] if match else []
    found: list[Import] = []
    for node in body:
        if isinstance(node, ast.Import):
            found += [Import(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(Import(node.module or "", tuple(alias.name for alias in node.names), node.level))
    return found


def _named(name: str) -> Import:
    module = name.lstrip(".")
    return Import(module, (), len(name) - len(module), guess=True)
