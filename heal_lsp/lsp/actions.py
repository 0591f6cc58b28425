"""Code actions. They are answered from memory: nothing is run, read from a disk twice, or parsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsprotocol import types as lsp

from heal_lsp.core.model import Target
from heal_lsp.lsp.diagnostics import SOURCE, Painter, Shown
from heal_lsp.lsp.failures import Board, Known

HEAL = "heal.healFunction"
EXPLAIN = "heal.explain"
IGNORE = "heal.ignoreFailure"

HEAL_KIND = "quickfix.heal"
EXPLAIN_KIND = "quickfix.heal.explain"
IGNORE_KIND = "quickfix.heal.ignore"
KINDS = [HEAL_KIND]


def actions(
    path: str,
    uri: str,
    place: lsp.Range,
    context: lsp.CodeActionContext,
    board: Board,
    painter: Painter,
    *,
    disabled: str = "",
) -> list[lsp.CodeAction]:
    """What can be done at a range of a file.

    What is there is looked up in our own diagnostics: some clients send none, or send them without their
    data. ``disabled`` is the reason why nothing can be healed now; empty when something can, or the client
    shows no reasons.
    """
    here = [each for each in painter.paint(path) if _overlap(each.diagnostic.range, place)]
    found: list[lsp.CodeAction] = []
    for target, failures in _targets(path, place, here, board, painter):
        shown = _matching(here, failures, context)
        action = _action(
            f"Heal function `{target.name}`",
            HEAL_KIND,
            HEAL,
            {"uri": uri, "line": place.start.line, "failure": failures[0].key},
            shown,
        )
        if disabled:
            action.disabled = lsp.CodeActionDisabled(reason=disabled)
        found.append(action)
    for known in _failures(here):
        name = (known.failure.test or known.failure.path).rpartition("::")[2]
        arguments = {"uri": uri, "line": place.start.line, "failure": known.key}
        shown = _matching(here, (known,), context)
        found.append(_action(f"Explain the failure of {name}", EXPLAIN_KIND, EXPLAIN, arguments, shown))
        found.append(_action(f"Ignore this failure of {name}", IGNORE_KIND, IGNORE, arguments, shown))
    return [each for each in found if _wanted(str(each.kind), context.only)]


def _targets(
    path: str, place: lsp.Range, here: Sequence[Shown], board: Board, painter: Painter
) -> list[tuple[Target, tuple[Known, ...]]]:
    """The functions to offer: those of the diagnostics at the range, and those whose lines hold it."""
    at_range = {known.key for each in here for known in each.failures}
    found = []
    for spot in board.spots():
        if not spot.failures[0].healable:
            continue
        named = tuple(each for each in spot.failures if each.key in at_range)
        inside = False
        if spot.target.path == path:
            first, last = painter.target_lines(spot.failures[0], spot.target)
            inside = first <= place.end.line and place.start.line <= last
        if named or inside:
            found.append((spot.target, named or spot.failures))
    return found


def _failures(here: Iterable[Shown]) -> list[Known]:
    return list({known.key: known for each in here for known in each.failures[:1]}.values())


def _matching(
    here: Sequence[Shown], failures: Sequence[Known], context: lsp.CodeActionContext
) -> list[lsp.Diagnostic]:
    """The client's own diagnostics that an action is about, else ours."""
    keys = {each.key for each in failures}
    ours = [each.diagnostic for each in here if keys & {known.key for known in each.failures}]
    theirs = [each for each in context.diagnostics if each.source == SOURCE]
    matching = [each for each in theirs if any(each.range == own.range for own in ours)]
    return matching or ours


def _action(
    title: str, kind: str, command: str, arguments: dict[str, object], diagnostics: list[lsp.Diagnostic]
) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=title,
        kind=kind,
        diagnostics=diagnostics or None,
        command=lsp.Command(title=title, command=command, arguments=[arguments]),
    )


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Kinds form a tree: asking for ``quickfix`` is asking for everything below it."""
    return not only or any(each in ("", kind) or kind.startswith(f"{each}.") for each in map(_name, only))


def _name(kind: str) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else str(kind)


def _overlap(one: lsp.Range, other: lsp.Range) -> bool:
    """Whether two ranges share a line: a person means the line, wherever in it the cursor stands."""
    return one.start.line <= other.end.line and other.start.line <= one.end.line
