"""Explaining a failure, and hiding it."""

from __future__ import annotations

from typing import Any

from heal_lsp.core.explain import headline
from heal_lsp.lsp.arguments import FailureArgs
from heal_lsp.lsp.failures import Known
from heal_lsp.lsp.folders import Folder
from heal_lsp.lsp.pygls_compat import Refusal
from heal_lsp.lsp.state import State

MAX_SUSPECTS = 3
MAX_VALUES = 4


class Explaining:
    """Answers what is known of a failure."""

    def __init__(self, state: State) -> None:
        self._state = state

    def explain(self, args: FailureArgs) -> dict[str, Any]:
        """Show what failed, where it leads and how that was concluded.

        Raises:
            Refusal: the arguments point at no known failure.
        """
        folder, known = self._find("heal.explain", args)
        text = explanation(known, self._state.painter(folder).stale(known))
        self._state.client.show(text)
        return {"outcome": "explained", "message": text}

    def ignore(self, args: FailureArgs) -> dict[str, Any]:
        """Hide a failure until its test passes.

        Raises:
            Refusal: the arguments point at no known failure.
        """
        folder, known = self._find("heal.ignoreFailure", args)
        self._state.board(folder).ignore(known.key)
        self._state.publish(folder)
        return {"outcome": "ignored", "failure": known.key}

    def _find(self, command: str, args: FailureArgs) -> tuple[Folder, Known]:
        for folder in self._state.folders.all():
            if args.failure and (known := self._state.board(folder).get(args.failure)) is not None:
                return folder, known
        place = self._state.folders.place(args.uri)
        if place is not None and args.line is not None:
            for shown in self._state.painter(place.folder).paint(place.path):
                here = shown.diagnostic.range
                if here.start.line <= args.line <= here.end.line:
                    return place.folder, shown.failures[0]
        raise Refusal(f"{command}: no failure is known there. Run the tests to see what fails now.")


def explanation(known: Known, stale: bool) -> str:
    """What is known of a failure, in a few sentences."""
    failure, target = known.failure, known.target
    what = failure.test or " ".join(failure.command) or failure.path
    parts = [f"{what} failed at {failure.path}:{failure.line}: {headline(failure, 400)}."]
    if failure.values:
        parts.append(
            "Values: "
            + ", ".join(f"{each.name} = {each.text[:60]}" for each in failure.values[:MAX_VALUES])
            + "."
        )
    if target is not None and known.healable:
        parts.append(f"The function under suspicion is `{target.name}` ({target.path}:{target.line}).")
    if known.reason:
        parts.append(known.reason)
    if lines := sorted(known.suspects, key=lambda each: -each.score)[:MAX_SUSPECTS]:
        parts.append("Lines to look at: " + ", ".join(f"{each.path}:{each.line}" for each in lines) + ".")
    if target is not None and not known.healable:
        parts.append(
            "The code at fault is not in a function; only functions are repaired, so mend it by hand."
        )
    if target is None and not known.reason:
        parts.append("No function of the workspace was found behind it.")
    if stale:
        parts.append("The code changed since; run the tests again to see whether it still fails.")
    return " ".join(parts)
